"""How much of a task's score is kept when layers are frozen or left out."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.layers import INTERVAL
from bertology.figures.style import (
    GREY,
    FigureFiles,
    Palette,
    display_name,
    figure_style,
    legend_below,
    page_panels,
    read_table,
    save_figure,
)
from bertology.tables import ABLATIONS

NUMBERS = ("frozen", "kept", "relative", "relative_low", "relative_high")
AXES = {
    "frozen": "Layers frozen (0: embeddings alone)",
    "kept": "Layers kept",
}
COLUMNS = (
    *("encoder", "task", "variant", "frozen", "kept", "metric", "seeds", "n"),
    *("relative", "relative_low", "relative_high"),
)
PANEL_SIZE = (3.2, 2.5)  # inches
DODGE = 0.06
"""Of a layer, by which tasks stand apart, so that their intervals can be told apart."""


def plot_ablations(table: Path, files: FigureFiles) -> None:
    """Draw scores in percent of full fine-tuning against the layers frozen, and kept.

    All tasks share one scale; each encoder has a line of panels, without that of an ablation that
    was not run. Bars are intervals. `table` has the columns ABLATIONS; InputError where it has full
    fine-tunings alone.
    """
    rows = read_table(table, ABLATIONS)
    rows = rows.assign(**{name: pd.to_numeric(rows[name]) for name in NUMBERS})
    if set(rows["variant"]) == {"full"}:
        raise InputError.at(table, None, "full fine-tunings alone", "ablations among them")
    palette = Palette.of(rows["task"].unique())
    encoders = list(rows.groupby("encoder", sort=False))
    columns = [name for name in AXES if set(_points(rows, name)["variant"]) - {"full"}]
    with figure_style():
        figure, axes = page_panels((len(encoders), len(columns)), PANEL_SIZE, sharey=True)
        for line, (encoder, of_encoder) in zip(axes, encoders, strict=True):
            for axis, column in zip(line, columns, strict=True):
                _draw_panel(axis, _points(of_encoder, column), column, palette)
                axis.set(xlabel=AXES[column], ylabel="")
            if len(encoders) > 1:
                line[0].set_title(display_name(str(encoder)), loc="left")
        figure.supylabel("Score (% of full fine-tuning)")
        legend_below(figure, _handles(palette))
        drawn = pd.concat([_points(rows, column) for column in columns])
        save_figure(figure, drawn[list(COLUMNS)], files)
        plt.close(figure)


def _points(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Keep what belongs in a panel: frozen or kept layers; all kept is full fine-tuning."""
    if column == "frozen":
        return rows[rows["frozen"].notna()]
    return rows[rows["frozen"].isna()]


def _draw_panel(axis: Axes, rows: pd.DataFrame, column: str, palette: Palette) -> None:
    axis.axhline(100, color=GREY, linestyle=(0, (4, 2)), linewidth=1)
    for number, (task, colour) in enumerate(palette.colours.items()):
        of_task = rows[rows["task"] == task].sort_values(column)
        middle = of_task["relative"].to_numpy()
        ends = of_task[["relative_low", "relative_high"]].to_numpy().T
        axis.errorbar(
            of_task[column] + DODGE * (number - (len(palette.colours) - 1) / 2),
            middle,
            yerr=np.abs(ends - middle),
            color=colour,
            marker=palette.markers[task],
            elinewidth=1,
        )
    first, depth = (1 if column == "kept" else 0), int(rows["kept"].max())
    axis.set_xticks(range(first, depth + 1))
    axis.set_xlim(first - 0.4, depth + 0.4)
    axis.grid(visible=False, axis="x")


def _handles(palette: Palette) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=colour, marker=palette.markers[task], label=display_name(task))
        for task, colour in palette.colours.items()
    ]
    full = Line2D([], [], color=GREY, linestyle=(0, (4, 2)), label="Full fine-tuning")
    bar = Line2D([], [], color=GREY, marker="|", markersize=8, linestyle="", label=INTERVAL)
    return [*handles, full, bar]
