"""What jobs are said to need in memory: read off an encoder's files, enough, and not too much."""

import pytest
from transformers import AutoModel, FNetConfig

from architectures import CONFIGS, write_all
from bertology.encoders import layer_stack
from bertology.study.memory import (
    KEPT_COPIES,
    MIB,
    OTHERWISE,
    encoder_size,
    probing_mb,
    running_mb,
    training_disk_mb,
    training_mb,
)
from described import describe_encoder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("encoders"))


@pytest.mark.parametrize("name", CONFIGS)
def test_an_encoder_is_as_large_as_it_is_when_loaded(name, folders):
    encoder = AutoModel.from_pretrained(folders[name])
    size = encoder_size(folders[name])
    assert size.layers == len(layer_stack(encoder))
    numbers = sum(parameter.numel() for parameter in encoder.parameters())
    assert size.weights == pytest.approx(numbers * 4 / MIB)
    assert (size.width, size.heads) == (32, 4)


def test_an_encoder_without_heads_counts_as_a_large_one(tmp_path):
    config = FNetConfig(vocab_size=64, hidden_size=32, num_hidden_layers=3, intermediate_size=48)
    AutoModel.from_config(config).save_pretrained(tmp_path / "fnet")
    assert encoder_size(tmp_path / "fnet")[1:] == (3, 32, OTHERWISE["heads"])


def test_a_folder_that_is_not_there_yet_is_named(tmp_path):
    """By the error that Snakemake takes for an input that is still to be made."""
    later = tmp_path / "later"
    for ask in (
        lambda: training_mb(later, 8, 128, fixed_layers=False, gpus=0),
        lambda: training_disk_mb(later, 1),
        lambda: running_mb(later, 1, 128, 0, below="step-8"),
        lambda: probing_mb(later, 3, 0),
    ):
        with pytest.raises(FileNotFoundError) as error:
            ask()
        assert error.value.filename == str(later)


def test_a_probe_needs_more_for_a_larger_cache(tmp_path):
    (tmp_path / "layer_00.npy").write_bytes(bytes(3 * MIB))
    assert probing_mb(tmp_path, 2, 0) == probing_mb(tmp_path, 0, 0) + 6


@pytest.fixture
def described(tmp_path):
    """Give folders with the descriptions of encoders of known size, and the header alone."""

    def write(layers, width, heads, numbers):
        return describe_encoder(tmp_path / f"{layers}-{width}", layers, width, heads, numbers)

    return write


def test_what_was_measured_is_less_than_what_is_asked_for_and_more_than_a_quarter(described):
    """The peaks of the default study's jobs with MiniLM, in MiB."""
    minilm = described(6, 384, 12, 22_565_376)
    asked = {
        1286: training_mb(minilm, 8, 384, fixed_layers=False, gpus=0),
        972: running_mb(minilm, 1, 4096, 0),
        882: running_mb(minilm, 3, 4096, 0),
        770: running_mb(minilm, 4, 4096, 0),
        718: running_mb(minilm, 3, 8 * 384, 0),
    }
    for measured, allowed in asked.items():
        assert measured < allowed < 4 * measured


def test_tuning_on_real_text_takes_less_than_what_is_asked_for_and_more_than_half(described):
    """The peaks on MultiNLI and SQuAD, whose batches are full, in MiB: MiniLM and MPNet base."""
    minilm, mpnet = described(6, 384, 12, 22_565_376), described(12, 768, 12, 109_486_464)
    asked = {
        1926: training_mb(minilm, 16, 128, fixed_layers=False, gpus=0),
        3132: training_mb(minilm, 8, 256, fixed_layers=False, gpus=0),
        4756: training_mb(mpnet, 16, 128, fixed_layers=False, gpus=0),
        6684: training_mb(mpnet, 8, 256, fixed_layers=False, gpus=0),
    }
    for measured, allowed in asked.items():
        assert measured < allowed < 2 * measured


def test_on_a_gpu_jobs_ask_for_what_is_not_in_its_memory(described):
    """MPNet's largest job took 3.6 GiB of the machine's memory; larger batches take the GPU's."""
    mpnet = described(12, 768, 12, 109_486_464)
    for asked in (training_mb(mpnet, 32, 384, False, gpus=1), running_mb(mpnet, 1, 4096, gpus=1)):
        assert 3.6 * 1024 < asked < 2 * 3.6 * 1024
    assert training_mb(mpnet, 64, 384, False, gpus=1) == training_mb(mpnet, 1, 8, False, gpus=1)


def test_what_two_epochs_keep_fits_on_the_disk_beside_what_is_saved(described):
    minilm = described(6, 384, 12, 22_565_376)
    weights = 22_565_376 * 4 / MIB
    assert training_disk_mb(minilm, 3) > (3 + 2 * KEPT_COPIES) * weights


def test_more_of_everything_needs_more(described):
    small, base = described(6, 384, 12, 22_565_376), described(12, 768, 12, 109_000_000)
    for smaller, larger in (
        (training_mb(small, 8, 128, False, 0), training_mb(base, 8, 128, False, 0)),
        (training_mb(small, 8, 128, False, 0), training_mb(small, 16, 128, False, 0)),
        (training_mb(small, 8, 128, False, 0), training_mb(small, 8, 256, False, 0)),
        (training_mb(small, 8, 128, False, 0), training_mb(small, 8, 128, True, 0)),
        (running_mb(small, 1, 4096, 0), running_mb(small, 3, 4096, 0)),
        (running_mb(small, 1, 1024, 0), running_mb(small, 1, 4096, 0)),
    ):
        assert smaller < larger
