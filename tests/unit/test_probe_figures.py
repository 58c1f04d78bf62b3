"""Figures of probes draw what their tables say, the same bytes each time."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import binom, norm

from bertology.errors import InputError
from bertology.figures import heat_map, probe_changes, probe_layers, probes
from bertology.figures.probe_changes import plot_probe_changes
from bertology.figures.probe_layers import plot_mix_weights, plot_structure
from bertology.figures.probes import plot_probes
from bertology.figures.style import FigureSettings, Palette
from bertology.tables import PROBE_SUMMARY, PROBES
from figure_files import files_in

TASKS = ("parsing", "inference", "question_answering")
PHENOMENA = {
    "part_of_speech": 94,
    "constituents": 83,
    "dependencies": 92,
    "entities": 90,
    "semantic_roles": 85,
    "proto_roles": 77,
    "coreference": 88,
    "relations": 71,
}
NAMES = [
    *("Part of speech", "Constituents", "Dependencies", "Entities", "Semantic roles"),
    *("Proto roles", "Coreference", "Relations"),
]
STRUCTURE = {"uuas": 62, "dspr": 0.7, "root_accuracy": 72, "nspr": 0.75}
SETTINGS = [("village", "minilm", 6)]


def summary_rows(settings=SETTINGS, tasks=TASKS, phenomena=tuple(PHENOMENA)) -> pd.DataFrame:
    """Make a table with values as in a real study, for each (text, encoder, layers)."""
    generator = np.random.default_rng(0)
    rows = []
    for text, encoder, layers in settings:
        places = [("mix", ""), *(("layer", layer) for layer in range(layers + 1))]
        probed = [(phenomenon, "f1", place) for phenomenon in phenomena for place in places]
        probed += [("structure", metric, place) for metric in STRUCTURE for place in places[1:]]
        for phenomenon, metric, place in probed:
            shared = {"text": text, "phenomenon": phenomenon, "encoder": encoder, "metric": metric}
            shared |= {"input": place[0], "layer": place[1]}
            rows += [shared | row for row in model_rows(generator, shared, layers, tasks)]
    return pd.DataFrame(rows).reindex(columns=PROBE_SUMMARY)


def model_rows(generator, shared: dict, layers: int, tasks: tuple[str, ...]) -> Iterator[dict]:
    best = (PHENOMENA | STRUCTURE)[shared["phenomenon" if shared["metric"] == "f1" else "metric"]]
    scale = best / 90
    depth = (shared["layer"] or 0) / layers if shared["input"] == "layer" else 0.7
    score = best - 25 * scale * (depth - 0.7) ** 2
    controls = {"lexical": best - 14 * scale, "random": best - 20 * scale}
    controls["majority"] = np.nan if best < 1 else best - 50 * scale

    def interval(value: float, names: tuple[str, str, str], width: float = 1.2) -> dict:
        return dict(zip(names, (value, value - width * scale, value + width * scale), strict=True))

    own = ("score", "low", "high")
    base = {"task": "", "seeds": 3, "n": 500, "unfinished": 0.0, **controls}
    yield base | {"comparison": "pretrained", **interval(score, own)}
    if shared["input"] == "layer":
        yield base | {"comparison": "random", **interval(controls["random"] - depth * scale, own)}
    for task in tasks:
        change = scale * generator.normal({"parsing": 2}.get(task, -3) * depth, 1)
        row = base | {"comparison": "tuned", "task": task}
        row |= interval(score + change, own) | {"change_p": 2 * norm.sf(abs(change) / scale)}
        yield row | interval(change, ("change", "change_low", "change_high"))


def weight_rows(settings=SETTINGS, tasks=TASKS, seeds=(1, 2, 3)) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = []
    for text, encoder, layers in settings:
        models = [("pretrained", "", "", ""), ("random", "", "", "")]
        models += [("tuned", task, "full", seed) for task in tasks for seed in seeds]
        models += [("tuned", task, "keep-2", seed) for task in tasks for seed in seeds]
        for phenomenon in PHENOMENA:
            for model in models:
                weights = generator.dirichlet(np.linspace(20, 40, layers + 1))
                shared = (text, phenomenon, encoder, *model, "mix")
                for layer, weight in enumerate(weights):
                    rows.append((*shared, layer, "", "mix_weight", weight, 500))
                rows.append((*shared, "", "NOUN", "f1", 90 * generator.random(), 100))
    return pd.DataFrame(rows, columns=PROBES)


PLOTS = [
    (plot_probes, probes, summary_rows),
    (plot_probe_changes, probe_changes, summary_rows),
    (plot_structure, probe_layers, summary_rows),
    (plot_mix_weights, probe_layers, weight_rows),
]
each_plot = pytest.mark.parametrize(
    ("plot", "module", "rows"), PLOTS, ids=[plot.__name__ for plot, _, _ in PLOTS]
)


def drawn(
    plot: Callable, module, rows: pd.DataFrame, tmp_path: Path, monkeypatch, *settings
) -> Figure:
    """Plot a table, with warnings as errors, and give the figure in place of its files."""
    figures = []
    monkeypatch.setattr(module, "save_figure", lambda figure, *_: figures.append(figure))
    rows.to_csv(tmp_path / "table.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot(tmp_path / "table.csv", files_in(tmp_path), *settings)
    return figures[0]


def panels_of(figure: Figure) -> list[Axes]:
    return [axis for axis in figure.axes if axis.get_visible() and axis.get_label() != "<colorbar>"]


def labels_of(axis: Axes) -> list[str]:
    return [label.get_text() for label in axis.get_yticklabels()]


def legend_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def lines_of(axis: Axes, colour: str, **looks: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Give the (x, y) of all lines of a colour that look so."""
    return [
        (np.asarray(line.get_xdata()), np.asarray(line.get_ydata()))
        for line in axis.get_lines()
        if to_hex(line.get_color()) == to_hex(colour)
        and all(getattr(line, f"get_{name}")() == value for name, value in looks.items())
    ]


def bands_of(axis: Axes, colour: str) -> list[np.ndarray]:
    """Give the heights of the corners of each band of a colour."""
    return [
        band.get_paths()[0].vertices[:, 1]
        for band in axis.collections
        if to_hex(band.get_facecolor()[0]) == to_hex(colour)
    ]


def of_model(rows: pd.DataFrame, comparison: str, task: str = "") -> pd.DataFrame:
    return rows[(rows["comparison"] == comparison) & (rows["task"] == task)]


MODELS = {("pretrained", ""): ("#000000", "*")} | {
    ("tuned", task): (colour, Palette.of(TASKS).markers[task])
    for task, colour in Palette.of(TASKS).colours.items()
}


def test_probes_are_points_with_intervals_in_the_order_of_the_table(tmp_path, monkeypatch):
    rows = summary_rows()
    scores, changes = panels_of(drawn(plot_probes, probes, rows, tmp_path, monkeypatch))
    assert labels_of(scores) == NAMES
    assert scores.get_ylim()[0] > scores.get_ylim()[1]  # the first phenomenon on top
    mix = rows[rows["input"] == "mix"]
    heights = []
    for (comparison, task), (colour, marker) in MODELS.items():
        of = of_model(mix, comparison, task)
        [(x, y)] = lines_of(scores, colour, marker=marker)
        np.testing.assert_allclose(x, of["score"])
        assert list(np.round(y)) == list(range(len(NAMES)))
        heights.append(y[0])
        bars = intervals_of(scores, colour)
        np.testing.assert_allclose(bars[:, :, 0], of[["low", "high"]])
        np.testing.assert_allclose(bars[:, 0, 1], y)
        if task:
            [(x, y)] = lines_of(changes, colour, marker=marker)
            np.testing.assert_allclose(x, of["change"])
            columns = ["change_low", "change_high"]
            np.testing.assert_allclose(intervals_of(changes, colour)[:, :, 0], of[columns])
    assert heights == sorted(heights)
    assert len(set(heights)) == len(MODELS)
    [(zero, _)] = lines_of(changes, "#000000")
    assert list(zero) == [0, 0]


def intervals_of(axis: Axes, colour: str) -> np.ndarray:
    """Give the ends of the horizontal lines of a colour: (lines, 2, 2)."""
    found = [
        np.array(lines.get_segments())
        for lines in axis.collections
        if to_hex(lines.get_edgecolor()[0]) == to_hex(colour)
    ]
    return found[0] if found else np.zeros((0, 2, 2))


def test_references_are_grey_marks_where_the_table_has_them(tmp_path, monkeypatch):
    rows = summary_rows()
    rows.loc[rows["phenomenon"] == "entities", "random"] = np.nan
    figure = drawn(plot_probes, probes, rows, tmp_path, monkeypatch)
    pretrained = of_model(rows[rows["input"] == "mix"], "pretrained")
    for column, (label, marker) in probes.REFERENCES.items():
        [(x, _)] = lines_of(panels_of(figure)[0], probes.GREY, marker=marker)
        np.testing.assert_allclose(x, pretrained[column].dropna())
        assert label in legend_of(figure)
    assert "Most frequent label" in legend_of(figure)
    chance = intervals_of(panels_of(figure)[0], probes.GREY)
    np.testing.assert_allclose(chance[:, 0, 0], pretrained["majority"])
    np.testing.assert_allclose(chance[:, :, 1].mean(axis=1), range(len(NAMES)), atol=1e-9)
    without = ["random", "low", "high", "change_low", "change_high"]
    figure = drawn(
        plot_probes, probes, rows.assign(**dict.fromkeys(without, np.nan)), tmp_path, monkeypatch
    )
    assert not {"Random encoder", "Confidence interval"} & set(legend_of(figure))


def test_without_fine_tuned_encoders_there_are_no_changes(tmp_path, monkeypatch):
    figure = drawn(plot_probes, probes, summary_rows(tasks=()), tmp_path, monkeypatch)
    assert len(panels_of(figure)) == 1
    with pytest.raises(InputError, match=r"table\.csv.*no change in F1"):
        drawn(plot_probe_changes, probe_changes, summary_rows(tasks=()), tmp_path, monkeypatch)


SEVERAL = [(text, encoder, 2) for encoder in ("minilm", "bert-base") for text in ("village", "ewt")]


def test_several_texts_and_encoders_are_told_apart(tmp_path, monkeypatch):
    rows = summary_rows(SEVERAL, phenomena=("entities", "semantic_roles"))
    names = [
        *("Village: entities", "Village: semantic roles"),
        *("EWT: entities", "EWT: semantic roles"),
    ]
    panels = panels_of(drawn(plot_probes, probes, rows, tmp_path, monkeypatch))
    assert [axis.get_title(loc="left") for axis in panels[::2]] == ["Minilm", "Bert base"]
    assert [labels_of(axis) for axis in panels[::2]] == [names] * 2
    panels = panels_of(drawn(plot_probe_changes, probe_changes, rows, tmp_path, monkeypatch))
    assert [axis.get_title() for axis in panels] == [
        f"{encoder}: {task}"
        for encoder in ("Minilm", "Bert base")
        for task in ("Parsing", "Inference", "Question answering")
    ]
    assert labels_of(panels[0]) == names
    panels = panels_of(drawn(plot_structure, probe_layers, rows, tmp_path, monkeypatch))
    assert [axis.get_ylabel() for axis in panels[::4]] == [
        *("Minilm: Village", "Minilm: EWT", "Bert base: Village", "Bert base: EWT")
    ]
    panels = panels_of(
        drawn(plot_mix_weights, probe_layers, weight_rows(SEVERAL), tmp_path, monkeypatch)
    )
    assert len(panels) == 4 * len(PHENOMENA)
    assert panels[0].get_title().replace("\n", " ") == "Minilm: Village: part of speech"


def rejected(p_values: list[float], level: float) -> list[bool]:
    """Holm (1979), as he describes it: the smallest first, until one is not small enough."""
    found = [False] * len(p_values)
    for place, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[number] > level / (len(p_values) - place):
            break
        found[number] = True
    return found


def bold_cells(axis: Axes) -> list[bool]:
    return [text.get_fontweight() == "bold" for text in axis.texts]


def test_a_change_is_bold_only_if_it_holds_after_correction_for_its_panel(tmp_path, monkeypatch):
    rows = summary_rows()
    planted = rows["metric"].eq("f1") & rows["comparison"].eq("tuned")
    rows.loc[planted, "change_p"] = np.random.default_rng(5).uniform(0.002, 0.2, planted.sum())
    rows.loc[rows.index[planted][:3], "change_p"] = [0.0001, 0.0007, 0.00081]
    rows.loc[rows.index[planted][64:], "seeds"] = 1  # of some rows
    for level, settings in ((0.05, ()), (0.2, (FigureSettings(level=0.8),))):
        figure = drawn(plot_probe_changes, probe_changes, rows, tmp_path, monkeypatch, *settings)
        for axis, task in zip(panels_of(figure), TASKS, strict=True):
            of = of_model(rows[planted], "tuned", task)
            expected = rejected(list(of["change_p"]), level) & of["seeds"].gt(1).to_numpy()
            assert bold_cells(axis) == list(expected)
            assert (of["change_p"] < level).sum() > expected.sum()
    figure = drawn(plot_probe_changes, probe_changes, rows.assign(seeds=1), tmp_path, monkeypatch)
    assert not any(any(bold_cells(axis)) for axis in panels_of(figure))
    assert figure.axes[-1].get_xlabel() == "Change in F1 (points)\none seed"


def test_bold_cells_of_noise_are_rare(tmp_path, monkeypatch):
    """Of panels in which nothing has changed, at most 5 % have a bold cell: 200 panels."""
    rows = summary_rows(tasks=TASKS[:1])
    generator = np.random.default_rng(6)
    panels = 0
    for _ in range(200):
        noise = rows.assign(change_p=generator.uniform(size=len(rows)))
        found = probe_changes._changes(noise, tmp_path, FigureSettings())
        panels += found["certain"].any()
    assert panels <= binom.ppf(0.999, 200, 0.05)


def test_a_corner_marks_a_probe_that_was_not_trained_to_the_end(tmp_path, monkeypatch):
    rows = summary_rows()
    figure = drawn(plot_probe_changes, probe_changes, rows, tmp_path, monkeypatch)
    assert not figure.legends
    f1 = rows["metric"].eq("f1") & rows["phenomenon"].eq("entities")
    rows.loc[f1 & rows["layer"].eq(4) & rows["task"].eq("inference"), "unfinished"] = 1 / 3
    rows.loc[f1 & rows["layer"].eq(2) & rows["comparison"].eq("pretrained"), "unfinished"] = 1
    figure = drawn(plot_probe_changes, probe_changes, rows, tmp_path, monkeypatch)
    marked = [
        {(int(patch.get_xy()[0, 0]), int(patch.get_xy()[0, 1])) for patch in axis.patches}
        for axis in panels_of(figure)
    ]
    assert marked == [{(3, 3)}, {(3, 3), (5, 3)}, {(3, 3)}]
    assert legend_of(figure) == ["Corner: not trained to the end"]


def test_daggers_mark_probes_that_were_not_trained_to_the_end(tmp_path, monkeypatch):
    rows = summary_rows()
    rows.loc[rows["task"].eq("parsing") & rows["layer"].isin([2, ""]), "unfinished"] = 1
    for plot, module, marks in (
        (plot_probes, probes, [8, 8]),
        (plot_structure, probe_layers, [1] * 4),
    ):
        figure = drawn(plot, module, rows, tmp_path, monkeypatch)
        found = [sum(text.get_text() == "†" for text in axis.texts) for axis in panels_of(figure)]
        assert found == marks
        assert "† not trained to the end" in legend_of(figure)
        figure = drawn(plot, module, summary_rows(), tmp_path, monkeypatch)
        assert "† not trained to the end" not in legend_of(figure)


def test_a_change_has_a_dagger_where_either_of_its_probes_was_not_trained_to_the_end(
    tmp_path, monkeypatch
):
    rows = summary_rows()
    mix = rows[rows["input"] == "mix"]
    rows = pd.concat([rows, mix.assign(input="mix_normalised")])
    before = rows["comparison"].eq("pretrained") & rows["phenomenon"].eq("entities")
    for place in ("mix", "mix_normalised"):
        marked = rows.assign(unfinished=1.0 * (before & rows["input"].eq(place)))
        figure = drawn(plot_probes, probes, marked, tmp_path, monkeypatch)
        scores, changes = ([text.get_text() for text in axis.texts] for axis in panels_of(figure))
        count = (before & rows["input"].eq(place)).sum()
        assert (scores.count("†"), changes.count("†")) == (count, count * len(TASKS))


def test_the_mix_of_normalised_layers_is_hollow_and_in_no_other_figure(tmp_path, monkeypatch):
    rows = summary_rows()
    mix = rows[rows["input"] == "mix"]
    shift = mix[["score", "change"]] + 1.5
    both = pd.concat([rows, mix.assign(input="mix_normalised", **shift)])
    scores, changes = panels_of(drawn(plot_probes, probes, both, tmp_path, monkeypatch))
    for (comparison, task), (colour, marker) in MODELS.items():
        of = of_model(mix, comparison, task)
        for axis, column in ((scores, "score"), (changes, "change")):
            if column == "score" or task:
                found = lines_of(axis, colour, marker=marker, markerfacecolor="white")
                np.testing.assert_allclose(found[0][0], of[column] + 1.5)
                assert len(lines_of(axis, colour, marker=marker)) == 2
    assert "Hollow: layers normalised first" in legend_of(scores.figure)
    for plot, module in ((plot_probe_changes, probe_changes), (plot_structure, probe_layers)):
        figures = [drawn(plot, module, table, tmp_path, monkeypatch) for table in (rows, both)]
        one, other = (
            [text.get_text() for a in figure.axes for text in a.texts] for figure in figures
        )
        assert one == other


def test_weights_are_those_of_normalised_layers_where_there_are_any(tmp_path, monkeypatch):
    rows = weight_rows()
    figure = drawn(plot_mix_weights, probe_layers, rows, tmp_path, monkeypatch)
    assert figure.get_supylabel() == "Weight in the mix of layers (sum: 1)"
    both = pd.concat([rows, rows.assign(input="mix_normalised", value=rows["value"] / 2)])
    other = drawn(plot_mix_weights, probe_layers, both, tmp_path, monkeypatch)
    assert other.get_supylabel() == "Weight in the mix of normalised layers (sum: 1)"
    for axis, halved in zip(panels_of(figure), panels_of(other), strict=True):
        for colour, marker in MODELS.values():
            [(_, y)], [(_, half)] = (lines_of(a, colour, marker=marker) for a in (axis, halved))
            np.testing.assert_allclose(half, y / 2)


def test_models_texts_and_encoders_are_called_by_their_titles(tmp_path, monkeypatch):
    settings = FigureSettings(
        {
            "encoders": {"minilm": "MiniLM", "bert-base": "BERT base"},
            "tasks": {"parsing": "Trees"},
            "probes": {"village": "A village"},
        }
    )
    rows = summary_rows(SEVERAL, phenomena=("entities",))
    figure = drawn(plot_probes, probes, rows, tmp_path, monkeypatch, settings)
    assert labels_of(panels_of(figure)[0]) == ["A village: entities", "EWT: entities"]
    assert "Fine-tuned: Trees" in legend_of(figure)
    titles = [axis.get_title(loc="left") for axis in panels_of(figure)[::2]]
    assert titles == ["MiniLM", "BERT base"]
    figure = drawn(plot_structure, probe_layers, rows, tmp_path, monkeypatch, settings)
    assert panels_of(figure)[0].get_ylabel() == "MiniLM: A village"
    figure = drawn(plot_probe_changes, probe_changes, rows, tmp_path, monkeypatch, settings)
    assert panels_of(figure)[0].get_title() == "MiniLM: Trees"


@pytest.mark.parametrize("layers", [2, 12])
@pytest.mark.parametrize("tasks", [TASKS, TASKS[:1]])
def test_no_interval_passes_the_greatest_score_and_the_csv_is_what_is_drawn(
    layers, tasks, tmp_path
):
    rows = summary_rows([("village", "minilm", layers)], tasks)
    rows["high"] += np.where(rows["score"] < 1, 0.5, 30)
    rows.to_csv(tmp_path / "table.csv", index=False)
    plot_probes(tmp_path / "table.csv", files_in(tmp_path, "probes"))
    plot_structure(tmp_path / "table.csv", files_in(tmp_path, "structure"))
    points = pd.read_csv(tmp_path / "probes.csv")
    assert points.loc[points["quantity"] == "score", "high"].max() == 100
    highest = pd.read_csv(tmp_path / "structure.csv").groupby("metric")["high"].max()
    given = rows[rows["phenomenon"] == "structure"].groupby("metric")["high"].max()
    assert dict(highest) == {
        name: min(given[name], most)
        for name, most in {"uuas": 100, "dspr": 1, "root_accuracy": 100, "nspr": 1}.items()
    }


def test_changes_are_written_in_their_cells_bold_where_certain(tmp_path, monkeypatch):
    rows = summary_rows()
    figure = drawn(plot_probe_changes, probe_changes, rows, tmp_path, monkeypatch)
    panels = panels_of(figure)
    assert [axis.get_title() for axis in panels] == ["Parsing", "Inference", "Question answering"]
    assert labels_of(panels[0]) == NAMES
    limits = set()
    for axis, task in zip(panels, TASKS, strict=True):
        ticks = [label.get_text() for label in axis.get_xticklabels()]
        assert ticks == ["mix", *map(str, range(7))]
        of = of_model(rows[rows["metric"] == "f1"], "tuned", task)
        mesh = axis.collections[0]
        np.testing.assert_allclose(mesh.get_array(), of["change"].to_numpy().reshape(8, 8))
        limits.add((mesh.norm.vmin, mesh.norm.vmax))
        assert bold_cells(axis) == rejected(list(of["change_p"]), 0.05)
        for text, row in zip(axis.texts, of.itertuples(), strict=True):
            column = 0 if row.input == "mix" else row.layer + 1
            place = (column + 0.5, list(PHENOMENA).index(row.phenomenon) + 0.5)
            assert text.get_position() == place
            written = float(text.get_text().replace("−", "-"))
            assert written == pytest.approx(row.change, abs=0.0501)
    largest = rows.loc[rows["metric"] == "f1", "change"].abs().max()
    assert list(limits) == [pytest.approx((-largest, largest))]
    assert figure.axes[-1].get_xlabel() == "Change in F1 (points)\nmean of 3 seeds"


@pytest.mark.parametrize(
    ("change", "text"),
    [(3.14, "+3.1"), (-9.96, "−10"), (12.5, "+12"), (0.04, "0.0"), (-0.04, "0.0"), (-0.06, "−0.1")],
)
def test_signed_changes_take_four_characters(change, text):
    assert heat_map.signed(change) == text


def test_numbers_can_be_read_on_every_colour(tmp_path, monkeypatch):
    """Contrast is at least 4.5 to 1, as WCAG 2 asks for small text."""
    figure = drawn(plot_probe_changes, probe_changes, summary_rows(), tmp_path, monkeypatch)
    for axis in panels_of(figure):
        colours = axis.collections[0].to_rgba(axis.collections[0].get_array().ravel())[:, :3]
        for text, colour in zip(axis.texts, colours, strict=True):
            assert contrast(colour, np.full(3, float(text.get_color() == "white"))) >= 4.5


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    def luminance(colour: np.ndarray) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_cells_that_were_not_probed_stay_empty(tmp_path, monkeypatch):
    rows = summary_rows()
    unprobed = (rows["phenomenon"] == "entities") & (rows["layer"] == 3)
    without = (rows["phenomenon"] == "relations") & (rows["input"] == "mix")
    rows.loc[without, "change_p"] = np.nan
    figure = drawn(plot_probe_changes, probe_changes, rows[~unprobed], tmp_path, monkeypatch)
    for axis in panels_of(figure):
        written = {text.get_position(): text.get_fontweight() for text in axis.texts}
        assert len(written) == 63
        assert (4.5, 3.5) not in written
        assert written[0.5, 7.5] == "normal"  # no test, so not certain


def test_structure_draws_lines_bands_floor_and_baseline(tmp_path, monkeypatch):
    rows = summary_rows()
    figure = drawn(plot_structure, probe_layers, rows, tmp_path, monkeypatch)
    panels = panels_of(figure)
    titles = ["UUAS (%)", "DSpr.", "Root accuracy (%)", "NSpr."]
    assert [axis.get_title() for axis in panels] == titles
    for axis, metric in zip(panels, STRUCTURE, strict=True):
        of = rows[rows["metric"] == metric]
        for (comparison, task), (colour, marker) in MODELS.items():
            model = of_model(of, comparison, task)
            [(x, y)] = lines_of(axis, colour, marker=marker)
            assert list(x) == list(range(7))
            np.testing.assert_allclose(y, model["score"])
            [band] = bands_of(axis, colour)
            assert band.max() == pytest.approx(model["high"].max())
            assert band.min() == pytest.approx(model["low"].min())
        [(_, floor)] = lines_of(axis, probe_layers.GREY, linestyle=":")
        np.testing.assert_allclose(floor, of_model(of, "random")["score"])
        baseline = [y for _, y in lines_of(axis, probe_layers.GREY, linestyle="--")]
        expected = [[of["majority"].iloc[0]] * 2] if metric in ("uuas", "root_accuracy") else []
        assert [list(y) for y in baseline] == expected
    assert legend_of(figure)[4:] == [
        *("Confidence interval", "Random encoder", "Baseline without an encoder")
    ]


def test_structure_does_without_intervals_floor_and_baseline(tmp_path, monkeypatch):
    rows = summary_rows()
    rows = rows[(rows["comparison"] != "random") & (rows["metric"] != "nspr")]
    rows = rows.assign(majority=np.nan, low=np.nan, high=np.nan)
    figure = drawn(plot_structure, probe_layers, rows, tmp_path, monkeypatch)
    assert len(panels_of(figure)) == 3
    tasks = ("Parsing", "Inference", "Question answering")
    assert legend_of(figure) == ["Pretrained", *(f"Fine-tuned: {task}" for task in tasks)]


def test_weights_are_means_over_seeds_in_their_range(tmp_path, monkeypatch):
    rows = weight_rows()
    figure = drawn(plot_mix_weights, probe_layers, rows, tmp_path, monkeypatch)
    panels = panels_of(figure)
    assert [axis.get_title() for axis in panels] == NAMES
    kept = rows[(rows["metric"] == "mix_weight") & rows["variant"].isin(["full", ""])]
    for axis, phenomenon in zip(panels, PHENOMENA, strict=True):
        of = kept[kept["phenomenon"] == phenomenon]
        for (comparison, task), (colour, marker) in MODELS.items():
            model = of_model(of, comparison, task)
            [(x, y)] = lines_of(axis, colour, marker=marker)
            assert list(x) == list(range(7))
            np.testing.assert_allclose(y, model.groupby("layer")["value"].mean())
            bands = bands_of(axis, colour)
            ends = [[band.min(), band.max()] for band in bands]
            expected = [model["value"].min(), model["value"].max()]
            assert ends == ([pytest.approx(expected)] if task else [])
        [(_, uniform)] = lines_of(axis, probe_layers.GREY)
        assert list(uniform) == pytest.approx([1 / 7] * 2)
    assert legend_of(figure)[4:] == ["Range over seeds", "All layers alike"]


def test_one_seed_has_no_band(tmp_path, monkeypatch):
    rows = weight_rows(seeds=(1,))
    figure = drawn(plot_mix_weights, probe_layers, rows, tmp_path, monkeypatch)
    assert legend_of(figure)[4:] == ["All layers alike"]
    assert not panels_of(figure)[0].collections


@each_plot
def test_the_same_table_gives_the_same_bytes(plot, module, rows, tmp_path):
    rows().to_csv(tmp_path / "table.csv", index=False)
    for name in ("one", "two"):
        plot(tmp_path / "table.csv", files_in(tmp_path, name))
    for kind in ("png", "csv", "pdf"):
        first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
        assert first == second
    assert b"CreationDate" not in first


@each_plot
@pytest.mark.parametrize("settings", [[("village", "minilm", 2)], SEVERAL[:2]])
def test_nothing_is_drawn_outside_the_image(plot, module, rows, settings, tmp_path):
    """The outermost pixels stay white, and a page is wide enough, with few panels as with many."""
    rows(settings, tasks=TASKS[: len(settings)]).to_csv(tmp_path / "table.csv", index=False)
    plot(tmp_path / "table.csv", files_in(tmp_path))
    with Image.open(tmp_path / "x.png") as image:
        pixels = np.asarray(image.convert("L"))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()
    assert pixels.shape[1] <= 2160  # 7.2 inches


@each_plot
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="encoder"), r"table\.csv.*no column 'encoder'"),
        (lambda rows: rows.iloc[:0], "no row"),
        (lambda rows: rows.assign(metric="other"), r"table\.csv: found no .*; allowed: "),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(plot, module, rows, change, message, tmp_path):
    change(rows()).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=message):
        plot(tmp_path / "table.csv", files_in(tmp_path))
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("plot", "rows"),
    [
        (plot_probes, summary_rows),
        (plot_structure, summary_rows),
        (plot_mix_weights, weight_rows),
    ],
)
def test_more_tasks_than_colours_are_refused(plot, rows, tmp_path):
    tasks = tuple(f"task{number}" for number in range(7))
    rows(tasks=tasks).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match="found 7 tasks; allowed: up to 6"):
        plot(tmp_path / "table.csv", files_in(tmp_path))


def test_a_table_without_structural_probes_is_refused(tmp_path):
    rows = summary_rows()
    rows[rows["phenomenon"] != "structure"].to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match="no score of a structural probe; allowed: phenomenon str"):
        plot_structure(tmp_path / "table.csv", files_in(tmp_path))
