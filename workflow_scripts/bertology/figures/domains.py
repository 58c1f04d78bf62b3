"""How far fine-tuning moved an encoder on the task's own text, on others', on neutral text."""

from pathlib import Path
from typing import Literal

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bertology.errors import InputError
from bertology.figures.similarity import DRAWN
from bertology.figures.style import (
    COLOURS,
    MARKERS,
    figure_style,
    legend_below,
    panel_grid,
    read_table,
    save_figure,
)
from bertology.tables import SIMILARITY

DOMAINS = {
    "own": "The task's own text",
    "other": "Other tasks' text",
    "neutral": "Neutral text",
}
FORMS: dict[str, tuple[Literal["-", "--"], str]] = {
    "own": ("-", "As the task reads it"),
    "single": ("--", "One segment at a time"),
}
PANEL_SIZE = (2.6, 2.6)  # inches


def plot_domains(table: Path, png: Path, pdf: Path) -> None:
    """Draw similarity to the pretrained encoder by layer, a panel for each task.

    A line for each domain and form of the input: the mean over seeds (and over texts, where several
    are of one domain). `table` has the columns SIMILARITY; RSA of all tokens, same layer of both.
    """
    rows = _tuned(read_table(table, SIMILARITY), table)
    with figure_style():
        figure, panels = panel_grid(rows, ["encoder", "task"], PANEL_SIZE)
        for axis, panel in panels:
            _draw_panel(axis, panel)
        figure.supylabel("RSA to the pretrained encoder", fontsize=9)
        legend_below(figure, _handles(rows))
        save_figure(figure, png, pdf)
        plt.close(figure)


def _tuned(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    same = (rows["layer"] == rows["second_layer"]) & (rows["tokens"] == "all")
    tuned = rows[same & (rows["comparison"] == "tuned") & (rows["variant"] == "full")]
    metric = next((name for name in DRAWN if name in set(tuned["metric"])), None)
    if metric is None:
        raise InputError.at(table, None, "no RSA of a tuned encoder", f"one of {', '.join(DRAWN)}")
    return tuned[tuned["metric"] == metric]


def _draw_panel(axis: Axes, rows: pd.DataFrame) -> None:
    for number, domain in enumerate(DOMAINS):
        for form, (linestyle, _) in FORMS.items():
            chosen = rows[(rows["domain"] == domain) & (rows["form"] == form)]
            means = chosen.groupby("layer")["value"].mean()
            axis.plot(
                means.index,
                means.to_numpy(),
                linestyle=linestyle,
                color=COLOURS[number],
                marker=MARKERS[number],
                markersize=4,
            )
    axis.set(xlabel="Layer (0: embeddings)", ylabel="")
    axis.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def _handles(rows: pd.DataFrame) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=COLOURS[number], marker=MARKERS[number], label=label)
        for number, (domain, label) in enumerate(DOMAINS.items())
        if domain in set(rows["domain"])
    ]
    handles += [
        Line2D([], [], color="black", linestyle=linestyle, label=label)
        for form, (linestyle, label) in FORMS.items()
        if form in set(rows["form"])
    ]
    return handles
