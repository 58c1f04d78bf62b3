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
from bertology.figures.layers import INTERVAL
from bertology.figures.style import (
    GREY,
    PLAIN,
    FigureFiles,
    FigureSettings,
    Palette,
    figure_style,
    legend_below,
    panel_grid,
    read_table,
    save_figure,
)
from bertology.tables import ABLATIONS, FINETUNING
from bertology.titles import display_name

VARIANTS = {"untuned": "Encoder fixed,\nhead trained", "full": "Encoder\nfine-tuned"}
SEED, MEAN = "seed", "mean over seeds"
COLUMNS = ("encoder", "task", "variant", "metric", "point", "seed", "score", "low", "high")
BESIDE = 0.22
"""Of the distance between variants, by which a mean stands at the right of its seeds."""
PANEL_SIZE = (2.3, 2.3)  # inches


def plot_finetuning(
    scores: Path, summary: Path, files: FigureFiles, settings: FigureSettings = PLAIN
) -> None:
    """Draw each task's main metric on test data, one panel for each encoder and task.

    Each seed is a dot, beside their mean with its interval and its value: the fine-tuned encoder,
    and the fixed one on which only the head was trained. `scores` has the columns FINETUNING,
    `summary` the columns ABLATIONS; their values are percentages.
    """
    points = _points(read_table(scores, FINETUNING), read_table(summary, ABLATIONS), scores)
    palette = Palette.of(points["task"].unique())
    with figure_style():
        figure, panels = panel_grid(points, ["encoder", "task"], PANEL_SIZE, settings)
        for axis, panel in panels:
            _draw_panel(axis, panel, palette)
        panels[0][0].set_ylim(0, 104)
        figure.supylabel("Score on test data (%)")
        _legend(figure)
        save_figure(figure, points, files)
        plt.close(figure)


def _points(scores: pd.DataFrame, summary: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Join each seed's test score of a task's main metric and the means over seeds."""
    place = ["encoder", "task", "variant", "metric"]
    means = summary[summary["variant"].isin(VARIANTS)].assign(point=MEAN, seed="")
    means["score"] = pd.to_numeric(means["score"])
    seeds = scores[scores["split"] == "test"].merge(means[place])
    missing = set(means["task"]) - set(seeds["task"])
    if missing or means.empty:
        found = f"no test score of {', '.join(sorted(missing)) or 'a task'}"
        raise InputError.at(table, None, found, "those of the table of ablations")
    seeds = seeds.rename(columns={"value": "score"}).assign(point=SEED)
    return pd.concat([seeds, means]).reindex(columns=COLUMNS)


def _draw_panel(axis: Axes, points: pd.DataFrame, palette: Palette) -> None:
    task, metric = points["task"].iloc[0], points["metric"].iloc[0]
    order = [variant for variant in VARIANTS if variant in set(points["variant"])]
    seeds, means = points[points["point"] == SEED], points[points["point"] == MEAN]
    for place, variant in enumerate(order):
        [(score, low, high)] = means.loc[
            means["variant"] == variant, ["score", "low", "high"]
        ].to_numpy()
        errors = [[score - low], [high - score]]
        axis.errorbar(place + BESIDE, score, yerr=errors, color="black", marker="_", markersize=9)
        axis.annotate(f"{score:.1f}", (place + BESIDE + 0.13, score), va="center", fontsize=7)
    sns.swarmplot(
        seeds,
        x="variant",
        y="score",
        order=order,
        color=palette.colours[task],
        marker=palette.markers[task],
        size=4,
        ax=axis,
    )
    axis.set(xlabel="", ylabel="", title=f"{axis.get_title()}: {display_name(metric)}")
    axis.set_xticks(range(len(order)), [VARIANTS[variant] for variant in order])
    axis.set_xlim(-0.5, len(order) - 0.25)
    axis.grid(visible=False, axis="x")


def _legend(figure: Figure) -> None:
    handles: list[Artist] = [
        Line2D([], [], color=GREY, marker="o", linestyle="", markersize=4, label="One seed"),
        Line2D([], [], color="black", marker="_", markersize=9, linestyle="", label="Mean"),
        Line2D([], [], color="black", marker="|", markersize=9, linestyle="", label=INTERVAL),
    ]
    legend_below(figure, handles)
