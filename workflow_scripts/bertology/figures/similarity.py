"""How alike fine-tuned and pretrained encoders are, layer by layer."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.layers import INTERVAL, band_handles, draw_line
from bertology.figures.style import (
    GREY,
    OWN_FACE,
    OWN_TEXT,
    PLAIN,
    SMALL,
    FigureFiles,
    FigureSettings,
    Palette,
    figure_style,
    layer_axis,
    legend_below,
    page_panels,
    read_table,
    save_figure,
    text_label,
)
from bertology.tables import SIMILARITY_SUMMARY

DRAWN = {
    "rsa_pearson": "RSA (Pearson correlation)",
    "rsa_spearman": "RSA (Spearman correlation)",
    "rsa_standardised": "RSA (standardised dimensions)",
}
"""The measure that is drawn, the first of these that there is, and its label."""
COMPARISONS = ("floor", "perturbed", "ceiling", "tuned")
"""In the order in which lines are drawn, the last one on top."""
COLUMNS = ("encoder", "stimuli", "domain", "comparison", "task", "metric", "layer", "seeds")
CEILING_LOOK: dict[str, Any] = {
    "linestyle": (0, (4, 2)),
    "linewidth": 1,
    "markerfacecolor": "white",
    "markersize": 3,
}
FLOOR_LOOK: dict[str, Any] = {"color": GREY, "linestyle": ":"}
PERTURBED_LOOK: dict[str, Any] = {
    "color": "black",
    "linestyle": (0, (6, 2, 1, 2)),
    "linewidth": 0.9,
}
PANEL_SIZE = (2.4, 1.25)  # inches
TOP = 1.04
"""Of the axis: no correlation is above 1, and a marker at 1 has room."""


def plot_similarity(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw RSA against the layer: a line of panels for each encoder and text, one for each task.

    Layer k of the fine-tuned encoder against layer k of the pretrained one, mean over seeds.
    Dashed: the ceiling, two fine-tunings that differ in their seed only. Dots and dashes: the
    pretrained encoder with so much noise on its weights that it changed as much. Dotted: the floor,
    a random encoder. Bands are intervals, cut at 1. A panel with a task's own text says so. `table`
    has the columns SIMILARITY_SUMMARY.
    """
    points = _points(read_table(table, SIMILARITY_SUMMARY), table)
    palette = Palette.of(task for task in points["task"].unique() if task)
    texts = list(points.groupby(["encoder", "stimuli"], sort=False))
    with figure_style():
        panels = (len(texts), len(palette.colours))
        figure, axes = page_panels(panels, PANEL_SIZE, sharex=True, sharey=True)
        for line, (names, of_text) in zip(axes, texts, strict=True):
            _label(line[0], names, of_text, points, settings)
            for axis, task in zip(line, palette.colours, strict=True):
                _draw_panel(axis, of_text[of_text["task"].isin(["", task])], palette)
        for axis, task in zip(axes[0], palette.colours, strict=True):
            axis.set_title(settings.title("task", task))
        for axis in axes[-1]:
            layer_axis(axis)
        axes[0, 0].set_ylim(top=TOP)
        figure.supylabel(DRAWN[points["metric"].iloc[0]])
        tuned = Line2D([], [], color="black", marker="o", label="Fine-tuned")
        legend_below(figure, [tuned, *reference_handles(points, INTERVAL)])
        save_figure(figure, points, files)
        plt.close(figure)


def _points(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Keep what is drawn: permuted tokens are in another figure, and so are layers' own changes."""
    kept = rows[rows["comparison"].isin(COMPARISONS) & rows["metric"].isin(DRAWN)]
    if not (kept["comparison"] == "tuned").any():
        found = f"no tuned encoder; metrics {sorted(rows['metric'].unique())}"
        raise InputError.at(table, None, found, f"comparison tuned by one of {', '.join(DRAWN)}")
    kept = kept.assign(high=kept["high"].clip(upper=1))
    return kept[[*COLUMNS, "similarity", "low", "high"]]


def _label(
    axis: Axes, names: Any, rows: pd.DataFrame, points: pd.DataFrame, settings: FigureSettings
) -> None:
    """Name a line of panels: the text, and among several the encoder."""
    named = dict(zip(("encoder", "stimuli"), names, strict=True))
    if points["encoder"].nunique() == 1:
        del named["encoder"]
    axis.set_ylabel(text_label(settings, named, rows))


def _draw_panel(axis: Axes, points: pd.DataFrame, palette: Palette) -> None:
    draw_lines(axis, points, "similarity", palette)
    if "own" in set(points["domain"]):
        axis.set_facecolor(OWN_FACE)
        place = axis.transAxes
        axis.text(0.03, 0.05, OWN_TEXT, transform=place, fontsize=SMALL, fontstyle="italic")


def draw_lines(axis: Axes, points: pd.DataFrame, value: str, palette: Palette) -> None:
    """Draw a column by layer, over bands: floor, and each task with its reference lines."""
    floor = points[points["comparison"] == "floor"]
    if not floor.empty:
        draw_line(axis, floor, value, **FLOOR_LOOK)
    for task, colour in palette.colours.items():
        of_task = points[points["task"] == task]
        own: dict[str, Any] = {"color": colour, "marker": palette.markers[task]}
        looks = {"perturbed": PERTURBED_LOOK, "ceiling": own | CEILING_LOOK, "tuned": own}
        for comparison, look in looks.items():
            of = of_task[of_task["comparison"] == comparison]
            if not of.empty:
                draw_line(axis, of, value, **look)


def task_handles(palette: Palette, settings: FigureSettings) -> list[Artist]:
    """Make the entries of a legend that name the tasks."""
    return [
        Line2D([], [], color=of, marker=palette.markers[task], label=settings.title("task", task))
        for task, of in palette.colours.items()
    ]


def reference_handles(points: pd.DataFrame, band: str) -> list[Artist]:
    """Make the entries that name those reference lines that are drawn; `band` is what bands are."""
    drawn = set(points["comparison"])
    handles = band_handles(points, band)
    if "ceiling" in drawn:
        label = "Ceiling: two seeds of one task"
        handles.append(Line2D([], [], color="black", marker="o", label=label, **CEILING_LOOK))
    if "perturbed" in drawn:
        label = "As much change by random noise"
        handles.append(Line2D([], [], label=label, **PERTURBED_LOOK))
    if "floor" in drawn:
        handles.append(Line2D([], [], label="Floor: random encoder", **FLOOR_LOOK))
    return handles
