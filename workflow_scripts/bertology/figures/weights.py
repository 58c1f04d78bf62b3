"""How far the weights of each layer moved: heat maps of layer and kind of parameter."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from bertology.errors import InputError
from bertology.figures.heat_map import cell_panels, colour_bar, draw_cells, label_cells
from bertology.figures.style import display_name, figure_style, read_table, save_figure
from bertology.tables import WEIGHTS

COMPARISONS = {"tuned": "From the pretrained encoder", "ceiling": "Between two seeds"}
KINDS = {
    "all": "all",
    "attention": "attention",
    "feed_forward": "feed-\nforward",
    "normalisation": "normali-\nsation",
}
WIDTH = 1.7
"""Of a cell, in widths of an ordinary one: it carries a name."""


def plot_weights(table: Path, png: Path, pdf: Path) -> None:
    """Draw the relative change of weights in percent, a column of panels for each encoder and task.

    The first line of panels compares a fine-tuned encoder with the pretrained one, the second
    (where there are several seeds) two that differ in the seed alone. Numbers are means over seeds.
    Layer 0 is the embeddings, which have no kinds. `table` has the columns WEIGHTS.
    """
    rows = read_table(table, WEIGHTS)
    rows = rows[rows["comparison"].isin(COMPARISONS) & rows["kind"].isin(KINDS)]
    if rows.empty:
        raise InputError.at(table, None, "nothing to draw", "a comparison tuned or ceiling")
    place = ["comparison", "encoder", "task", "layer", "kind"]
    means = 100 * rows.groupby(place)["value"].mean()
    colours = ScalarMappable(Normalize(0, means.max()), "YlGnBu")
    lines = [name for name in COMPARISONS if name in means.index.get_level_values(0)]
    models = list(rows[["encoder", "task"]].drop_duplicates().itertuples(index=False, name=None))
    with figure_style():
        cells = (rows["layer"].nunique(), round(WIDTH * len(KINDS)))
        figure, axes = cell_panels((len(lines), len(models)), cells)
        for comparison, of_line in zip(lines, axes, strict=True):
            for model, axis in zip(models, of_line, strict=True):
                _draw_panel(axis, means[comparison, *model], colours)
            of_line[0].set_ylabel(f"{COMPARISONS[comparison]} (%)\nLayer", fontsize=8)
            colour_bar(figure, of_line, colours)
        for (encoder, task), axis in zip(models, axes[0], strict=True):
            names = [encoder, task] if rows["encoder"].nunique() > 1 else [task]
            axis.set_title(": ".join(map(display_name, names)))
        save_figure(figure, png, pdf)
        plt.close(figure)


def _draw_panel(axis: Axes, means: pd.Series, colours: ScalarMappable) -> None:
    changes = means.unstack("kind").sort_index().reindex(columns=list(KINDS))
    draw_cells(axis, changes.to_numpy(), colours, three_digits)
    label_cells(axis, list(KINDS.values()), [str(layer) for layer in changes.index])
    axis.tick_params(axis="x", labelsize=7)


def three_digits(percent: float) -> str:
    """Write a percentage with at most three digits.

    >>> [three_digits(percent) for percent in (0.0123, 1.234, 45.67, 123.4)]
    ['0.01', '1.23', '45.7', '123']
    """
    return f"{percent:.{2 if percent < 9.995 else 1 if percent < 99.95 else 0}f}"
