"""All measures of similarity side by side, to see whether they agree on what changed."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.layers import RANGE, draw_line, mean_and_range
from bertology.figures.similarity import draw_lines, reference_handles, task_handles
from bertology.figures.style import (
    GREY,
    PLAIN,
    FigureFiles,
    FigureSettings,
    Palette,
    figure_style,
    layer_axis,
    legend_below,
    page_panels,
    read_table,
    save_figure,
)
from bertology.similarity.names import MEASURE_NAMES
from bertology.tables import SIMILARITY

COMPARISONS = ("floor", "permuted", "tuned", "ceiling")
COLUMNS = ("encoder", "stimuli", "metric", "comparison", "task", "layer")
PERMUTED_LOOK: dict[str, Any] = {"color": GREY, "linestyle": (0, (6, 2, 1, 2)), "linewidth": 1}
PANEL_SIZE = (2.0, 1.5)  # inches


def plot_measures(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw each measure against the layer: a column for each, a line of panels for each text.

    Lines are as in `plot_similarity`, their bands the range over seeds. Dots and dashes: the
    pretrained encoder against itself with its tokens permuted. Procrustes is a distance: there, up
    is more change. `table` has the columns SIMILARITY; only all tokens, same layers and the variant
    `full` are drawn.
    """
    points = mean_and_range(_drawn(read_table(table, SIMILARITY), table), COLUMNS)
    palette = Palette.of(task for task in points["task"].unique() if task)
    measures = [name for name in MEASURE_NAMES if name in set(points["metric"])]
    texts = list(points.groupby(["encoder", "stimuli"], sort=False))
    several = points["encoder"].nunique() > 1
    with figure_style():
        panels = (len(texts), len(measures))
        figure, axes = page_panels(panels, PANEL_SIZE, sharey="col", sharex=True)
        for line, (names, of_text) in zip(axes, texts, strict=True):
            named = dict(zip(("encoder", "stimuli"), names, strict=True))
            line[0].set_ylabel(settings.joined(named, several_encoders=several))
            for axis, measure in zip(line, measures, strict=True):
                _draw_panel(axis, of_text[of_text["metric"] == measure], palette)
        for axis, measure in zip(axes[0], measures, strict=True):
            axis.set_title(MEASURE_NAMES[measure])
        for axis in axes[-1]:
            layer_axis(axis)
        _legend(figure, points, palette, settings)
        save_figure(figure, points, files)
        plt.close(figure)


def _drawn(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    same = rows["layer"] == rows["second_layer"]
    whole = rows["variant"].isin(["full", ""]) & rows["comparison"].isin(COMPARISONS)
    kept = rows[same & whole & (rows["tokens"] == "all") & rows["metric"].isin(MEASURE_NAMES)]
    if kept.empty:
        raise InputError.at(
            table, None, "no measure of all tokens", f"one of {', '.join(MEASURE_NAMES)}"
        )
    return kept


def _draw_panel(axis: Axes, points: pd.DataFrame, palette: Palette) -> None:
    permuted = points[points["comparison"] == "permuted"]
    if not permuted.empty:
        draw_line(axis, permuted, "value", **PERMUTED_LOOK)
    draw_lines(axis, points, "value", palette)


def _legend(
    figure: Figure, points: pd.DataFrame, palette: Palette, settings: FigureSettings
) -> None:
    handles = [*task_handles(palette, settings), *reference_handles(points, RANGE)]
    if (points["comparison"] == "permuted").any():
        handles.append(Line2D([], [], label="Null: tokens permuted", **PERMUTED_LOOK))
    legend_below(figure, handles)
