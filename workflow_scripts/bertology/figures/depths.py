"""Where encoders of several depths change, by similarity and by causes, beside each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure

from bertology.figures.style import (
    PAGE_WIDTH,
    PLAIN,
    FigureFiles,
    FigureSettings,
    Palette,
    figure_style,
    legend_below,
    read_table,
    save_figure,
)
from bertology.figures.transplants import (
    COMPARISONS,
    CURVE_WIDTH,
    draw_panel,
    label_columns,
    transplant_handles,
    transplant_points,
)
from bertology.tables import SIMILARITY_SUMMARY

QUANTITIES = ("change", "own_change", "kept")
"""Of those in the figure of transplants: what one layer costs alone would hardly be seen here."""
LINE_HEIGHT, MARGIN = 1.5, 0.8  # inches
TITLE = 6.8  # points: three columns of a block have less room than four of a page
TABLES = ("similarity_summary.csv", "reverts.csv")
"""Of each study, in its folder."""


def plot_depths(
    studies: Sequence[Path], files: FigureFiles, settings: FigureSettings = PLAIN
) -> None:
    """Draw what each study's tables say of its tuned encoders: a block each, a line for each task.

    In every block, by layer: how much the encoder looks changed, what a layer changes by itself,
    both on one text for all (see `shared_text`), and what is left of what tuning gives the head if
    layers are put back. All blocks are equally high, whatever their number of layers.
    `studies` are folders with the files TABLES.
    """
    text = shared_text(studies)
    similarity, reverts = TABLES
    points = pd.concat(
        [transplant_points(folder / similarity, folder / reverts, text) for folder in studies]
    )
    points = points[points["quantity"].isin(QUANTITIES)]
    tasks = list(points["task"].unique())
    colours = Palette.of(tasks).colours
    blocks = list(points.groupby("encoder", sort=False))
    with figure_style():
        figure = plt.figure(figsize=(PAGE_WIDTH, LINE_HEIGHT * len(tasks) + MARGIN))
        parts = figure.subfigures(1, len(blocks), squeeze=False)[0]
        for place, (part, (encoder, of)) in enumerate(zip(parts, blocks, strict=True)):
            part.suptitle(settings.title("encoder", encoder), fontweight="bold")
            _draw_block(part, of, colours)
            for axis, task in zip(part.get_axes()[:: len(QUANTITIES)], tasks, strict=True):
                axis.set_ylabel(f"{settings.title('task', task)}\nLayer" if not place else "")
        legend_below(figure, transplant_handles(points))
        save_figure(figure, points, files)
        plt.close(figure)


def shared_text(studies: Sequence[Path]) -> str:
    """Name the text on which changes of all encoders and tasks were measured; "" if there is none.

    Best one that no task was tuned on, so that a task's own text and its form explain nothing.
    """
    tables = [read_table(folder / TABLES[0], SIMILARITY_SUMMARY) for folder in studies]
    rows = pd.concat([table.assign(study=str(at)) for at, table in enumerate(tables)])
    rows = rows[rows["comparison"].isin(COMPARISONS)]
    cells = ["study", "encoder", "task"]
    everywhere = len(rows[cells].drop_duplicates()) * len(COMPARISONS)
    of_text = rows.drop_duplicates([*cells, "comparison", "stimuli"]).groupby("stimuli")
    whole = [str(text) for text, of in of_text if len(of) == everywhere]
    neutral = set(rows.loc[rows["domain"] == "neutral", "stimuli"])
    return min(whole, key=lambda text: text not in neutral, default="")


def _draw_block(part: Figure | SubFigure, points: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draw the panels of one encoder."""
    axes = part.subplots(
        *(len(colours), len(QUANTITIES)),
        width_ratios=[1] * (len(QUANTITIES) - 1) + [CURVE_WIDTH],
        sharex="col",
        sharey=True,
        squeeze=False,
    )
    for line, (task, colour) in zip(axes, colours.items(), strict=True):
        for axis, quantity in zip(line, QUANTITIES, strict=True):
            chosen = (points["task"] == task) & (points["quantity"] == quantity)
            draw_panel(axis, quantity, points[chosen], colour)
    label_columns(np.asarray(axes), points, QUANTITIES)
    for axis in axes[0]:
        axis.title.set_size(TITLE)
