"""How well the fine-tuned encoders do their tasks, beside encoders that were left as they were."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.style import (
    GREY,
    Palette,
    display_name,
    figure_style,
    legend_below,
    panel_grid,
    read_table,
    save_figure,
)
from bertology.tables import FINETUNING, MAIN_METRICS

VARIANTS = {"untuned": "Encoder fixed,\nhead trained", "full": "Encoder\nfine-tuned"}
PANEL_SIZE = (2.1, 2.6)  # inches


def plot_finetuning(table: Path, png: Path, pdf: Path) -> None:
    """Draw each task's main metric on test data, one panel for each encoder and task.

    Each seed is a dot, their mean a line with its value: the fine-tuned encoder beside the fixed
    one on which only the head was trained. `table` has the columns FINETUNING, its values are
    percentages.
    """
    rows = _main_scores(read_table(table, FINETUNING), table)
    palette = Palette.of(rows["task"].unique())
    with figure_style():
        figure, panels = panel_grid(rows, ["encoder", "task"], PANEL_SIZE)
        for axis, panel in panels:
            _draw_panel(axis, panel, palette)
        panels[0][0].set_ylim(0, 104)
        figure.supylabel("Score on test data (%)", fontsize=9)
        _legend(figure)
        save_figure(figure, png, pdf)
        plt.close(figure)


def _main_scores(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Keep test scores of the main metric of each task, tuned and untuned."""
    test = rows[(rows["split"] == "test") & rows["variant"].isin(VARIANTS)]
    chosen = []
    for task, scores in test.groupby("task", sort=False):
        metrics = [metric for metric in MAIN_METRICS if metric in set(scores["metric"])]
        if not metrics:
            found = f"task {task} without a main metric"
            raise InputError.at(table, None, found, f"one of {', '.join(MAIN_METRICS)}")
        chosen.append(scores[scores["metric"] == metrics[0]])
    if not chosen:
        raise InputError.at(table, None, "no test score", "scores of the split test")
    return pd.concat(chosen)


def _draw_panel(axis: Axes, rows: pd.DataFrame, palette: Palette) -> None:
    task, metric = rows["task"].iloc[0], rows["metric"].iloc[0]
    order = [variant for variant in VARIANTS if variant in set(rows["variant"])]
    for place, variant in enumerate(order):
        mean = rows.loc[rows["variant"] == variant, "value"].mean()
        axis.plot([place - 0.25, place + 0.25], [mean, mean], color="black", linewidth=1.4)
        axis.annotate(f"{mean:.1f}", (place + 0.29, mean), va="center", fontsize=8.5)
    sns.swarmplot(
        rows,
        x="variant",
        y="value",
        order=order,
        color=palette.colours[task],
        marker=palette.markers[task],
        size=5,
        ax=axis,
    )
    axis.set(xlabel="", ylabel="", title=f"{axis.get_title()}: {display_name(metric)}")
    axis.set_xticks(range(len(order)), [VARIANTS[variant] for variant in order])
    axis.set_xlim(-0.5, len(order) - 0.25)
    axis.grid(visible=False, axis="x")


def _legend(figure: Figure) -> None:
    handles: list[Artist] = [
        Line2D([], [], color=GREY, marker="o", linestyle="", markersize=5, label="One seed"),
        Line2D([], [], color="black", label="Mean over seeds"),
    ]
    legend_below(figure, handles)
