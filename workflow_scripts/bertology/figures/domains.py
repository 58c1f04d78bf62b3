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

from bertology.errors import InputError
from bertology.figures.layers import INTERVAL, band_handles, draw_line
from bertology.figures.similarity import DRAWN
from bertology.figures.style import (
    COLOURS,
    GREY,
    MARKERS,
    OWN_TEXT,
    PLAIN,
    FigureFiles,
    FigureSettings,
    figure_style,
    layer_axis,
    legend_below,
    page_panels,
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
SIMILARITY, DIFFERENCE = "similarity", "difference"
COLUMNS = [
    *("quantity", "encoder", "task", "stimuli", "less", "domain", "form", "metric", "layer"),
    *("seeds", "value", "low", "high"),
]
"""Of what is drawn; `less` is the text from whose similarity a difference is taken."""
PANEL_SIZE = (2.4, 2.1)  # inches


def plot_domains(
    summary: Path, domains: Path, files: FigureFiles, settings: FigureSettings = PLAIN
) -> None:
    """Draw similarity to the pretrained encoder by layer, and below it differences between texts.

    A column of two panels for each encoder and task, and in them a line for each text, with its
    interval as a band. Differences are from the task's own text in the same form, and (own text,
    dashed) of its single segments from its own form. `summary` has the columns SIMILARITY_SUMMARY,
    `domains` the columns DOMAINS; it may be without a row.
    """
    points = pd.concat(
        [
            _tuned(read_table(summary, SIMILARITY_SUMMARY), summary),
            _from_own_text(read_table(domains, DOMAINS, may_be_empty=True)),
        ]
    )
    groups = list(points.groupby(["encoder", "task"], sort=False))
    with figure_style():
        figure, axes = _grid(points)
        for axis, panel in titled_panels(axes[0::2], groups, ("encoder", "task"), settings):
            axis.set_title(_with_own_text(axis.get_title(), panel, settings))
            _draw_lines(axis, panel[panel["quantity"] == SIMILARITY])
        for axis, (_, panel) in zip(axes[1::2].flat, groups, strict=True):
            axis.axhline(0, color=GREY, linewidth=0.8)
            _draw_lines(axis, panel[panel["quantity"] == DIFFERENCE])
            layer_axis(axis)
        handles = [*_handles(points), *band_handles(points, INTERVAL)]
        legend_below(figure, handles)
        save_figure(figure, points, files)
        plt.close(figure)


def _tuned(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    tuned = rows[rows["comparison"] == "tuned"]
    if tuned.empty:
        raise InputError.at(table, None, "no tuned encoder", "comparison tuned")
    points = tuned.rename(columns={SIMILARITY: "value"}).assign(quantity=SIMILARITY)
    return points.assign(high=points["high"].clip(upper=1)).reindex(columns=COLUMNS)


def _with_own_text(title: str, points: pd.DataFrame, settings: FigureSettings) -> str:
    """Add a second line to a panel's title that says which text is the task's own."""
    own = points.loc[points["domain"] == "own", ["form", "stimuli"]].sort_values("form")
    if own.empty:
        return title
    return f"{title}\n({OWN_TEXT}: {settings.title('stimuli', own['stimuli'].iloc[0])})"


def _from_own_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep differences from the task's own text: of other texts, and of its other form."""
    cut = (rows["contrast"] == "form") & (rows["domain"] == "own")
    kept = rows[(rows["contrast"] == "domain") | cut]
    names = {"stimuli": "less", "other_stimuli": "stimuli", DIFFERENCE: "value"}
    return kept.rename(columns=names).assign(quantity=DIFFERENCE).reindex(columns=COLUMNS)


def _grid(points: pd.DataFrame) -> tuple[Figure, np.ndarray]:
    """Lay out two lines of panels for each encoder, a column for each task."""
    panels = (2 * points["encoder"].nunique(), points["task"].nunique())
    figure, axes = page_panels(panels, PANEL_SIZE, sharex=True, sharey="row")
    for axis in axes[0::2, 0]:
        axis.set_ylabel(DRAWN[points["metric"].iloc[0]])
    for axis in axes[1::2, 0]:
        axis.set_ylabel("Difference from own text (RSA)")
    figure.align_ylabels(axes[:, 0])
    return figure, axes


def _draw_lines(axis: Axes, points: pd.DataFrame) -> None:
    """Draw a line over a band for each text, and each that it is compared with."""
    for _, of in points.groupby(["stimuli", "less"], sort=False, dropna=False):
        domain, form = of[["domain", "form"]].iloc[0]
        number = list(LABELS).index(domain)
        looks = {"color": COLOURS[number], "marker": MARKERS[number], "linestyle": FORMS[form][0]}
        draw_line(axis, of, "value", **looks)


def _handles(points: pd.DataFrame) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=COLOURS[number], marker=MARKERS[number], label=label)
        for number, (domain, label) in enumerate(LABELS.items())
        if domain in set(points["domain"])
    ]
    return handles + [
        Line2D([], [], color="black", linestyle=linestyle, label=label)
        for form, (linestyle, label) in FORMS.items()
        if form in set(points["form"])
    ]
