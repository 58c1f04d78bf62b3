"""The trajectory: its table takes the right rows of each file, its figure draws changes."""

import itertools
from pathlib import Path

import pandas as pd
import pytest

from bertology.errors import InputError
from bertology.figures import trajectory as drawing
from bertology.figures.trajectory import plot_trajectory, without_zero
from bertology.probing.files import SCORES
from bertology.similarity.measures import COLUMNS
from bertology.tables import TRAJECTORY
from bertology.trajectory import collect_trajectory
from figure_files import files_in

RUNS = [{"encoder": "e", "task": task, "seed": seed} for task in ("a", "b") for seed in (1, 2)]
STEPS = (0, 2, 4, "")
ENDS = {("a", 1): 6, ("a", 2): 3, ("b", 1): 6, ("b", 2): 6}


def rsa(run, step, layer):
    """A value that no other cell has; 1 at step 0."""
    number = STEPS.index(step)
    return 1 - number * (0.01 * (layer + 1) + 0.001 * run["seed"] + 0.1 * (run["task"] == "b"))


def uuas(run, step, layer):
    return 50 + STEPS.index(step) * (layer - 1) * (2 if run["task"] == "b" else 1) + run["seed"]


@pytest.fixture
def jobs(tmp_path):
    """Files as the workflow has them, each with rows that do not belong in the table."""
    similarity, structure, training = [], [], []
    for number, (run, step) in enumerate(itertools.product(RUNS, STEPS)):
        comparison = [
            ("e", "all", first, second, "rsa_pearson", rsa(run, step, first) - (first != second), 9)
            for first, second in itertools.product(range(3), repeat=2)
        ]
        comparison.append(("e", "names", 1, 1, "rsa_pearson", -5, 9))
        comparison.append(("another", "all", 1, 1, "rsa_pearson", -5, 9))
        probes = [("layer", k, "", "uuas", uuas(run, step, k), 7) for k in range(3)]
        probes.append(("mix", "", "", "uuas", -5, 7))
        for kind, rows, columns, stimuli in (
            (similarity, comparison, COLUMNS, "text"),
            (structure, probes, SCORES, "trees"),
        ):
            path = tmp_path / f"{stimuli}-{number}.csv"
            pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
            domain = {"trees": "neutral", "text": "own" if run["task"] == "a" else "other"}[stimuli]
            place = {"step": step, "stimuli": stimuli, "domain": domain, "reference": "e"}
            kind.append(({**run, **place}, path))
    for run in RUNS:
        path = tmp_path / "training-{task}-{seed}.csv".format(**run)
        end = ENDS[run["task"], run["seed"]]
        rows = [(1, 0), (3, int(end == 3)), (6, 0), (6, int(end == 6))]
        pd.DataFrame(rows, columns=["step", "chosen"]).to_csv(path, index=False)
        training.append((run, path))
    return similarity, structure, training


@pytest.fixture
def table(jobs, tmp_path) -> Path:
    collect_trajectory(*jobs, tmp_path / "table.csv")
    return tmp_path / "table.csv"


def test_the_table_has_each_layer_of_each_step_once(table):
    found = pd.read_csv(table)
    assert tuple(found.columns) == TRAJECTORY
    assert len(found) == 2 * len(RUNS) * len(STEPS) * 3
    for row in found.itertuples():
        run = {"task": row.task, "seed": row.seed}
        step = "" if row.end else row.step
        value = rsa if row.measured == "similarity" else uuas
        assert row.value == value(run, step, row.layer)
        if row.end:
            assert row.step == ENDS[row.task, row.seed]
    assert set(found.stimuli[found.measured == "structure"]) == {"trees"}
    assert set(found.domain[(found.stimuli == "text") & (found.task == "a")]) == {"own"}


def test_a_run_that_chose_no_epoch_is_refused(jobs, tmp_path):
    similarity, structure, training = jobs
    path = training[0][1]
    path.write_text("step,chosen\n3,0\n6,0\n")
    with pytest.raises(InputError, match=f"{path.name}.*found 0 chosen rows"):
        collect_trajectory(similarity, structure, training, tmp_path / "table.csv")
    assert not (tmp_path / "table.csv").exists()


@pytest.fixture
def axes(table, tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(drawing, "save_figure", lambda figure, *_: figures.append(figure))
    plot_trajectory(table, files_in(tmp_path))
    return figures[0].axes


def cells(axis):
    """The numbers written on a panel by layer (from 0) and column."""
    numbers = {}
    for text in axis.texts:
        column, row = (int(place) for place in text.get_position())
        numbers[row, column] = text.get_text()
    return numbers


def test_cells_are_mean_changes_since_the_pretrained_encoder(axes):
    of_task = dict(zip(("a", "b"), axes[:2], strict=True))
    b = [run for run in RUNS if run["task"] == "b"]
    found = cells(of_task["b"])
    labels = [label.get_text() for label in of_task["b"].get_xticklabels()]
    assert labels == ["0", "2", "4", "6"]
    for layer, column in itertools.product(range(3), range(4)):
        values = [1 - rsa(run, STEPS[column], layer) for run in b]
        assert found[layer, column] == without_zero(sum(values) / 2)
    trees = cells(axes[3])
    assert [trees[layer, 3] for layer in range(3)] == ["−6.0", "0.0", "+6.0"]


def test_runs_that_ended_at_different_steps_share_a_last_column(axes):
    labels = [label.get_text() for label in axes[0].get_xticklabels()]
    assert labels == ["0", "2", "4", "end"]
    assert len(cells(axes[0])) == 3 * 4


def test_panels_say_whose_text_they_show_and_of_how_many_seeds(axes):
    assert [axis.get_title(loc="right") for axis in axes[:4]] == ["own text", "", "", ""]
    lines = [axes[number].get_ylabel().split("\n") for number in (0, 2)]
    assert lines[0][0] == "Text" and lines[1][:2] == ["Trees", "no task's text"]
    assert [axis.get_ylabel().split("\n")[1] for axis in axes[4:]] == ["mean of 2 seeds"] * 2


def hatched(axis) -> set[tuple[int, int]]:
    """Layer and column of the hatched cells of a panel."""
    return {(int(patch.get_y()), int(patch.get_x())) for patch in axis.patches if patch.get_hatch()}


def test_cells_in_which_seeds_disagree_are_hatched(table, tmp_path, monkeypatch):
    """Of what has a sign; with one seed none can, and the figure says that there is one."""
    saved = []
    monkeypatch.setattr(
        drawing, "save_figure", lambda figure, points, _: saved.append((figure, points))
    )
    rows = pd.read_csv(table)
    one = (rows.measured == "structure") & (rows.task == "a") & (rows.step == 4) & (rows.layer == 2)
    rows.loc[one & (rows.seed == 1), "value"] -= 100
    rows.to_csv(table, index=False)
    plot_trajectory(table, files_in(tmp_path))
    assert [hatched(axis) for axis in saved[0][0].axes[:4]] == [set(), set(), {(2, 2)}, set()]
    points = saved[0][1]
    assert ((points["low"] < 0) & (points["high"] > 0)).sum() == 1
    rows[rows.seed == 1].to_csv(table, index=False)
    plot_trajectory(table, files_in(tmp_path))
    figure = saved[1][0]
    assert not figure.legends and not any(hatched(axis) for axis in figure.axes[:4])
    assert figure.axes[4].get_ylabel() == "1 − RSA\none seed"


def test_a_table_without_anything_to_draw_is_refused(table, tmp_path):
    pd.read_csv(table).assign(metric="cka").to_csv(table, index=False)
    with pytest.raises(InputError, match="nothing to draw"):
        plot_trajectory(table, files_in(tmp_path))
