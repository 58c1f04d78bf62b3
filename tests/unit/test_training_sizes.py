"""Training on parts of the data: what is trained on, the table, and the figure."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

import tiny
from bertology.figures import training_sizes as drawing
from bertology.figures.style import FigureSettings
from bertology.figures.training_sizes import plot_training_sizes
from bertology.finetuning.runs import finetune
from bertology.finetuning.sampling import chosen_numbers, part
from bertology.finetuning.task import task_class
from bertology.statistics import Intervals
from bertology.tables import TRAINING_SIZES
from bertology.training_sizes import summarise_training_sizes
from bertology.variants import ABLATION, on_part, part_of
from figure_files import files_in

INTERVALS = Intervals(resamples=200, level=0.9, seed=3)
SIZES = {"train": 20, "dev": 6, "test": 6}


@pytest.mark.parametrize(
    ("variant", "percent", "name"),
    [
        ("full", 25, "full-of-25"),
        ("freeze-8", 5, "freeze-8-of-5"),
        ("untuned", 100, "untuned"),
        ("full", 100, "full"),
    ],
)
def test_variants_on_a_part_are_named_and_read(variant, percent, name):
    assert on_part(variant, percent) == name
    assert part_of(name) == (variant, percent)
    assert bool(re.fullmatch(ABLATION, name)) == (name != "full")


def test_a_smaller_part_is_drawn_out_of_a_larger_one_and_in_order():
    examples = [f"example {number}" for number in range(41)]
    for seed in (1, 2):
        parts = [part(examples, percent, seed) for percent in (1, 10, 50, 100)]
        assert [len(each) for each in parts] == [1, 5, 21, 41]
        for smaller, larger in itertools.pairwise(parts):
            assert set(smaller) < set(larger)
            assert sorted(smaller, key=examples.index) == smaller
    assert part(examples, 10, 1) != part(examples, 10, 2)


@pytest.mark.parametrize("task", tiny.TASKS)
def test_training_on_a_part_is_training_on_a_file_with_these_examples(task, tmp_path):
    encoder = tiny.write_encoder(tmp_path / "encoder")
    data = tiny.write_task(task, tmp_path / "data", SIZES)
    kind = task_class(task)
    less = tmp_path / "less"
    less.mkdir()
    for name in SIZES:
        file = f"{name}.{kind.extension}"
        (less / file).write_bytes((data / file).read_bytes())
    whole = data / f"train.{kind.extension}"
    examples = kind.read(whole)
    numbers = chosen_numbers(len(examples), 5, 3)
    keep_some(task, whole, less / whole.name, numbers)
    runs = {}
    for name, folder, variant in (("part", data, "full-of-25"), ("file", less, "full")):
        runs[name] = tmp_path / name
        finetune(task, encoder, folder, runs[name], variant, tiny.SETTINGS, 3, "float32", 1)
    first, second = (load_file(run / "head.safetensors") for run in runs.values())
    assert all((first[name] == second[name]).all() for name in second)
    assert (runs["part"] / "scores.csv").read_text() == (runs["file"] / "scores.csv").read_text()
    summaries = [json.loads((run / "summary.json").read_text()) for run in runs.values()]
    assert [each["training_examples"] for each in summaries] == [5, 5]
    assert (runs["file"] / "encoder").exists() and not (runs["part"] / "encoder").exists()


def keep_some(task, whole, some, numbers):
    """Write the file of training data with these examples alone, in the task's format."""
    text = whole.read_text()
    if task == "parsing":
        blocks = [block for block in text.split("\n\n") if block.strip()]
        some.write_text("".join(f"{blocks[number]}\n\n" for number in numbers))
    elif task == "inference":
        lines = text.splitlines(keepends=True)
        some.write_text("".join(lines[number] for number in numbers))
    else:
        content, kept, count = json.loads(text), set(numbers.tolist()), 0
        for article in content["data"]:
            for paragraph in article["paragraphs"]:
                asked = paragraph["qas"]
                paragraph["qas"] = [q for n, q in enumerate(asked, count) if n in kept]
                count += len(asked)
        some.write_text(json.dumps(content))


SCORES = {"untuned": 0.4, "full": 0.9, "freeze-8": 0.7}
SHARES = {10: 0.5, 100: 1.0}


@pytest.fixture
def runs(tmp_path):
    """Of two tasks, each variant on a tenth of 500 examples and on all, with two seeds."""
    found = []
    for task in ("parsing", "inference"):
        for variant, percent, seed in (
            (variant, percent, seed) for variant in SCORES for percent in SHARES for seed in (1, 2)
        ):
            name = on_part(variant, percent)
            folder = tmp_path / task / name / str(seed)
            folder.mkdir(parents=True)
            right = correct(variant, percent, seed)
            table = {"metric": "accuracy", "example": range(len(right)), "numerator": right}
            table |= {"denominator": 1, "group": range(len(right))}
            pd.DataFrame(table).to_parquet(folder / "examples.parquet", index=False)
            (folder / "summary.json").write_text(json.dumps({"training_examples": 5 * percent}))
            run = {"encoder": "e", "task": task, "variant": name, "seed": seed}
            found.append((run, folder / "examples.parquet"))
    return found


def correct(variant, percent, seed):
    generator = np.random.default_rng([len(variant), percent, seed])
    return (generator.random(200) < SCORES[variant] * SHARES[percent]).astype(float)


@pytest.fixture
def table(runs, tmp_path):
    summarise_training_sizes(runs, tmp_path / "table.csv", INTERVALS)
    return tmp_path / "table.csv"


def test_recovery_is_within_a_size_and_a_seed(table):
    found = pd.read_csv(table)
    assert tuple(found.columns) == TRAINING_SIZES
    assert len(found) == 2 * len(SCORES) * len(SHARES)
    for row in found.itertuples():
        of = {name: [correct(name, row.percent, seed).mean() for seed in (1, 2)] for name in SCORES}
        score, untuned, full = (np.array(of[name]) for name in (row.variant, "untuned", "full"))
        assert row.score == pytest.approx(100 * score.mean())
        assert row.recovery == pytest.approx(np.mean(100 * (score - untuned) / (full - untuned)))
        assert (row.examples, row.seeds, row.n) == (5 * row.percent, 2, 200)
        assert row.low <= row.score <= row.high


def test_without_untuned_on_a_part_there_is_no_recovery_there(runs, tmp_path):
    some = [each for each in runs if each[0]["variant"] != "untuned-of-10"]
    summarise_training_sizes(some, tmp_path / "table.csv", INTERVALS)
    found = pd.read_csv(tmp_path / "table.csv").set_index("percent")
    assert found.loc[10, "recovery"].isna().all()
    assert found.loc[100, "recovery"].notna().all()


def test_the_figure_draws_recovery_by_examples_or_else_scores(table, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(
        drawing, "save_figure", lambda figure, points, _: saved.append((figure, points))
    )
    settings = FigureSettings({"tasks": {"parsing": "Trees"}})
    plot_training_sizes(table, files_in(tmp_path), settings)
    found = pd.read_csv(table).set_index(["task", "variant", "percent"])
    found = found.sort_index()
    [(figure, points)] = saved
    (axis,) = figure.axes
    assert axis.get_title() == "First 8 layers frozen"
    assert set(points["variant"]) == {"freeze-8"}
    for container, task in zip(axis.containers, ("parsing", "inference"), strict=True):
        line = container.lines[0]
        np.testing.assert_array_equal(line.get_xdata().astype(float), [50, 500])
        expected = found.loc[(task, "freeze-8"), "recovery"].loc[[10, 100]]
        np.testing.assert_allclose(line.get_ydata().astype(float), expected)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "Trees (Accuracy)"
    without = pd.read_csv(table).assign(recovery=np.nan)
    without.to_csv(table, index=False)
    plot_training_sizes(table, files_in(tmp_path))
    titles = [axis.get_title() for axis in saved[1][0].axes]
    assert titles == ["Encoder fixed, head trained", "Encoder fine-tuned", "First 8 layers frozen"]
    assert set(saved[1][1]["quantity"]) == {"score"}
