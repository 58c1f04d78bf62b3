"""The figure of transplants draws what its two tables say, for shallow and deep encoders."""

import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from PIL import Image

from bertology.errors import InputError
from bertology.figures import depths, transplants
from bertology.figures.depths import QUANTITIES, TABLES, plot_depths, shared_text
from bertology.figures.style import FigureSettings, Palette
from bertology.figures.transplants import plot_transplants
from bertology.tables import REVERTS, SIMILARITY_SUMMARY
from figure_files import files_in

TASKS = ("parsing", "inference", "question_answering")
TEXTS = {"trees": "parsing", "pairs": "inference", "wiki": None}
"""Each text, and whose own it is: question answering has none here."""
GREATEST = {"change": "last", "own_change": "last", "loss": "middle"}


def similarity_rows(depth: int, tasks=TASKS, own_change=True) -> pd.DataFrame:
    """Change grows with the layer; a layer's own change is small."""
    generator = np.random.default_rng(depth)
    rows = []
    for (text, owner), task, layer in product(TEXTS.items(), tasks, range(depth + 1)):
        domain = "own" if owner == task else "other" if owner else "neutral"
        shared = {"encoder": "e", "stimuli": text, "form": "own", "domain": domain, "task": task}
        shared |= {"layer": layer, "metric": "rsa_pearson", "seeds": 3, "n": 500}
        similarity = 1 - 0.6 * layer / depth - 0.01 * generator.random()
        values = {"tuned": similarity, "ceiling": 0.9, "perturbed": 0.5}
        if own_change and domain in ("own", "neutral"):
            values["own_change"] = 1 - 0.05 * (layer / depth) ** 3
        for comparison, value in values.items():
            row = {"comparison": comparison, "similarity": value, "low": value - 0.02}
            rows.append(shared | row | {"high": value + 0.02})
    return pd.DataFrame(rows).reindex(columns=SIMILARITY_SUMMARY)


def revert_rows(depth: int, tasks=TASKS) -> pd.DataFrame:
    """Most is lost with the middle layer."""
    rows = []
    for number, task in enumerate(tasks):
        losses = 10 + number - np.abs(np.arange(depth + 1) - depth / 2 - 0.25)
        parts = [("layer", k, losses[k]) for k in range(1, depth + 1)]
        parts += [("first", k, losses[: k + 1].sum() / 2) for k in range(depth + 1)]
        parts += [("last", k, losses[depth + 1 - k :].sum() / 3) for k in range(1, depth + 1)]
        for part, layers, loss in parts:
            row = {"encoder": "e", "task": task, "part": part, "layers": layers, "metric": "las"}
            row |= {"seeds": 3, "n": 300, "score": 80 - loss, "loss": loss}
            row |= {"loss_low": loss - 1, "loss_high": loss + 2}
            row |= {"kept": 100 - 2 * loss, "kept_low": 90 - 2 * loss}
            row |= {"kept_high": 103 - 2 * loss}
            rows.append(row)
    return pd.DataFrame(rows).reindex(columns=REVERTS)


def draw(tables: tuple[pd.DataFrame, pd.DataFrame], folder: Path, *settings) -> None:
    paths = [folder / name for name in ("summary.csv", "reverts.csv")]
    for table, path in zip(tables, paths, strict=True):
        table.to_csv(path, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_transplants(*paths, files_in(folder), *settings)


def panels(tables, folder: Path, monkeypatch, *settings) -> tuple[np.ndarray, pd.DataFrame]:
    """Give the axes, (tasks, columns), and the points that are saved beside them."""
    saved = []
    monkeypatch.setattr(
        transplants, "save_figure", lambda figure, points, _: saved.append((figure, points))
    )
    draw(tables, folder, *settings)
    [(figure, points)] = saved
    return np.array(figure.axes).reshape(points["task"].nunique(), -1), points


def bars(axis: Axes) -> dict[int, tuple[float, float]]:
    """Length and opacity of each bar by layer."""
    return {
        round(bar.get_y() + bar.get_height() / 2): (bar.get_width(), bar.get_alpha())
        for bar in axis.patches
    }


def intervals(axis: Axes) -> np.ndarray:
    """Ends of the horizontal lines: (lines, 2)."""
    found = [each for each in axis.collections if isinstance(each, LineCollection)]
    segments = [segment for lines in found for segment in lines.get_segments() if len(segment)]
    return np.array([segment[:, 0] for segment in segments])


@pytest.mark.parametrize(("depth", "tasks"), [(2, TASKS[:1]), (6, TASKS), (12, TASKS)])
def test_bars_are_changes_and_losses_and_the_longest_is_dark(depth, tasks, tmp_path, monkeypatch):
    summary, reverts = tables = similarity_rows(depth, tasks), revert_rows(depth, tasks)
    axes, points = panels(tables, tmp_path, monkeypatch)
    for line, task in zip(axes, tasks, strict=True):
        text = {"parsing": "trees", "inference": "pairs"}.get(task, "wiki")
        of = summary[(summary["task"] == task) & (summary["stimuli"] == text)]
        of = of.set_index(["comparison", "layer"])
        costs = reverts[reverts["task"] == task].set_index(["part", "layers"])["loss"]
        expected = {
            "change": {k: 1 - of.loc[("tuned", k), "similarity"] for k in range(depth + 1)},
            "own_change": {
                k: 1 - of.loc[("own_change", k), "similarity"] for k in range(depth + 1)
            },
            "loss": {0: costs["first", 0], **{k: costs["layer", k] for k in range(1, depth + 1)}},
        }
        for axis, (quantity, values) in zip(line, expected.items(), strict=False):
            found = bars(axis)
            assert {k: length for k, (length, _) in found.items()} == pytest.approx(values)
            dark = [layer for layer, (_, alpha) in found.items() if alpha == 1]
            assert dark == [max(values, key=values.__getitem__)]
            assert (dark == [depth]) == (GREATEST[quantity] == "last")
            saved = points[(points["task"] == task) & (points["quantity"] == quantity)]
            np.testing.assert_allclose(intervals(axis), saved[["low", "high"]])
            [written] = axis.texts
            assert float(written.get_text()) == pytest.approx(max(values.values()), abs=0.051)
            assert {bar.get_facecolor()[:3] for bar in axis.patches} == {
                tuple(int(Palette.of(tasks).colours[task][k : k + 2], 16) / 255 for k in (1, 3, 5))
            }
    ends = points[points["quantity"].isin(["change", "own_change"])]
    assert ends[["value", "low"]].min(axis=None) >= 0


def test_curves_share_the_axis_of_layers(tmp_path, monkeypatch):
    """At layer k: all up to it put back, or all from the top down to it."""
    reverts = revert_rows(6)
    axes, points = panels((similarity_rows(6), reverts), tmp_path, monkeypatch)
    for line, task in zip(axes, TASKS, strict=True):
        of = reverts[reverts["task"] == task].set_index(["part", "layers"])["kept"]
        curves = [each for each in line[3].lines if len(each.get_ydata()) > 2]
        drawn = {each.get_marker(): dict(np.transpose(each.get_data()[::-1])) for each in curves}
        assert drawn["^"] == pytest.approx({k: of["first", k] for k in range(7)})
        assert drawn["v"] == pytest.approx({7 - k: of["last", k] for k in range(1, 7)})
        saved = points[(points["task"] == task) & points["part"].isin(["first", "last"])]
        saved = saved[saved["quantity"] != "loss"].sort_values(["part", "layer"])
        assert len(saved) == 13
        np.testing.assert_allclose(
            intervals(line[3]).reshape(-1, 2), saved[["low", "high"]].dropna()
        )


def test_where_all_layers_put_back_cost_nothing_there_is_no_curve(tmp_path, monkeypatch):
    """Nothing lies between the tuned and the pretrained encoder then: in one task, and in all."""
    reverts = revert_rows(3)
    kept = ["kept", "kept_low", "kept_high"]
    reverts.loc[reverts["task"] == "parsing", kept] = np.nan
    axes, _ = panels((similarity_rows(3), reverts), tmp_path, monkeypatch)
    grey = [to_hex(axis.get_facecolor()).upper() == transplants.NOT_MEASURED for axis in axes[:, 3]]
    assert grey == [task == "parsing" for task in TASKS]
    reverts[kept] = np.nan
    axes, _ = panels((similarity_rows(3), reverts), tmp_path, monkeypatch)
    assert [axis.get_xlabel() for axis in axes[-1]] == ["1 − RSA", "1 − RSA", "Points"]
    legend = [text.get_text() for text in axes[0, 0].figure.legends[0].get_texts()]
    assert not [text for text in legend if text.startswith("Put back")]


def test_titles_and_encoders_are_named(tmp_path, monkeypatch):
    settings = FigureSettings({"tasks": {"parsing": "Trees"}, "encoders": {"f": "The other"}})
    tables = similarity_rows(2, TASKS[:2]), revert_rows(2, TASKS[:2])
    axes, _ = panels(tables, tmp_path, monkeypatch, settings)
    labels = [axis.get_ylabel() for axis in axes[:, 0]]
    assert labels == ["Trees\nLayer", "Inference\nLayer"]
    deeper = similarity_rows(4, TASKS[:2]), revert_rows(4, TASKS[:2])
    both = [pd.concat([a, b.assign(encoder="f")]) for a, b in zip(tables, deeper, strict=True)]
    saved = []
    monkeypatch.setattr(transplants, "save_figure", lambda figure, *_: saved.append(figure))
    draw(tuple(both), tmp_path, settings)
    lines = np.array(saved[0].axes).reshape(4, 4)
    assert [axis.get_ylabel() for axis in lines[:, 0]] == [
        *("E\nTrees\nLayer", "E\nInference\nLayer"),
        *("The other\nTrees\nLayer", "The other\nInference\nLayer"),
    ]
    assert [max(bars(axis)) for axis in lines[:, 2]] == [2, 2, 4, 4]


def test_without_own_changes_there_is_no_panel_and_the_text_is_still_the_tasks_own(
    tmp_path, monkeypatch
):
    tables = similarity_rows(3, own_change=False), revert_rows(3)
    axes, points = panels(tables, tmp_path, monkeypatch)
    assert [axis.get_xlabel() for axis in axes[-1]] == ["1 − RSA", "Points", "Kept (%)"]
    assert [len(axis.patches) for axis in axes[0]] == [4, 4, 0]
    of = points[(points["task"] == "inference") & (points["quantity"] == "change")]
    assert set(of["stimuli"]) == {"pairs"}


def test_the_csv_is_what_is_drawn_and_the_same_tables_give_the_same_bytes(tmp_path):
    draw((similarity_rows(6), revert_rows(6)), tmp_path)
    first = {kind: (tmp_path / f"x.{kind}").read_bytes() for kind in ("png", "pdf", "csv")}
    draw((similarity_rows(6), revert_rows(6)), tmp_path)
    assert first == {kind: (tmp_path / f"x.{kind}").read_bytes() for kind in first}
    points = pd.read_csv(tmp_path / "x.csv")
    assert len(points) == 3 * (7 + 7 + 7 + 13)
    with Image.open(tmp_path / "x.png") as image:
        pixels = np.asarray(image.convert("L"))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()
    assert pixels.shape[1] <= 1680  # 5.6 inches: letters of 7 points are 6.9 pixels at 400 pixels


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, r: (s.drop(columns="form"), r), r"summary\.csv.*no column 'form'"),
        (lambda s, r: (s[s["comparison"] != "tuned"], r), r"summary\.csv: found no tuned encoder"),
        (lambda s, r: (s, r[r["part"] != "layer"]), r"reverts\.csv: found no layer that was put"),
        (lambda s, r: (s, r.iloc[:0]), r"reverts\.csv.*no row"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(change, message, tmp_path):
    with pytest.raises(InputError, match=message):
        draw(change(similarity_rows(2), revert_rows(2)), tmp_path)
    assert not (tmp_path / "x.png").exists()


# --- Encoders of several depths -------------------------------------------------------------------


def published(folder: Path, encoder: str, depth: int) -> Path:
    """Write the tables of a study of one encoder, and give their folder."""
    folder.mkdir()
    for name, rows in zip(TABLES, (similarity_rows(depth), revert_rows(depth)), strict=True):
        rows.assign(encoder=encoder).to_csv(folder / name, index=False)
    return folder


def test_studies_stand_beside_each_other_as_each_says(tmp_path, monkeypatch):
    """A block for each encoder, in which every panel has as many bars as its tables have layers."""
    studies = [published(tmp_path / "a", "shallow", 4), published(tmp_path / "b", "deep", 12)]
    titles = {"encoders": {"deep": "A deep one"}, "tasks": {}}
    settings = FigureSettings(titles=titles)
    saved = []
    monkeypatch.setattr(depths, "save_figure", lambda *each: saved.append(each[:2]))
    plot_depths(studies, files_in(tmp_path), settings)
    [(figure, points)] = saved
    assert [part.get_suptitle() for part in figure.subfigs] == ["Shallow", "A deep one"]
    values = points.set_index(["encoder", "task", "quantity"])
    for part, encoder, depth in zip(figure.subfigs, ("shallow", "deep"), (4, 12), strict=True):
        axes = np.reshape(part.get_axes(), (len(TASKS), len(QUANTITIES)))
        for (row, task), (column, quantity) in product(enumerate(TASKS), enumerate(QUANTITIES[:2])):
            told = values.loc[(encoder, task, quantity)].set_index("layer")["value"]
            lengths = {layer: length for layer, (length, _) in bars(axes[row, column]).items()}
            assert lengths == pytest.approx(dict(told))
            assert len(told) == depth + 1


def test_what_was_not_measured_is_a_grey_panel(tmp_path, monkeypatch):
    """A run was cut short before this task's encoder was compared."""
    rows = similarity_rows(4)
    axes, points = panels((rows[rows["task"] != "parsing"], revert_rows(4)), tmp_path, monkeypatch)
    grey = [to_hex(axis.get_facecolor()).upper() == transplants.NOT_MEASURED for axis in axes.flat]
    expected = np.zeros(axes.shape, bool)
    expected[list(points["task"].unique()).index("parsing"), :2] = True
    assert (np.reshape(grey, axes.shape) == expected).all()


def test_encoders_of_several_depths_are_compared_on_text_that_all_were_measured_on(tmp_path):
    """Not on each task's own, and not on what one of the studies lacks."""
    studies = [published(tmp_path / "a", "shallow", 4), published(tmp_path / "b", "deep", 12)]
    assert shared_text(studies) == "wiki"
    table = studies[1] / TABLES[0]
    rows = pd.read_csv(table)
    lacking = (rows["stimuli"] == "wiki") & (rows["comparison"] == "own_change")
    lacking &= rows["task"] == "parsing"
    rows[~lacking].to_csv(table, index=False)
    assert shared_text(studies) == ""
