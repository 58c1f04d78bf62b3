"""Where an encoder changes by similarity, and which layers' change a task owes its score to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, MultipleLocator

from bertology.errors import InputError
from bertology.figures.layers import INTERVAL
from bertology.figures.similarity import DRAWN
from bertology.figures.style import (
    GREY,
    PLAIN,
    SMALL,
    FigureFiles,
    FigureSettings,
    Groups,
    Palette,
    figure_style,
    legend_below,
    read_table,
    save_figure,
)
from bertology.tables import REVERTS, SIMILARITY_SUMMARY


class Quantity(NamedTuple):
    """A column of panels: its title, the unit on its axis, and how its greatest is written."""

    title: str
    unit: str
    written: str


BARS = {
    "change": Quantity("How much a layer\nlooks changed", "1 − RSA", ".2f"),
    "own_change": Quantity("What it changes\nby itself", "1 − RSA", ".3f"),
    "loss": Quantity("What the task loses\nif it is put back", "Points", ".1f"),
}
"""By layer, drawn as bars, from left to right."""
CURVES = {"kept": Quantity("What is left if more\nlayers are put back", "Kept (%)", "")}
"""By the number of layers put back."""
PARTS: dict[str, dict[str, Any]] = {
    "first": {"marker": "^", "linestyle": "-"},
    "last": {"marker": "v", "linestyle": "--", "markerfacecolor": "white"},
}
PART_LABELS = {"first": "From below, up to this layer", "last": "From the top, down to this layer"}
COMPARISONS = {"tuned": "change", "own_change": "own_change"}
PLACE = ("quantity", "encoder", "task")
COLUMNS = (*PLACE, "stimuli", "metric", "part", "layer", "layers", "seeds", "value", "low", "high")
BLACK = "#303030"
NOT_MEASURED = "#EDEDED"
"""Behind panels without values."""
PALE = 0.38
"""Opacity of bars but the longest."""
CURVE_WIDTH = 1.15
"""Of the panels of curves, in widths of the others."""
FIGURE_WIDTH = 5.6  # inches: letters stay readable where a page shows the figure on a phone
LAYER_HEIGHT, LEAST_HEIGHT, MARGIN = 0.15, 0.95, 0.6  # inches
LEAST_KEPT = -30  # lines that fall lower leave the panel


def plot_transplants(
    similarity: Path, reverts: Path, files: FigureFiles, settings: FigureSettings = PLAIN
) -> None:
    """Draw, side by side for each encoder and task, what changed in a layer and what that is worth.

    Layers are stacked as in the encoder, the input below. Bars: 1 - RSA between the fine-tuned and
    the pretrained encoder; the same for a fine-tuned layer that is fed what the pretrained encoder
    feeds it; points that the task loses if this layer alone is put back to its pretrained weights
    (at the embeddings: they). The longest bar of a panel is dark. Right: what is left if all layers
    from the bottom up to this one, or from the top down to it, are put back. `similarity` has the
    columns SIMILARITY_SUMMARY, `reverts` REVERTS.
    """
    points = transplant_points(similarity, reverts)
    palette = Palette.of(points["task"].unique())
    models = list(points.groupby(["encoder", "task"], sort=False))
    quantities = [name for name in (*BARS, *CURVES) if name in set(points["quantity"])]
    with figure_style():
        figure, axes = _panels(models, quantities)
        for line, ((encoder, task), of_model) in zip(axes, models, strict=True):
            for axis, quantity in zip(line, quantities, strict=True):
                of_panel = of_model[of_model["quantity"] == quantity]
                draw_panel(axis, quantity, of_panel, palette.colours[str(task)])
            named = {"encoder": encoder, "task": task}
            several = points["encoder"].nunique() > 1
            label = settings.joined(named, several_encoders=several)
            line[0].set_ylabel(f"{label.replace(': ', chr(10))}\nLayer")
        label_columns(axes, points, quantities)
        legend_below(figure, transplant_handles(points))
        save_figure(figure, points, files)
        plt.close(figure)


def transplant_points(similarity: Path, reverts: Path, text: str = "") -> pd.DataFrame:
    """Gather what the figure draws, with the columns COLUMNS; quantities are in BARS and CURVES.

    text: the stimuli on which changes are shown; if none are named, for each task the best it has.
    """
    rows = read_table(similarity, SIMILARITY_SUMMARY)
    changes = _changes(rows[rows["stimuli"] == text] if text else rows, similarity)
    points = pd.concat([changes, _losses(read_table(reverts, REVERTS), reverts)])
    return points.reindex(columns=COLUMNS)


def _changes(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Turn similarity into change, 1 - RSA, on one text for each encoder and task."""
    metric = next((name for name in DRAWN if name in set(rows["metric"])), None)
    kept = rows[rows["comparison"].isin(COMPARISONS) & (rows["metric"] == metric)]
    if not (kept["comparison"] == "tuned").any():
        found = f"no tuned encoder; metrics {sorted(rows['metric'].unique())}"
        raise InputError.at(table, None, found, f"comparison tuned by one of {', '.join(DRAWN)}")
    kept = pd.concat([_on_one_text(of) for _, of in kept.groupby(["encoder", "task"], sort=False)])
    ends = {"low": 1 - kept["high"].clip(upper=1), "high": 1 - kept["low"]}
    quantity = kept["comparison"].map(COMPARISONS)
    return kept.assign(quantity=quantity, value=1 - kept["similarity"], **ends)


def _on_one_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Choose the text: one with own changes, best the task's own as the task reads it."""
    measured = rows.loc[rows["comparison"] == "own_change", "stimuli"]
    kept = rows[rows["stimuli"].isin(measured)] if len(measured) else rows
    worse = 2 * (kept["domain"] != "own") + (kept["form"] != "own")
    return kept[kept["stimuli"] == kept["stimuli"].to_numpy()[worse.argmin()]]


def _losses(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Give what putting back costs by layer, and what is left by how many are put back.

    The embeddings, layer 0, are put back alone where none of the first layers is put back.
    """
    names = REVERTS[REVERTS.index("layers") :]
    numbers = {name: pd.to_numeric(rows[name]) for name in names if name != "metric"}
    rows = rows.assign(**numbers, layer=numbers["layers"])
    single = rows["part"] == "layer"
    if not single.any():
        raise InputError.at(table, None, "no layer that was put back", "part layer")
    depth = rows["encoder"].map(rows[single].groupby("encoder")["layers"].max())
    last = rows["part"] == "last"
    rows.loc[last, "layer"] = depth[last] + 1 - rows.loc[last, "layers"]
    alone = single | ((rows["part"] == "first") & (rows["layers"] == 0))
    losses = rows[alone].assign(quantity="loss", **_named(rows[alone], "loss"))
    # Where putting all layers back costs nothing, no share of that is kept.
    curves = rows[rows["part"].isin(PARTS) & rows["kept"].notna()]
    return pd.concat([losses, curves.assign(quantity="kept", **_named(curves, "kept"))])


def _named(rows: pd.DataFrame, name: str) -> Mapping[str, pd.Series]:
    """Give a quantity and its interval under the names that are drawn."""
    return {"value": rows[name], "low": rows[f"{name}_low"], "high": rows[f"{name}_high"]}


def _panels(models: Groups, quantities: list[str]) -> tuple[Figure, np.ndarray]:
    """Lay out a line of panels for each encoder and task, as high as its layers need."""
    heights = [max(LAYER_HEIGHT * (of["layer"].max() + 1), LEAST_HEIGHT) for _, of in models]
    return plt.subplots(
        *(len(models), len(quantities)),
        figsize=(FIGURE_WIDTH, sum(heights) + 0.1 * len(models) + MARGIN),
        height_ratios=heights,
        width_ratios=[1 if quantity in BARS else CURVE_WIDTH for quantity in quantities],
        sharex="col",
        sharey="row",
        squeeze=False,
    )


def draw_panel(axis: Axes, quantity: str, points: pd.DataFrame, colour: str) -> None:
    """Draw one quantity of one encoder and task; the panel is grey where it was not measured."""
    if points.empty:
        axis.set_facecolor(NOT_MEASURED)
    elif quantity in BARS:
        _draw_bars(axis, points, colour)
    else:
        _draw_curves(axis, points, colour)


def _draw_bars(axis: Axes, points: pd.DataFrame, colour: str) -> None:
    """Draw a bar for each layer, the longest one dark and with its value."""
    axis.grid(visible=False, axis="y")
    axis.axvline(0, color="black", linewidth=0.8)
    values, layers = points["value"].to_numpy(), points["layer"].to_numpy()
    longest = values.argmax()
    for place, (layer, value) in enumerate(zip(layers, values, strict=True)):
        alpha = 1.0 if place == longest else PALE
        axis.barh(layer, value, height=0.72, color=colour, alpha=alpha)
    axis.hlines(layers, points["low"], points["high"], color=BLACK, linewidth=0.8)
    written = f"{values[longest]:{BARS[points['quantity'].iloc[0]].written}}"
    end = np.nanmax([values[longest], points["high"].to_numpy()[longest]])
    axis.annotate(
        written.removeprefix("0"),
        (end, layers[longest]),
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL + 0.5,
        fontweight="bold",
    )


def _draw_curves(axis: Axes, points: pd.DataFrame, colour: str) -> None:
    for mark in (0, 100):
        axis.axvline(mark, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    for part, looks in PARTS.items():
        of = points[points["part"] == part].sort_values("layer")
        axis.hlines(of["layer"], of["low"], of["high"], color=colour, linewidth=0.8)
        axis.plot(of["value"], of["layer"], color=colour, **looks)
    axis.grid(visible=False, axis="y")


def label_columns(axes: np.ndarray, points: pd.DataFrame, quantities: Sequence[str]) -> None:
    """Give columns of panels their titles, units and ends, and lines of panels their layers."""
    for number, (axis, quantity) in enumerate(zip(axes[0], quantities, strict=True)):
        drawn = points[points["quantity"] == quantity]
        title, unit, _ = (BARS | CURVES)[quantity]
        axis.set_title(title)
        axes[-1, number].set_xlabel(unit)
        if quantity in BARS:
            ends = drawn[["value", "low", "high"]].to_numpy(dtype=float)
            least, most = min(float(np.nanmin(ends)), 0), float(np.nanmax(ends))
            axis.set_xlim(least, most + 0.42 * (most - least))
            axis.xaxis.set_major_locator(MaxNLocator(nbins=3))
        else:
            axis.set_xlim(max(drawn["value"].min(), LEAST_KEPT) - 5, 108)
            axis.xaxis.set_major_locator(MultipleLocator(50))
    for axis in axes[:, 0]:
        axis.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axis.yaxis.set_major_formatter(lambda layer, _: f"{layer:.0f}" if layer else "emb.")


def transplant_handles(points: pd.DataFrame) -> list[Artist]:
    """Make the entries of the legend."""
    handles: list[Artist] = [Patch(color=GREY, label="The longest bar")]
    handles += [
        Line2D([], [], color=GREY, label=f"Put back: {label.lower()}", **PARTS[part])
        for part, label in PART_LABELS.items()
        if part in set(points.loc[points["quantity"].isin(CURVES), "part"])
    ]
    if points["low"].notna().any():
        handles.append(Line2D([], [], color=BLACK, linewidth=0.8, label=INTERVAL))
    return handles
