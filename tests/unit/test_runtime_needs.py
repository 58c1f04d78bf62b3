"""How long jobs are said to take: more than was measured, not absurdly more, and as sizes say."""

import json

import pytest

from bertology.perturbation import STEPS
from bertology.study.memory import MIB
from bertology.study.runtime import (
    SEARCH,
    START,
    perturbing_minutes,
    probing_minutes,
    reverting_minutes,
    running_minutes,
    training_minutes,
)
from described import describe_encoder

MINILM, BASE = (6, 384, 22_565_376), (12, 768, 109_482_240)
MNLI = {"train": (385_000, 30.0), "dev": (7_800, 30.0), "test": (9_815, 30.0)}


@pytest.fixture
def encoder(tmp_path):
    """A function that gives the folder of an encoder, with the header of its weights alone."""

    def write(size):
        layers, width, numbers = size
        return describe_encoder(tmp_path / f"{layers}-{width}", layers, width, 12, numbers)

    return write


@pytest.fixture
def data(tmp_path):
    """A function that gives the folder of a task's data: of each split, examples and mean words."""

    def write(**splits):
        folder = tmp_path / "-".join(str(number) for number, _ in splits.values())
        folder.mkdir(exist_ok=True)
        told = {
            name: {"prepared": number, "mean_words": words}
            for name, (number, words) in splits.items()
        }
        (folder / "summary.json").write_text(json.dumps({"splits": told}))
        return folder

    return write


@pytest.fixture
def of_bytes(tmp_path):
    """A function that gives a file of so many bytes in a folder of its own."""

    def write(number):
        file = tmp_path / str(number) / "file"
        file.parent.mkdir(exist_ok=True)
        with file.open("wb") as stream:
            stream.truncate(number)
        return file

    return write


def test_the_search_for_noise_has_as_many_steps_as_is_reckoned():
    assert SEARCH == STEPS


def test_what_was_measured_is_less_than_what_is_asked_for(encoder, data, of_bytes):
    """Processor time of the default study's jobs on one core of a CPU, in seconds."""
    questions = data(train=(1800, 51.34), dev=(200, 51.99), test=(500, 51.71))
    trees = data(train=(1400, 11.07), dev=(300, 10.91), test=(600, 11.19))
    for measured, folder, epochs in ((98, questions, 1), (46, trees, 2)):
        asked = training_minutes(encoder(MINILM), folder, epochs, gpus=0) - START
        assert measured < 60 * asked < 20 * measured
    asked = probing_minutes(of_bytes(78_094_055).parent, epochs=40, gpus=0) - START
    assert 30 < 60 * asked < 20 * 30


def test_the_paper_fits_into_a_day_of_a_slow_gpu_and_not_of_a_processor(encoder, data):
    asked = [training_minutes(encoder(BASE), data(**MNLI), 3, gpus) for gpus in (1, 0)]
    assert 60 < asked[0] < 24 * 60 < asked[1]


def test_a_small_job_asks_for_little_more_than_its_start(encoder, data, of_bytes):
    tiny, few = (2, 32, 1_000_000), data(train=(48, 10), dev=(16, 10), test=(24, 10))
    stimuli, cache = of_bytes(4000), of_bytes(MIB).parent
    for minutes in (
        training_minutes(encoder(tiny), few, 1, 0),
        reverting_minutes(encoder(tiny), few, 0),
        running_minutes(encoder(tiny), stimuli, 1, 0),
        perturbing_minutes(encoder(tiny), stimuli, 0),
        probing_minutes(cache, 1, 0),
    ):
        assert START < minutes <= START + 2


def test_more_of_everything_takes_longer(encoder, data, of_bytes):
    few, many = (data(train=(n, 30), dev=(n, 30), test=(n, 30)) for n in (10**4, 10**5))
    small, base = encoder(MINILM), encoder(BASE)
    short, long = of_bytes(10**9), of_bytes(10**10)
    for less, more in (
        (training_minutes(small, few, 1, 0), training_minutes(base, few, 1, 0)),
        (training_minutes(small, few, 1, 0), training_minutes(small, many, 1, 0)),
        (training_minutes(small, few, 1, 0), training_minutes(small, few, 2, 0)),
        (training_minutes(base, many, 1, 1), training_minutes(base, many, 1, 0)),
        (reverting_minutes(small, few, 0), reverting_minutes(base, few, 0)),
        (running_minutes(small, short, 1, 0), running_minutes(small, long, 1, 0)),
        (running_minutes(small, short, 1, 0), perturbing_minutes(small, short, 0)),
        (probing_minutes(short.parent, 10, 0), probing_minutes(long.parent, 10, 0)),
        (probing_minutes(short.parent, 10, 0), probing_minutes(short.parent, 100, 0)),
    ):
        assert less < more


def test_a_folder_that_is_not_there_yet_is_named(tmp_path, encoder):
    """By the error that Snakemake takes for an input that is still to be made."""
    later, there = tmp_path / "later", encoder(MINILM)
    for ask in (
        lambda: training_minutes(there, later, 1, 0),
        lambda: running_minutes(there, later, 1, 0),
        lambda: reverting_minutes(there, later, 0),
        lambda: probing_minutes(later, 1, 0),
    ):
        with pytest.raises(FileNotFoundError) as error:
            ask()
        assert error.value.filename == str(later)
