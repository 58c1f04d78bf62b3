"""What probes find layer by layer: scores of structural probes, and weights of the layers."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bertology.errors import InputError
from bertology.figures.probe_models import (
    labelled,
    look,
    model_handles,
    models,
    palette_of,
    read_summary,
)
from bertology.figures.style import (
    GREY,
    Palette,
    display_name,
    figure_style,
    layer_axis,
    legend_below,
    panel_grid,
    read_table,
    save_figure,
)
from bertology.tables import PROBES

STRUCTURE_METRICS = {
    "uuas": "UUAS (%)",
    "dspr": "DSpr.",
    "root_accuracy": "Root accuracy (%)",
    "nspr": "NSpr.",
}
WITH_BASELINE = ("uuas", "root_accuracy")
BASELINE_LOOK: dict[str, Any] = {"color": GREY, "linestyle": (0, (5, 3)), "linewidth": 0.9}
RANDOM_LOOK: dict[str, Any] = {"color": GREY, "linestyle": ":"}
UNIFORM_LOOK: dict[str, Any] = {"color": GREY, "linestyle": "-", "linewidth": 0.8}
DOT_LOOK: dict[str, Any] = {
    "linestyle": "",
    "marker": ".",
    "markersize": 4,
    "markeredgewidth": 0,
    "alpha": 0.4,
}
STRUCTURE_SIZE = (2.35, 2.4)  # inches
WEIGHTS_SIZE = (2.3, 2.0)  # inches
TITLE_LENGTH = 28  # characters


def plot_structure(table: Path, png: Path, pdf: Path) -> None:
    """Draw the scores of structural probes against the layer, one panel for each metric.

    A line for each model, with a band for its interval where it has one. Dotted: a random encoder.
    Dashed: a tree, or a root, that is guessed without an encoder. Each text and encoder has its own
    line of panels. `table` has the columns PROBE_SUMMARY.
    """
    rows = read_summary(table)
    structure = (rows["phenomenon"] == "structure") & rows["metric"].isin(STRUCTURE_METRICS)
    rows = rows[structure & (rows["input"] == "layer")]
    if rows.empty:
        allowed = f"phenomenon structure with {', '.join(STRUCTURE_METRICS)}"
        raise InputError.at(table, None, "no score of a structural probe", allowed)
    palette = palette_of(rows)
    with figure_style():
        figure, panels = _structure_panels(rows)
        for axis, panel in panels:
            _draw_structure(axis, panel, palette)
        _structure_legend(figure, rows, palette)
        save_figure(figure, png, pdf)
        plt.close(figure)


def plot_mix_weights(table: Path, png: Path, pdf: Path) -> None:
    """Draw the weight of each layer in the mix that a probe reads, one panel for each phenomenon.

    A line for each model: the mean over seeds, each seed a dot. A thin line marks equal weights.
    `table` has the columns PROBES; of fine-tuned encoders only the variant `full` is drawn.
    """
    rows = read_table(table, PROBES)
    drawn = rows["comparison"].isin(["pretrained", "tuned"]) & rows["variant"].isin(["full", ""])
    rows = labelled(rows[drawn & (rows["metric"] == "mix_weight")])
    if rows.empty:
        raise InputError.at(table, None, "no weight of a layer", "metric mix_weight")
    palette = palette_of(rows)
    with figure_style():
        figure, panels = panel_grid(rows, ["encoder", "row"], WEIGHTS_SIZE)
        for axis, panel in panels:
            _draw_weights(axis, panel, palette)
        panels[0][0].set_ylim(bottom=0)
        figure.supylabel("Weight in the mix", fontsize=9)
        _weights_legend(figure, rows, palette)
        save_figure(figure, png, pdf)
        plt.close(figure)


def _structure_panels(rows: pd.DataFrame) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Lay out a line of panels for each encoder and text; panels of a metric share their scale."""
    groups = list(rows.groupby(["encoder", "text"], sort=False))
    metrics = [metric for metric in STRUCTURE_METRICS if metric in set(rows["metric"])]
    width, height = STRUCTURE_SIZE
    size = (width * len(metrics), height * len(groups))
    figure, axes = plt.subplots(
        len(groups), len(metrics), sharey="col", squeeze=False, figsize=size
    )
    varying = [rows[column].nunique() > 1 for column in ("encoder", "text")]
    panels = []
    for line, (names, group) in zip(axes, groups, strict=True):
        shown = [display_name(str(n)) for n, varies in zip(names, varying, strict=True) if varies]
        line[0].set_ylabel(": ".join(shown))
        for axis, metric in zip(line, metrics, strict=True):
            axis.set_title(STRUCTURE_METRICS[metric])
            panels.append((axis, group[group["metric"] == metric]))
    return figure, panels


def _draw_structure(axis: Axes, rows: pd.DataFrame, palette: Palette) -> None:
    baselines = rows.loc[rows["metric"].isin(WITH_BASELINE), "majority"].dropna()
    if not baselines.empty:
        axis.axhline(baselines.iloc[0], **BASELINE_LOOK)
    floor = rows[rows["comparison"] == "random"].sort_values("layer")
    if not floor.empty:
        axis.plot(floor["layer"], floor["score"], **RANDOM_LOOK)
    for model, of in models(rows, palette).items():
        looks = look(model, palette)
        layers, score, low, high = of.sort_values("layer")[
            ["layer", "score", "low", "high"]
        ].T.to_numpy()
        axis.fill_between(layers, low, high, color=looks["color"], alpha=0.15, linewidth=0)
        axis.plot(layers, score, linewidth=1.2, **looks)
    layer_axis(axis)


def _draw_weights(axis: Axes, rows: pd.DataFrame, palette: Palette) -> None:
    axis.axhline(1 / rows["layer"].nunique(), **UNIFORM_LOOK)
    for model, of in models(rows, palette).items():
        looks = look(model, palette)
        means = of.groupby("layer")["value"].mean()
        if of["seed"].nunique() > 1:
            axis.plot(of["layer"], of["value"], color=looks["color"], **DOT_LOOK)
        axis.plot(means.index, means, linewidth=1.2, **looks)
    axis.set_title(textwrap.fill(axis.get_title(), TITLE_LENGTH))
    layer_axis(axis)


def _structure_legend(figure: Figure, rows: pd.DataFrame, palette: Palette) -> None:
    """Explain, below the panels, only what is drawn."""
    handles = model_handles(rows, palette, linestyle="-")
    if rows["low"].notna().any():
        handles.append(Patch(color=GREY, alpha=0.25, label="Bootstrap interval"))
    if (rows["comparison"] == "random").any():
        handles.append(Line2D([], [], **RANDOM_LOOK, label="Random encoder"))
    if rows.loc[rows["metric"].isin(WITH_BASELINE), "majority"].notna().any():
        handles.append(Line2D([], [], **BASELINE_LOOK, label="Baseline without an encoder"))
    legend_below(figure, handles)


def _weights_legend(figure: Figure, rows: pd.DataFrame, palette: Palette) -> None:
    """Explain, below the panels, only what is drawn."""
    handles = model_handles(rows, palette, linestyle="-")
    if any(of["seed"].nunique() > 1 for of in models(rows, palette).values()):
        handles.append(Line2D([], [], color=GREY, **DOT_LOOK, label="One seed"))
    handles.append(Line2D([], [], **UNIFORM_LOOK, label="All layers alike"))
    legend_below(figure, handles)
