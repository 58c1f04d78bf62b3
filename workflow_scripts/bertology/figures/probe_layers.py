"""What probes find layer by layer: scores of structural probes, and weights of the layers."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.layers import (
    INTERVAL,
    RANGE,
    band_handles,
    draw_line,
    mean_and_range,
)
from bertology.figures.probe_models import (
    labelled,
    look,
    model_handles,
    models,
    palette_of,
    read_summary,
)
from bertology.figures.style import (
    GREY,
    FigureFiles,
    Palette,
    display_name,
    figure_style,
    layer_axis,
    legend_below,
    page_panels,
    panel_grid,
    read_table,
    save_figure,
)
from bertology.tables import PROBES

STRUCTURE_METRICS = {
    "uuas": "UUAS (%)",
    "dspr": "DSpr.",
    "root_accuracy": "Root accuracy (%)",
    "nspr": "NSpr.",
}
WITH_BASELINE = ("uuas", "root_accuracy")
BASELINE_LOOK: dict[str, Any] = {"color": GREY, "linestyle": (0, (5, 3)), "linewidth": 0.9}
RANDOM_LOOK: dict[str, Any] = {"color": GREY, "linestyle": ":"}
UNIFORM_LOOK: dict[str, Any] = {"color": GREY, "linestyle": "-", "linewidth": 0.8}
BASELINE = "baseline"
PLACE = ["text", "encoder", "metric"]
STRUCTURE_COLUMNS = [*PLACE, "comparison", "task", "layer", "seeds", "n", "score", "low", "high"]
WEIGHT_COLUMNS = ("text", "phenomenon", "encoder", "comparison", "task", "metric", "layer")
STRUCTURE_SIZE = (2.0, 2.1)  # inches
WEIGHTS_SIZE = (2.0, 1.7)  # inches
TITLE_LENGTH = 26  # characters


def plot_structure(table: Path, files: FigureFiles) -> None:
    """Draw the scores of structural probes against the layer, one panel for each metric.

    A line for each model, with a band for its interval where it has one. Dotted: a random encoder.
    Dashed: a tree, or a root, that is guessed without an encoder. Each text and encoder has its own
    line of panels. `table` has the columns PROBE_SUMMARY.
    """
    rows = read_summary(table)
    structure = (rows["phenomenon"] == "structure") & rows["metric"].isin(STRUCTURE_METRICS)
    rows = rows[structure & (rows["input"] == "layer")]
    if rows.empty:
        allowed = f"phenomenon structure with {', '.join(STRUCTURE_METRICS)}"
        raise InputError.at(table, None, "no score of a structural probe", allowed)
    palette, points = palette_of(rows), _structure_points(rows)
    with figure_style():
        figure, panels = _structure_panels(points)
        for axis, panel in panels:
            _draw_structure(axis, panel, palette)
        _structure_legend(figure, points, palette)
        save_figure(figure, points, files)
        plt.close(figure)


def plot_mix_weights(table: Path, files: FigureFiles) -> None:
    """Draw the weight of each layer in the mix that a probe reads, one panel for each phenomenon.

    A line for each model: the mean over seeds, over a band of their range. A thin line marks equal
    weights. `table` has the columns PROBES; of fine-tuned encoders only the variant `full` is
    drawn.
    """
    rows = read_table(table, PROBES)
    drawn = rows["comparison"].isin(["pretrained", "tuned"]) & rows["variant"].isin(["full", ""])
    drawn &= (rows["metric"] == "mix_weight") & (rows["input"] == "mix")
    rows = labelled(rows[drawn])
    if rows.empty:
        raise InputError.at(table, None, "no weight of a layer", "metric mix_weight")
    points = mean_and_range(rows, ["row", *WEIGHT_COLUMNS]).rename(columns={"value": "weight"})
    palette = palette_of(points)
    with figure_style():
        figure, panels = panel_grid(points, ["encoder", "row"], WEIGHTS_SIZE)
        for axis, panel in panels:
            _draw_weights(axis, panel, palette)
        panels[0][0].set_ylim(bottom=0)
        figure.supylabel("Weight in the mix (all layers: 1)")
        handles = [*model_handles(points, palette, linestyle="-"), *band_handles(points, RANGE)]
        legend_below(figure, [*handles, Line2D([], [], **UNIFORM_LOOK, label="All layers alike")])
        save_figure(figure, points.drop(columns="row"), files)
        plt.close(figure)


def _structure_points(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep what is drawn of models, and add the baselines: the same for all layers and models."""
    with_baseline = rows["metric"].isin(WITH_BASELINE) & rows["majority"].notna()
    baselines = rows[with_baseline].drop_duplicates(PLACE)[PLACE]
    baselines = baselines.assign(comparison=BASELINE, score=rows["majority"])
    return pd.concat([rows[STRUCTURE_COLUMNS], baselines]).reindex(columns=STRUCTURE_COLUMNS)


def _structure_panels(points: pd.DataFrame) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Lay out a line of panels for each encoder and text; panels of a metric share their scale."""
    groups = list(points.groupby(["encoder", "text"], sort=False))
    metrics = [metric for metric in STRUCTURE_METRICS if metric in set(points["metric"])]
    figure, axes = page_panels((len(groups), len(metrics)), STRUCTURE_SIZE, sharey="col")
    varying = [points[column].nunique() > 1 for column in ("encoder", "text")]
    panels = []
    for line, (names, group) in zip(axes, groups, strict=True):
        shown = [display_name(str(n)) for n, varies in zip(names, varying, strict=True) if varies]
        line[0].set_ylabel(": ".join(shown))
        for axis, metric in zip(line, metrics, strict=True):
            axis.set_title(STRUCTURE_METRICS[metric])
            panels.append((axis, group[group["metric"] == metric]))
    return figure, panels


def _draw_structure(axis: Axes, points: pd.DataFrame, palette: Palette) -> None:
    for score in points.loc[points["comparison"] == BASELINE, "score"]:
        axis.axhline(score, **BASELINE_LOOK)
    floor = points[points["comparison"] == "random"]
    if not floor.empty:
        draw_line(axis, floor, "score", **RANDOM_LOOK)
    for model, of in models(points, palette).items():
        draw_line(axis, of, "score", **look(model, palette))
    layer_axis(axis)


def _draw_weights(axis: Axes, points: pd.DataFrame, palette: Palette) -> None:
    axis.axhline(1 / points["layer"].nunique(), **UNIFORM_LOOK)
    for model, of in models(points, palette).items():
        draw_line(axis, of, "weight", **look(model, palette))
    axis.set_title(textwrap.fill(axis.get_title(), TITLE_LENGTH))
    layer_axis(axis)


def _structure_legend(figure: Figure, points: pd.DataFrame, palette: Palette) -> None:
    """Explain, below the panels, only what is drawn."""
    handles = model_handles(points, palette, linestyle="-")
    handles += band_handles(points, INTERVAL)
    if (points["comparison"] == "random").any():
        handles.append(Line2D([], [], **RANDOM_LOOK, label="Random encoder"))
    if (points["comparison"] == BASELINE).any():
        handles.append(Line2D([], [], **BASELINE_LOOK, label="Baseline without an encoder"))
    legend_below(figure, handles)
