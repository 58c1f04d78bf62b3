"""How far fine-tuning moved each class of tokens: words by part of speech, and the first token."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.layers import RANGE, band_handles, draw_line, mean_and_range
from bertology.figures.similarity import DRAWN
from bertology.figures.style import (
    COLOURS,
    MARKERS,
    PLAIN,
    FigureFiles,
    FigureSettings,
    figure_style,
    layer_axis,
    legend_below,
    page_panels,
    read_table,
    save_figure,
)
from bertology.similarity.token_classes import ALL, FEWEST, FIRST, TAGS
from bertology.tables import SIMILARITY
from bertology.titles import display_name

CLASSES = {
    ALL: "All tokens",
    **{name: display_name(name) for name in TAGS},
    FIRST: "First token ([CLS])",
}
COLUMNS = ("encoder", "stimuli", "task", "tokens", "metric", "layer")
PANEL_SIZE = (2.4, 2.1)  # inches


def plot_token_classes(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw RSA to the pretrained encoder by layer, a line for each class of tokens.

    The mean over seeds, over a band of their range; same layer of both, of the variant `full`. A
    line of panels for each encoder and text with parts of speech, a panel for each task. `table`
    has the columns SIMILARITY.
    """
    points = mean_and_range(_tuned(read_table(table, SIMILARITY), table), COLUMNS)
    tasks = list(points["task"].unique())
    texts = list(points.groupby(["encoder", "stimuli"], sort=False))
    several = points["encoder"].nunique() > 1
    with figure_style():
        panels = (len(texts), len(tasks))
        figure, axes = page_panels(panels, PANEL_SIZE, sharex=True, sharey=True)
        for line, (names, of_text) in zip(axes, texts, strict=True):
            named = dict(zip(("encoder", "stimuli"), names, strict=True))
            line[0].set_ylabel(settings.joined(named, several_encoders=several))
            for axis, task in zip(line, tasks, strict=True):
                _draw_panel(axis, of_text[of_text["task"] == task])
        for axis, task in zip(axes[0], tasks, strict=True):
            axis.set_title(settings.title("task", task))
        for axis in axes[-1]:
            layer_axis(axis)
        figure.supylabel(DRAWN[points["metric"].iloc[0]])
        legend_below(figure, [*_handles(points), *band_handles(points, RANGE)])
        save_figure(figure, points, files)
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


def _draw_panel(axis: Axes, points: pd.DataFrame) -> None:
    for name, colour, marker in zip(CLASSES, COLOURS, MARKERS, strict=True):
        of_class = points[points["tokens"] == name]
        if not of_class.empty:
            draw_line(axis, of_class, "value", color=colour, marker=marker)


def _handles(points: pd.DataFrame) -> list[Artist]:
    return [
        Line2D([], [], color=colour, marker=marker, label=CLASSES[name])
        for name, colour, marker in zip(CLASSES, COLOURS, MARKERS, strict=True)
        if name in set(points["tokens"])
    ]
