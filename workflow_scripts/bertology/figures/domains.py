"""How far fine-tuning moved an encoder on the task's own text, on others', on neutral text."""

from pathlib import Path
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bertology.errors import InputError
from bertology.figures.style import (
    COLOURS,
    GREY,
    MARKERS,
    figure_style,
    layer_axis,
    legend_below,
    read_table,
    save_figure,
    titled_panels,
)
from bertology.tables import DOMAINS, SIMILARITY_SUMMARY

LABELS = {
    "own": "The task's own text",
    "other": "Other tasks' text",
    "neutral": "Neutral text",
}
"""By domain, in the order of colours."""
FORMS: dict[str, tuple[Literal["-", "--"], str]] = {
    "own": ("-", "As the task reads it"),
    "single": ("--", "One segment at a time"),
}
PANEL_SIZE = (2.6, 2.3)  # inches


def plot_domains(summary: Path, domains: Path, png: Path, pdf: Path) -> None:
    """Draw similarity to the pretrained encoder by layer, and below it differences between texts.

    A column of two panels for each encoder and task, and in them a line for each text, with its
    interval as a band. Differences are from the task's own text in the same form, and (own text,
    dashed) of its single segments from its own form. `summary` has the columns SIMILARITY_SUMMARY,
    `domains` the columns DOMAINS; it may be without a row.
    """
    rows = _tuned(read_table(summary, SIMILARITY_SUMMARY), summary)
    differences = _from_own_text(read_table(domains, DOMAINS, may_be_empty=True))
    groups = list(rows.groupby(["encoder", "task"], sort=False))
    with figure_style():
        figure, axes = _grid(rows)
        for axis, panel in titled_panels(axes[0::2], groups):
            _draw_lines(axis, panel, "similarity", ["stimuli"])
        for axis, ((encoder, task), _) in zip(axes[1::2].flat, groups, strict=True):
            chosen = (differences["encoder"] == encoder) & (differences["task"] == task)
            axis.axhline(0, color=GREY, linewidth=0.8)
            _draw_lines(axis, differences[chosen], "difference", ["stimuli", "other_stimuli"])
            layer_axis(axis)
        legend_below(figure, _handles(rows))
        save_figure(figure, png, pdf)
        plt.close(figure)


def _tuned(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    tuned = rows[rows["comparison"] == "tuned"]
    if tuned.empty:
        raise InputError.at(table, None, "no tuned encoder", "comparison tuned")
    return tuned


def _from_own_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep differences from the task's own text: of other texts, and of its other form."""
    cut = (rows["contrast"] == "form") & (rows["domain"] == "own")
    return rows[(rows["contrast"] == "domain") | cut]


def _grid(rows: pd.DataFrame) -> tuple[Figure, np.ndarray]:
    """Lay out two lines of panels for each encoder, a column for each task."""
    down, across = 2 * rows["encoder"].nunique(), rows["task"].nunique()
    size = (PANEL_SIZE[0] * across, PANEL_SIZE[1] * down)
    figure, axes = plt.subplots(
        down, across, sharex=True, sharey="row", squeeze=False, figsize=size
    )
    for axis in axes[0::2, 0]:
        axis.set_ylabel("RSA to the pretrained encoder")
    for axis in axes[1::2, 0]:
        axis.set_ylabel("Difference from own text")
    figure.align_ylabels(axes[:, 0])
    return figure, axes


def _draw_lines(axis: Axes, rows: pd.DataFrame, value: str, by: list[str]) -> None:
    """Draw a line with a band for each group of rows, in the look of its domain and form."""
    for _, of in rows.groupby(by, sort=False):
        domain, form = of[["domain", "form"]].iloc[0]
        number = list(LABELS).index(domain)
        columns = of.sort_values("layer")[["layer", value, "low", "high"]]
        layers, values, low, high = columns.to_numpy(dtype=float).T
        axis.fill_between(layers, low, high, color=COLOURS[number], alpha=0.12, linewidth=0)
        axis.plot(
            layers,
            values,
            linestyle=FORMS[form][0],
            linewidth=1.2,
            color=COLOURS[number],
            marker=MARKERS[number],
            markersize=3.5,
        )


def _handles(rows: pd.DataFrame) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=COLOURS[number], marker=MARKERS[number], label=label)
        for number, (domain, label) in enumerate(LABELS.items())
        if domain in set(rows["domain"])
    ]
    handles += [
        Line2D([], [], color="black", linestyle=linestyle, label=label)
        for form, (linestyle, label) in FORMS.items()
        if form in set(rows["form"])
    ]
    return [*handles, Patch(color=GREY, alpha=0.25, label="Bootstrap interval")]
