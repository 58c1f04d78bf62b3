"""How far the weights of each layer moved: heat maps of layer and kind of parameter."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from bertology.errors import InputError
from bertology.figures.heat_map import cell_panels, colour_bar, draw_cells, label_cells
from bertology.figures.layers import mean_and_range
from bertology.figures.style import (
    PLAIN,
    SEQUENTIAL,
    SMALL,
    FigureFiles,
    FigureSettings,
    figure_style,
    read_table,
    save_figure,
    titled_panels,
)
from bertology.tables import WEIGHTS

COMPARISONS = {"tuned": "From the pretrained encoder", "ceiling": "Between two seeds"}
KINDS = {
    "all": "all",
    "attention": "attention",
    "feed_forward": "feed-\nforward",
    "normalisation": "normali-\nsation",
}
COLUMNS = ("comparison", "encoder", "task", "layer", "kind")
WIDTH = 1.7
"""Of a cell, in widths of an ordinary one: it carries a name."""


def plot_weights(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw the relative change of weights in percent, a column of panels for each encoder and task.

    The first line of panels compares a fine-tuned encoder with the pretrained one, the second
    (where there are several seeds) two that differ in the seed alone. Numbers are means over seeds.
    Layer 0 is the embeddings, which have no kinds. `table` has the columns WEIGHTS.
    """
    points = _mean_percentages(read_table(table, WEIGHTS), table)
    colours = ScalarMappable(Normalize(0, points["percent"].max()), SEQUENTIAL)
    lines = [name for name in COMPARISONS if name in set(points["comparison"])]
    models = list(points.groupby(["encoder", "task"], sort=False))
    with figure_style():
        cells = (points["layer"].nunique(), round(WIDTH * len(KINDS)))
        figure, axes = cell_panels((len(lines), len(models)), cells)
        for comparison, of_line in zip(lines, axes, strict=True):
            for (_, of_model), axis in zip(models, of_line, strict=True):
                _draw_panel(axis, of_model[of_model["comparison"] == comparison], colours)
            of_line[0].set_ylabel(f"{COMPARISONS[comparison]}\nLayer (0: embeddings)")
            colour_bar(figure, of_line, colours, "Change of weights (%)")
        titled_panels(axes[:1], models, ("encoder", "task"), settings)
        save_figure(figure, points, files)
        plt.close(figure)


def _mean_percentages(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Average over seeds, with the least and the greatest, in percent."""
    rows = rows[rows["comparison"].isin(COMPARISONS) & rows["kind"].isin(KINDS)]
    if rows.empty:
        raise InputError.at(table, None, "nothing to draw", "a comparison tuned or ceiling")
    means = mean_and_range(rows.assign(value=100 * rows["value"]), COLUMNS)
    return means.rename(columns={"value": "percent"})


def _draw_panel(axis: Axes, points: pd.DataFrame, colours: ScalarMappable) -> None:
    changes = points.pivot(index="layer", columns="kind", values="percent")
    changes = changes.sort_index().reindex(columns=list(KINDS))
    draw_cells(axis, changes.to_numpy(), colours, three_digits)
    label_cells(axis, list(KINDS.values()), [str(layer) for layer in changes.index])
    axis.tick_params(axis="x", labelsize=SMALL)


def three_digits(percent: float) -> str:
    """Write a percentage with at most three digits.

    >>> [three_digits(percent) for percent in (0.0123, 1.234, 45.67, 123.4)]
    ['0.01', '1.23', '45.7', '123']
    """
    return f"{percent:.{2 if percent < 9.995 else 1 if percent < 99.95 else 0}f}"
