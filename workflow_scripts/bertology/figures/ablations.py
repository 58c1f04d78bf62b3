"""How much of what fine-tuning gains is kept when layers are frozen or left out."""

from pathlib import Path
from typing import Any

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
    PLAIN,
    FigureFiles,
    FigureSettings,
    Palette,
    figure_style,
    legend_below,
    page_panels,
    read_table,
    save_figure,
)
from bertology.tables import ABLATIONS
from bertology.titles import display_name
from bertology.variants import FULL, UNTUNED

QUANTITIES = {
    "recovery": "Recovery (% of what tuning gains)",
    "relative": "Score (% of full fine-tuning)",
}
"""What is drawn, the first of these that the table has, and its label."""
NUMBERS = (
    *("frozen", "kept", "score"),
    *(f"{name}{end}" for name in QUANTITIES for end in ("", "_low", "_high")),
)
AXES = {
    "frozen": "Layers frozen (0: embeddings alone)",
    "kept": "Layers kept",
}
COLUMNS = (
    *("encoder", "task", "variant", "frozen", "kept", "metric", "seeds", "n", "score"),
    *("quantity", "value", "low", "high"),
)
PANEL_SIZE = (3.2, 2.5)  # inches
FULL_LOOK: dict[str, Any] = {"color": GREY, "linestyle": (0, (4, 2)), "linewidth": 1}
UNTUNED_LOOK: dict[str, Any] = {"color": GREY, "linestyle": ":", "linewidth": 1.2}
DODGE = 0.06
"""Of a layer, by which tasks stand apart, so that their intervals can be told apart."""


def plot_ablations(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw what is left of full fine-tuning against the layers frozen, and kept.

    Recovery, if the table has it (0 is an encoder that was not tuned, under a trained head), else
    the score in percent of full fine-tuning. Lines join neighbours alone: between others nothing
    was measured. All tasks share one scale; each encoder has a line of panels, without that of an
    ablation that was not run. Bars are intervals. `table` has the columns ABLATIONS; InputError
    where it has full fine-tunings alone.
    """
    rows = _points(read_table(table, ABLATIONS))
    if set(rows["variant"]) == {FULL}:
        raise InputError.at(table, None, "full fine-tunings alone", "ablations among them")
    palette = Palette.of(rows["task"].unique())
    encoders = list(rows.groupby("encoder", sort=False))
    columns = [name for name in AXES if set(_of_panel(rows, name)["variant"]) - {FULL}]
    with figure_style():
        figure, axes = page_panels((len(encoders), len(columns)), PANEL_SIZE, sharey=True)
        for line, (encoder, of_encoder) in zip(axes, encoders, strict=True):
            for axis, column in zip(line, columns, strict=True):
                _draw_panel(axis, _of_panel(of_encoder, column), column, palette)
                axis.set(xlabel=AXES[column], ylabel="")
            if len(encoders) > 1:
                line[0].set_title(settings.title("encoder", encoder), loc="left")
        figure.supylabel(QUANTITIES[rows["quantity"].iloc[0]])
        legend_below(figure, _handles(rows, palette, settings))
        drawn = pd.concat([_of_panel(rows, column) for column in columns])
        save_figure(figure, drawn[list(COLUMNS)], files)
        plt.close(figure)


def _points(rows: pd.DataFrame) -> pd.DataFrame:
    """Name what is drawn: `quantity`, and its `value`, `low` and `high`."""
    rows = rows.assign(**{name: pd.to_numeric(rows[name]) for name in NUMBERS})
    quantity = next(name for name in QUANTITIES if rows[name].notna().any() or name == "relative")
    of = {"value": rows[quantity], "low": rows[f"{quantity}_low"], "high": rows[f"{quantity}_high"]}
    return rows.assign(quantity=quantity, **of)


def _of_panel(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Keep what belongs in a panel: frozen or kept layers; all kept is full fine-tuning."""
    if column == "frozen":
        return rows[rows["frozen"].notna()]
    return rows[rows["frozen"].isna()]


def draw_ends(axis: Axes, quantity: str) -> None:
    """Draw the lines of full fine-tuning and, for recovery, of an untuned encoder."""
    axis.axhline(100, **FULL_LOOK)
    if quantity == "recovery":
        axis.axhline(0, **UNTUNED_LOOK)


def end_handles(quantity: str) -> list[Artist]:
    """Explain these lines."""
    full = Line2D([], [], label="Full fine-tuning", **FULL_LOOK)
    untuned = Line2D([], [], label="Untuned, head trained", **UNTUNED_LOOK)
    return [full, untuned] if quantity == "recovery" else [full]


def _draw_panel(axis: Axes, rows: pd.DataFrame, column: str, palette: Palette) -> None:
    draw_ends(axis, rows["quantity"].iloc[0])
    for number, (task, colour) in enumerate(palette.colours.items()):
        looks: dict[str, Any] = {"color": colour, "marker": palette.markers[task], "elinewidth": 1}
        of_task = rows[rows["task"] == task].sort_values(column)
        of_task = of_task.assign(place=of_task[column] + DODGE * (number - palette.middle))
        for _, neighbours in of_task.groupby((of_task[column].diff() != 1).cumsum()):
            ends = neighbours[["low", "high"]].to_numpy().T
            errors = np.abs(ends - neighbours["value"].to_numpy())
            axis.errorbar(neighbours["place"], neighbours["value"], yerr=errors, **looks)
    first, depth = (1 if column == "kept" else 0), int(rows["kept"].max())
    axis.set_xticks(range(first, depth + 1))
    axis.set_xlim(first - 0.4, depth + 0.4)
    axis.grid(visible=False, axis="x")


def _handles(rows: pd.DataFrame, palette: Palette, settings: FigureSettings) -> list[Artist]:
    """Explain what is drawn; of one encoder, with the scores that 100, and 0, stand for."""
    handles: list[Artist] = []
    for task, colour in palette.colours.items():
        label = settings.title("task", task)
        if rows["encoder"].nunique() == 1:
            label += f" ({_anchors(rows[rows['task'] == task])})"
        marker = palette.markers[task]
        handles.append(Line2D([], [], label=label, color=colour, marker=marker))
    handles += end_handles(rows["quantity"].iloc[0])
    bar = Line2D([], [], label=INTERVAL, color=GREY, marker="|", markersize=8, linestyle="")
    return [*handles, bar]


def _anchors(rows: pd.DataFrame) -> str:
    """Say which scores of a task the reference lines stand for."""
    scores = dict(zip(rows["variant"], rows["score"], strict=True))
    metric = display_name(rows["metric"].iloc[0])
    if UNTUNED in scores and rows["quantity"].iloc[0] == "recovery":
        return f"{metric} {scores[UNTUNED]:.1f} to {scores[FULL]:.1f}"
    return f"{metric} {scores[FULL]:.1f}"
