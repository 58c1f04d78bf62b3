"""What the figures share: colours, markers, names of tasks, and how a figure is saved."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bertology.errors import InputError
from bertology.files import atomic_file

mpl.use("Agg")

Groups = list[tuple[Any, pd.DataFrame]]

# Okabe and Ito's colours (2008), apart for colour-blind readers; ordered so that neighbours differ
# in lightness too, and paired with markers, so that they stay apart in grey.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MARKERS = ("o", "s", "^", "D", "v", "P")
GREY = "#6E6E6E"
NUMBERS = ("value", "layer", "second_layer", "similarity", "difference", "low", "high")
PANELS_ACROSS = 4
LEGEND_ENTRY_WIDTH, LEGEND_ENTRY_HEIGHT = 2.3, 0.2  # inches
RESOLUTION = 200  # dots per inch
SETTINGS: dict[str, Any] = {
    "axes.edgecolor": "#404040",
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.titlesize": 9.5,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "pdf.fonttype": 42,  # letters as text, not as drawings
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}
SPELLINGS = {
    "las": "LAS",
    "f1": "F1",
    "ewt": "EWT",
    "gum": "GUM",
    "mnli": "MNLI",
    "semeval": "SemEval",
    "squad": "SQuAD",
    "uds": "UDS",
    "wikitext": "WikiText",
}
"""Of words that are not written as they stand in a name."""


def figure_style() -> AbstractContextManager[None]:
    """Draw in the project's style inside the block; settings are as before after it."""
    return plt.style.context(["seaborn-v0_8-whitegrid", SETTINGS])


def read_table(path: Path, columns: Iterable[str], *, may_be_empty: bool = False) -> pd.DataFrame:
    """Read a table of results; InputError where it has no row or lacks one of the columns.

    Empty cells of text columns are empty texts; the columns NUMBERS are numbers.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in columns if column not in table]
    if missing or (table.empty and not may_be_empty):
        found = f"no column {missing[0]!r}" if missing else "no row"
        raise InputError.at(path, 1, found, f"a table with the columns {', '.join(columns)}")
    numbers = [column for column in NUMBERS if column in table]
    return table.assign(**{column: pd.to_numeric(table[column]) for column in numbers})


@dataclass(frozen=True)
class Palette:
    """The colour and the marker of each task."""

    colours: dict[str, str]
    markers: dict[str, str]

    @classmethod
    def of(cls, tasks: Iterable[str]) -> "Palette":
        """Assign colours and markers in order; InputError for more tasks than can be told apart."""
        names = list(tasks)
        if len(names) > len(COLOURS):
            raise InputError(f"figure: found {len(names)} tasks; allowed: up to {len(COLOURS)}")
        return cls(dict(zip(names, COLOURS, strict=False)), dict(zip(names, MARKERS, strict=False)))


def panel_grid(
    rows: pd.DataFrame, by: list[str], size: tuple[float, float]
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Lay out one titled panel of `size` inches for each combination of the columns `by`.

    Returns the figure, and each panel's axes with its rows of the table. Panels share their y
    axis. The encoder stands in the titles only if there are several.
    """
    groups = list(rows.groupby(by, sort=False))
    across = min(len(groups), PANELS_ACROSS)
    down = -(-len(groups) // across)
    figure, axes = plt.subplots(
        down, across, sharey=True, squeeze=False, figsize=(size[0] * across, size[1] * down)
    )
    return figure, titled_panels(axes, groups)


def titled_panels(axes: np.ndarray, groups: Groups) -> list[tuple[Axes, pd.DataFrame]]:
    """Give each group of rows, in order, one of the axes, and hide those that are left over.

    A group's name is a tuple that begins with the encoder, which the titles show only if there are
    several.
    """
    for unused in axes.flat[len(groups) :]:
        unused.set_visible(False)
    several = len({names[0] for names, _ in groups}) > 1
    panels = []
    for axis, (names, panel) in zip(axes.flat, groups, strict=False):
        axis.set_title(": ".join(display_name(str(name)) for name in names[not several :]))
        panels.append((axis, panel))
    return panels


def layer_axis(axis: Axes) -> None:
    """Label an x axis of layers."""
    axis.set_xlabel("Layer (0: embeddings)")
    axis.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def legend_below(figure: Figure, handles: list[Artist]) -> None:
    """Add a legend below the panels, and the room that it takes to the figure's height."""
    width, height = figure.get_size_inches()
    columns = max(1, min(3, int(width // LEGEND_ENTRY_WIDTH)))
    lines = -(-len(handles) // columns)
    figure.set_size_inches(width, height + lines * LEGEND_ENTRY_HEIGHT)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def display_name(name: str) -> str:
    """Give a name of the configuration, or a metric, as a reader would write it."""
    words = [SPELLINGS.get(word, word) for word in name.replace("_", " ").replace("-", " ").split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def save_figure(figure: Figure, png: Path, pdf: Path) -> None:
    """Save as PNG and PDF, without the time of day, so that equal figures have equal bytes."""
    with atomic_file(png) as temporary:
        figure.savefig(temporary, dpi=RESOLUTION, metadata={"Software": None})
    with atomic_file(pdf) as temporary:
        figure.savefig(temporary, metadata={"CreationDate": None})
