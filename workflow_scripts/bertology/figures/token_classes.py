"""How far fine-tuning moved each class of tokens: words by part of speech, and the first token."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.similarity import DRAWN
from bertology.figures.style import (
    COLOURS,
    MARKERS,
    display_name,
    figure_style,
    layer_axis,
    legend_below,
    read_table,
    save_figure,
)
from bertology.similarity.token_classes import ALL, FEWEST, FIRST, TAGS
from bertology.tables import SIMILARITY

CLASSES = {
    ALL: "All tokens",
    **{name: display_name(name) for name in TAGS},
    FIRST: "First token ([CLS])",
}
PANEL_SIZE = (2.6, 2.3)  # inches


def plot_token_classes(table: Path, png: Path, pdf: Path) -> None:
    """Draw RSA to the pretrained encoder by layer, a line for each class of tokens.

    The mean over seeds; same layer of both, of the variant `full`. A line of panels for each
    encoder and text with parts of speech, a panel for each task. `table` has the columns
    SIMILARITY.
    """
    rows = _tuned(read_table(table, SIMILARITY), table)
    tasks = list(rows["task"].unique())
    texts = list(rows.groupby(["encoder", "stimuli"], sort=False))
    with figure_style():
        size = (PANEL_SIZE[0] * len(tasks), PANEL_SIZE[1] * len(texts))
        figure, axes = plt.subplots(
            len(texts), len(tasks), sharex=True, sharey=True, squeeze=False, figsize=size
        )
        for line, (names, of_text) in zip(axes, texts, strict=True):
            shown = names if rows["encoder"].nunique() > 1 else names[1:]
            line[0].set_ylabel(": ".join(display_name(str(name)) for name in shown))
            for axis, task in zip(line, tasks, strict=True):
                _draw_panel(axis, of_text[of_text["task"] == task])
        for axis, task in zip(axes[0], tasks, strict=True):
            axis.set_title(display_name(task))
        for axis in axes[-1]:
            layer_axis(axis)
        figure.supylabel("RSA to the pretrained encoder", fontsize=9)
        legend_below(figure, _handles(rows))
        save_figure(figure, png, pdf)
        plt.close(figure)


def _tuned(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Keep RSA of fine-tuned encoders on the texts of which a class of words was compared."""
    same = rows["layer"] == rows["second_layer"]
    tuned = rows[same & (rows["comparison"] == "tuned") & (rows["variant"] == "full")]
    metric = next((name for name in DRAWN if name in set(tuned["metric"])), None)
    tagged = tuned.loc[tuned["tokens"].isin(TAGS), "stimuli"]
    if metric is None or tagged.empty:
        found = "no RSA of a class of words" if metric else "no RSA of a tuned encoder"
        allowed = f"a class ({', '.join(TAGS)}) of {FEWEST} tokens or more, by {', '.join(DRAWN)}"
        raise InputError.at(table, None, found, allowed)
    return tuned[(tuned["metric"] == metric) & tuned["stimuli"].isin(tagged)]


def _draw_panel(axis: Axes, rows: pd.DataFrame) -> None:
    for name, colour, marker in zip(CLASSES, COLOURS, MARKERS, strict=True):
        means = rows[rows["tokens"] == name].groupby("layer")["value"].mean()
        axis.plot(means.index, means, color=colour, marker=marker, markersize=4, linewidth=1.2)


def _handles(rows: pd.DataFrame) -> list[Artist]:
    return [
        Line2D([], [], color=colour, marker=marker, label=CLASSES[name])
        for name, colour, marker in zip(CLASSES, COLOURS, MARKERS, strict=True)
        if name in set(rows["tokens"])
    ]
