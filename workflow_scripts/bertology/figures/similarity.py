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
    FigureFiles,
    Palette,
    display_name,
    figure_style,
    layer_axis,
    legend_below,
    panel_grid,
    read_table,
    save_figure,
)
from bertology.tables import SIMILARITY_SUMMARY

DRAWN = {
    "rsa_pearson": "RSA (Pearson correlation)",
    "rsa_spearman": "RSA (Spearman correlation)",
    "rsa_standardised": "RSA (standardised dimensions)",
}
"""The measure that is drawn, the first of these that there is, and its label."""
COLUMNS = ("encoder", "stimuli", "comparison", "task", "metric", "layer", "seeds")
CEILING_LOOK: dict[str, Any] = {
    "linestyle": (0, (4, 2)),
    "linewidth": 1,
    "markerfacecolor": "white",
    "markersize": 3,
}
FLOOR_LOOK: dict[str, Any] = {"color": GREY, "linestyle": ":"}
PANEL_SIZE = (2.4, 2.1)  # inches
TOP = 1.05  # an interval may pass 1, where no correlation is: the axis ends there


def plot_similarity(table: Path, files: FigureFiles) -> None:
    """Draw RSA against the layer, one panel for each encoder and set of stimuli.

    A line for each task: layer k of the fine-tuned encoder against layer k of the pretrained one,
    mean over seeds. Dashed: the ceiling, two fine-tunings that differ in their seed only. Dotted:
    the floor, a random encoder against the pretrained one. Bands are intervals. `table` has the
    columns SIMILARITY_SUMMARY.
    """
    points = _points(read_table(table, SIMILARITY_SUMMARY), table)
    palette = Palette.of(task for task in points["task"].unique() if task)
    with figure_style():
        figure, panels = panel_grid(points, ["encoder", "stimuli"], PANEL_SIZE)
        for axis, panel in panels:
            draw_lines(axis, panel, "similarity", palette)
            layer_axis(axis)
        figure.axes[0].set_ylim(top=TOP)
        figure.supylabel(DRAWN[points["metric"].iloc[0]])
        legend_below(figure, line_handles(points, palette, INTERVAL))
        save_figure(figure, points, files)
        plt.close(figure)


def _points(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Keep the similarity of encoders; that of permuted tokens is in the figure of measures."""
    kept = rows[(rows["comparison"] != "permuted") & rows["metric"].isin(DRAWN)]
    if kept.empty:
        found = f"metrics {sorted(rows['metric'].unique())}"
        raise InputError.at(table, None, found, f"one of {', '.join(DRAWN)}")
    return kept[[*COLUMNS, "similarity", "low", "high"]]


def draw_lines(axis: Axes, points: pd.DataFrame, value: str, palette: Palette) -> None:
    """Draw a column by layer: floor, and each task with its ceiling, over bands."""
    floor = points[points["comparison"] == "floor"]
    if not floor.empty:
        draw_line(axis, floor, value, **FLOOR_LOOK)
    for comparison, looks in (("ceiling", CEILING_LOOK), ("tuned", {})):
        of = points[points["comparison"] == comparison]
        for task, colour in palette.colours.items():
            of_task = of[of["task"] == task]
            if not of_task.empty:
                marker = palette.markers[task]
                draw_line(axis, of_task, value, color=colour, marker=marker, **looks)


def line_handles(points: pd.DataFrame, palette: Palette, band: str) -> list[Artist]:
    """Make the entries of a legend that names only what is drawn; `band` is what bands are."""
    drawn = set(points["comparison"])
    handles: list[Artist] = [
        Line2D([], [], color=colour, marker=palette.markers[task], label=display_name(task))
        for task, colour in palette.colours.items()
    ]
    handles += band_handles(points, band)
    if "ceiling" in drawn:
        label = "Ceiling: two seeds of one task"
        handles.append(Line2D([], [], color="black", marker="o", label=label, **CEILING_LOOK))
    if "floor" in drawn:
        handles.append(Line2D([], [], label="Floor: random encoder", **FLOOR_LOOK))
    return handles
