"""How scores, or what frozen layers leave of them, grow with the number of training examples."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from bertology.figures.ablations import draw_ends, end_handles
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
from bertology.tables import TRAINING_SIZES
from bertology.titles import display_name
from bertology.variants import FULL, UNTUNED, parsed

QUANTITIES = {"recovery": "Recovery (% of what tuning gains)", "score": "Test score"}
"""What is drawn, the first of these that the table has, and its label."""
ENDS = {"recovery": ("recovery_low", "recovery_high"), "score": ("low", "high")}
NUMBERS = ("percent", "examples", "score", "low", "high", "recovery", *ENDS["recovery"])
COLUMNS = (
    *("encoder", "task", "variant", "percent", "examples", "metric", "seeds", "n"),
    *("quantity", "value", "low", "high"),
)
TITLES = {
    FULL: "Encoder fine-tuned",
    UNTUNED: "Encoder fixed, head trained",
    "freeze": "First {} layers frozen",
    "keep": "First {} layers kept",
}
PANEL_SIZE = (3.2, 2.4)  # inches


def plot_training_sizes(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw recovery against the number of training examples, a panel for each variant.

    That of `full` is 100 and that of `untuned` 0 by definition, so that these are lines. Without
    recovery in the table, the scores of all variants are drawn. Each encoder has a line of panels;
    bars are intervals. `table` has the columns TRAINING_SIZES.
    """
    points = _points(read_table(table, TRAINING_SIZES))
    palette = Palette.of(points["task"].unique())
    encoders = list(points.groupby("encoder", sort=False))
    variants = list(points["variant"].unique())
    with figure_style():
        figure, axes = page_panels((len(encoders), len(variants)), PANEL_SIZE, sharey=True)
        for line, (encoder, of_encoder) in zip(axes, encoders, strict=True):
            for axis, variant in zip(line, variants, strict=True):
                _draw_panel(axis, of_encoder[of_encoder["variant"] == variant], palette)
                axis.set(title=_in_words(variant), xlabel="Training examples")
            if len(encoders) > 1:
                line[0].set_title(settings.title("encoder", encoder), loc="left")
        figure.supylabel(QUANTITIES[points["quantity"].iloc[0]])
        legend_below(figure, _handles(points, palette, settings))
        save_figure(figure, points[list(COLUMNS)], files)
        plt.close(figure)


def _points(rows: pd.DataFrame) -> pd.DataFrame:
    """Name what is drawn: `quantity`, and its `value`, `low` and `high`."""
    rows = rows.assign(**{name: pd.to_numeric(rows[name]) for name in NUMBERS})
    of_layers = ~rows["variant"].isin((FULL, UNTUNED))
    quantity = "recovery" if rows.loc[of_layers, "recovery"].notna().any() else "score"
    kept = rows[of_layers] if quantity == "recovery" else rows
    low, high = (kept[end] for end in ENDS[quantity])
    return kept.assign(quantity=quantity, value=kept[quantity], low=low, high=high)


def _draw_panel(axis: Axes, rows: pd.DataFrame, palette: Palette) -> None:
    if (rows["quantity"] == "recovery").any():
        draw_ends(axis, "recovery")
    for task, of_task in rows.sort_values("examples").groupby("task", sort=False):
        looks: dict[str, Any] = {"color": palette.colours[str(task)], "elinewidth": 1}
        ends = of_task[["low", "high"]].to_numpy().T
        errors = np.abs(ends - of_task["value"].to_numpy())
        marker = palette.markers[str(task)]
        axis.errorbar(of_task["examples"], of_task["value"], yerr=errors, marker=marker, **looks)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(visible=False, axis="x")


def _in_words(variant: str) -> str:
    """Say what is fixed or left out."""
    kind = parsed(variant)
    return TITLES[variant] if kind is None else TITLES[kind[0]].format(kind[1])


def _handles(points: pd.DataFrame, palette: Palette, settings: FigureSettings) -> list[Artist]:
    handles: list[Artist] = []
    for task, colour in palette.colours.items():
        metric = display_name(points.loc[points["task"] == task, "metric"].iloc[0])
        label = f"{settings.title('task', task)} ({metric})"
        handles.append(Line2D([], [], label=label, color=colour, marker=palette.markers[task]))
    if (points["quantity"] == "recovery").any():
        handles += end_handles("recovery")
    bar = Line2D([], [], label=INTERVAL, color=GREY, marker="|", markersize=8, linestyle="")
    return [*handles, bar]
