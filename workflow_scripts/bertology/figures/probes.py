"""What probes find in pretrained and fine-tuned encoders, one row for each phenomenon."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.layers import INTERVAL
from bertology.figures.probe_models import (
    changes_of,
    labelled,
    look,
    mark_unfinished,
    model_handles,
    models,
    palette_of,
    read_summary,
    unfinished_handles,
)
from bertology.figures.style import (
    GREY,
    PLAIN,
    FigureFiles,
    FigureSettings,
    Palette,
    figure_style,
    legend_below,
    save_figure,
)
from bertology.probing.inputs import MIX, MIX_NORMALISED, MIXES

REFERENCES = {
    "lexical": ("Lexical: layer 0, pretrained", "o"),
    "random": ("Random encoder", "x"),
}
CHANCE = "majority"
CHANCE_LOOK: dict[str, Any] = {"color": GREY, "linestyle": (0, (3, 2)), "linewidth": 0.9}
COLUMNS = (
    *("quantity", "text", "phenomenon", "encoder", "comparison", "task", "input", "metric"),
    *("seeds", "n", "value", "low", "high", "unfinished"),
)
HOLLOW_LOOK: dict[str, Any] = {
    "linestyle": "",
    "markerfacecolor": "white",
    "markeredgewidth": 0.8,
}
PANEL_WIDTH, MODEL_HEIGHT, MARGIN = 2.95, 0.1, 0.7  # inches


def plot_probes(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw F1 of the probes on the mix of all layers, and how fine-tuning changes it.

    Left: each model's score with its interval, and in grey the references. Right, if an encoder was
    fine-tuned: the change against the pretrained one. Hollow, without their intervals: the mix of
    layers that were normalised first. Each encoder has its own panels. `table` has the columns
    PROBE_SUMMARY; scores are 0 to 100.
    """
    rows = read_summary(table)
    kept = (rows["metric"] == "f1") & rows["input"].isin(MIXES)
    rows = labelled(rows[kept], settings)
    if not (rows["input"] == MIX).any():
        raise InputError.at(table, None, "no F1 of a probe on the mix", "metric f1 of input mix")
    palette, points = palette_of(rows), _points(rows)
    with figure_style():
        figure, panels = _panels(points, palette, settings)
        for axes, panel in panels:
            _draw_scores(axes[0], panel, palette)
            if palette.colours:
                _draw_changes(axes[1], panel, palette)
        _legend(figure, points, palette, settings)
        save_figure(figure, points[list(COLUMNS)], files)
        plt.close(figure)


def _points(rows: pd.DataFrame) -> pd.DataFrame:
    """Give each mark a row: its `quantity` (score, change or a reference), value and interval."""
    tuned = rows[rows["comparison"] == "tuned"]
    pretrained = rows[rows["comparison"] == "pretrained"]
    scores = pd.concat([pretrained, tuned]).assign(quantity="score")
    scores = scores.assign(low=scores["low"].clip(lower=0), high=scores["high"].clip(upper=100))
    changes = (
        changes_of(rows)
        .drop(columns=["low", "high"])
        .rename(columns={"change": "value", "change_low": "low", "change_high": "high"})
    )
    mix = pretrained[pretrained["input"] == MIX].assign(low=np.nan, high=np.nan, unfinished=np.nan)
    references = [mix.assign(quantity=name, value=mix[name]) for name in (*REFERENCES, CHANCE)]
    points = [scores.rename(columns={"score": "value"}), changes.assign(quantity="change")]
    drawn = pd.concat([*points, *references])[["row", *COLUMNS]]
    drawn.loc[drawn["input"] == MIX_NORMALISED, ["low", "high"]] = np.nan
    return drawn[drawn["value"].notna()]


def _panels(
    rows: pd.DataFrame, palette: Palette, settings: FigureSettings
) -> tuple[Figure, list[tuple[np.ndarray, pd.DataFrame]]]:
    """Lay out a line of panels for each encoder, as high as it has phenomena."""
    groups = list(rows.groupby("encoder", sort=False))
    counts = [panel["row"].nunique() for _, panel in groups]
    across = 2 if palette.colours else 1
    row_height = MODEL_HEIGHT * (len(palette.colours) + 2) + 0.05
    figure, axes = plt.subplots(
        *(len(groups), across),
        sharex="col",
        sharey="row",
        squeeze=False,
        height_ratios=counts,
        figsize=(1.3 + PANEL_WIDTH * across, row_height * sum(counts) + MARGIN),
    )
    for line, (encoder, panel) in zip(axes, groups, strict=True):
        for axis in line:
            _rule_lines(axis, list(panel["row"].unique()))
        if len(groups) > 1:
            line[0].set_title(settings.title("encoder", encoder), loc="left")
    for axis, name in zip(axes[-1], ("F1 on test data (%)", "Change in F1 (points)"), strict=False):
        axis.set_xlabel(name)
    return figure, [(line, panel) for line, (_, panel) in zip(axes, groups, strict=True)]


def _rule_lines(axis: Axes, labels: list[str]) -> None:
    """Give each phenomenon a line of the panel, every second one shaded."""
    for place in range(0, len(labels), 2):
        axis.axhspan(place - 0.5, place + 0.5, color="#F4F4F4", linewidth=0, zorder=0)
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")


def _places(rows: pd.DataFrame, palette: Palette) -> dict[str, Mapping[str, float]]:
    """Give the height of each model, and of the references, in each phenomenon's line."""
    slots = ["", *palette.colours, "references"]
    first = (len(slots) - 1) / 2
    steps = (np.arange(len(slots)) - first) / (len(slots) + 0.6)
    labels = rows["row"].unique()
    return {
        slot: {label: place + step for place, label in enumerate(labels)}
        for slot, step in zip(slots, steps, strict=True)
    }


def _draw_scores(axis: Axes, points: pd.DataFrame, palette: Palette) -> None:
    places = _places(points, palette)
    for model, of in models(points[points["quantity"] == "score"], palette).items():
        _draw_marks(axis, of, places[model], look(model, palette))
    chance = points[points["quantity"] == CHANCE]
    middles = chance["row"].map({label: n for n, label in enumerate(points["row"].unique())})
    axis.vlines(chance["value"], middles - 0.45, middles + 0.45, **CHANCE_LOOK)
    for name, (_, marker) in REFERENCES.items():
        of = points[points["quantity"] == name]
        axis.plot(of["value"], of["row"].map(places["references"]), **_reference_look(marker))
    axis.set_xlim(-3, 103)


def _draw_changes(axis: Axes, points: pd.DataFrame, palette: Palette) -> None:
    places = _places(points, palette)
    axis.axvline(0, color="black", linewidth=0.8, zorder=1)
    for model, of in models(points[points["quantity"] == "change"], palette).items():
        _draw_marks(axis, of, places[model], look(model, palette))


def _draw_marks(
    axis: Axes, points: pd.DataFrame, places: Mapping[str, float], looks: dict[str, Any]
) -> None:
    """Draw a point and its interval in each phenomenon's line, and below it the hollow one."""
    points = points.assign(height=points["row"].map(places))
    hollow = points[points["input"] == MIX_NORMALISED]
    if not hollow.empty:
        axis.plot(hollow["value"], hollow["height"], zorder=2.5, **looks, **HOLLOW_LOOK)
    of = points[points["input"] == MIX]
    axis.hlines(of["height"], of["low"], of["high"], color=looks["color"], linewidth=1.1)
    axis.plot(of["value"], of["height"], linestyle="", zorder=3, **looks)
    mark_unfinished(axis, points, "value", "height")


def _reference_look(marker: str) -> dict[str, Any]:
    return {
        "linestyle": "",
        "marker": marker,
        "color": GREY,
        "markerfacecolor": "none",
        "markersize": 4.5,
        "markeredgewidth": 1,
    }


def _legend(
    figure: Figure, points: pd.DataFrame, palette: Palette, settings: FigureSettings
) -> None:
    """Explain, below the panels, only what is drawn."""
    handles = model_handles(points, palette, "", settings)
    for name, (label, marker) in REFERENCES.items():
        if name in set(points["quantity"]):
            handles.append(Line2D([], [], label=label, **_reference_look(marker)))
    if CHANCE in set(points["quantity"]):
        label = "Most frequent label"
        look_of_mark = {**CHANCE_LOOK, "linestyle": "", "marker": "|", "markersize": 8}
        handles.append(Line2D([], [], label=label, **look_of_mark))
    if MIX_NORMALISED in set(points["input"]):
        label = "Hollow: layers normalised first"
        handles.append(Line2D([], [], color=GREY, marker="o", label=label, **HOLLOW_LOOK))
    handles += unfinished_handles(points)
    if points["low"].notna().any():
        handles.append(Line2D([], [], color=GREY, linewidth=1.1, label=INTERVAL))
    legend_below(figure, handles)
