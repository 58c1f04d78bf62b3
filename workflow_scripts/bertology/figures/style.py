"""What the figures share: colours, markers, titles, and how a figure is saved."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
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
from bertology.table_files import read_csv
from bertology.titles import Titles, display_name, title

mpl.use("Agg")

Groups = list[tuple[Any, pd.DataFrame]]

# Okabe and Ito's colours (2008), apart for colour-blind readers; the blue is darker than theirs and
# the order such that the first three, and all neighbours, are apart in grey too. Markers help.
COLOURS = ("#005A94", "#E69F00", "#009E73", "#56B4E9", "#D55E00", "#CC79A7")
MARKERS = ("o", "s", "^", "D", "v", "P")
GREY = "#6E6E6E"
OWN_TEXT, NO_TEXT = "own text", "no task's text"
"""What figures write to a task's own text, and to a text that no task was tuned on."""
OWN_FACE = "#F4F4F4"
"""Behind panels of a task's own text."""
SEQUENTIAL, DIVERGING = "YlGnBu", "RdBu"
"""Maps from light to dark, and from dark over light to dark; on the latter numbers have signs."""
BAND = 0.15
"""Opacity of the bands around lines."""
NUMBERS = ("value", "layer", "second_layer", "similarity", "difference", "low", "high")
PANELS_ACROSS = 4
PAGE_WIDTH = 7.2  # inches: both columns of a printed page
LEGEND_ENTRY_WIDTH, LEGEND_ENTRY_HEIGHT = 2.2, 0.18  # inches
RESOLUTION = 300  # dots per inch
SMALL = 6.5  # points: the least size of letters
LABEL = 8  # points: of labels and titles
SETTINGS: dict[str, Any] = {
    "axes.edgecolor": "#404040",
    "axes.labelsize": LABEL,
    "axes.linewidth": 0.7,
    "axes.titlesize": LABEL,
    "figure.constrained_layout.use": True,
    "figure.labelsize": LABEL,
    "font.size": LABEL,
    "hatch.linewidth": 0.5,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,  # letters as text, not as drawings
    "text.parse_math": False,  # a title may hold dollars
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}
SECTIONS = {"encoder": "encoders", "task": "tasks", "stimuli": "stimuli", "text": "probes"}
"""Of the configuration: where the titles of a table's column are."""


def figure_style() -> AbstractContextManager[None]:
    """Draw in the project's style inside the block; settings are as before after it."""
    return plt.style.context(["seaborn-v0_8-whitegrid", SETTINGS])


def read_table(path: Path, columns: Iterable[str], *, may_be_empty: bool = False) -> pd.DataFrame:
    """Read a table of results; InputError where it has no row or lacks one of the columns.

    Empty cells of text columns are empty texts; the columns NUMBERS are numbers.
    """
    table = read_csv(path, numbers=NUMBERS, dtype=str, keep_default_na=False)
    missing = [column for column in columns if column not in table]
    if missing or (table.empty and not may_be_empty):
        found = f"no column {missing[0]!r}" if missing else "no row"
        raise InputError.at(path, 1, found, f"a table with the columns {', '.join(columns)}")
    return table


@dataclass(frozen=True)
class FigureFiles:
    """Where a figure is written: as a bitmap, as a vector drawing, and as the numbers it draws."""

    png: Path
    pdf: Path
    csv: Path


@dataclass(frozen=True)
class FigureSettings:
    """What figures take from the configuration.

    titles: what readers call encoders, tasks and texts; of the sections of the configuration that
    the registry says, or nothing at all (names, spelt out). level: of tests.
    """

    titles: Titles = field(default_factory=dict)
    level: float = 0.95

    def title(self, column: str, name: object) -> str:
        """Give what readers call a value of a table's column; names of no entry are spelt out."""
        if column not in SECTIONS:
            return display_name(str(name))
        section = SECTIONS[column]
        if self.titles and section not in self.titles:
            raise KeyError(f"{section}: the registry of figures says that this one shows none")
        return title(self.titles, section, str(name))

    def joined(self, names: Mapping[str, object], *, several_encoders: bool) -> str:
        """Join the titles of values by column; an encoder's stands only among several."""
        shown = {key: name for key, name in names.items() if key != "encoder" or several_encoders}
        return ": ".join(self.title(*each) for each in shown.items())


PLAIN = FigureSettings()
"""No titles: names, spelt out."""


@dataclass(frozen=True)
class Palette:
    """The colour and the marker of each task."""

    colours: dict[str, str]
    markers: dict[str, str]

    @property
    def middle(self) -> float:
        """Give the place of the middle one of the tasks, counted from 0."""
        return (len(self.colours) - 1) / 2

    @classmethod
    def of(cls, tasks: Iterable[str]) -> "Palette":
        """Assign colours and markers in order; InputError for more tasks than can be told apart."""
        names = list(tasks)
        if len(names) > len(COLOURS):
            raise InputError(f"figure: found {len(names)} tasks; allowed: up to {len(COLOURS)}")
        return cls(dict(zip(names, COLOURS, strict=False)), dict(zip(names, MARKERS, strict=False)))


def panel_grid(
    rows: pd.DataFrame, by: list[str], size: tuple[float, float], settings: FigureSettings
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Lay out one titled panel of `size` inches at most for each combination of the columns `by`.

    Returns the figure, and each panel's axes with its rows of the table. Panels share their y
    axis. The encoder stands in the titles only if there are several.
    """
    groups = list(rows.groupby(by, sort=False))
    down = -(-len(groups) // PANELS_ACROSS)
    across = -(-len(groups) // down)
    figure, axes = page_panels((down, across), size, sharey=True)
    return figure, titled_panels(axes, groups, by, settings)


def page_panels(
    panels: tuple[int, int], size: tuple[float, float], **shared: Any
) -> tuple[Figure, np.ndarray]:
    """Lay out panels (down, across) of `size` inches, narrower where a page would not hold them.

    shared: further arguments of `plt.subplots`.
    """
    down, across = panels
    figsize = (min(size[0] * across, PAGE_WIDTH), size[1] * down)
    return plt.subplots(down, across, squeeze=False, figsize=figsize, **shared)


def titled_panels(
    axes: np.ndarray, groups: Groups, by: Sequence[str], settings: FigureSettings
) -> list[tuple[Axes, pd.DataFrame]]:
    """Give each group of rows, in order, one of the axes, and hide those that are left over.

    A group's name is a tuple of values of the columns `by`, of which the first is the encoder,
    which the titles show only if there are several.
    """
    for unused in axes.flat[len(groups) :]:
        unused.set_visible(False)
    several = len({names[0] for names, _ in groups}) > 1
    panels = []
    for axis, (names, panel) in zip(axes.flat, groups, strict=False):
        named = dict(zip(by, names, strict=True))
        axis.set_title(settings.joined(named, several_encoders=several))
        panels.append((axis, panel))
    return panels


def text_label(settings: FigureSettings, names: Mapping[str, object], rows: pd.DataFrame) -> str:
    """Name the text of a line of panels, with a second line where no task was tuned on it.

    names: by column. rows: those of the text, with the column `domain`.
    """
    label = settings.joined(names, several_encoders="encoder" in names)
    domains = set(rows["domain"]) - {""}
    return f"{label}\n{NO_TEXT}" if domains == {"neutral"} else label


def seeds_in_words(seeds: pd.Series) -> str:
    """Say of how many seeds values are means."""
    least, most = int(seeds.min()), int(seeds.max())
    if most == 1:
        return "one seed"
    return f"mean of {most} seeds" if least == most else f"means of {least} to {most} seeds"


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


def save_figure(figure: Figure, points: pd.DataFrame, files: FigureFiles) -> None:
    """Save a figure, and beside it what it draws: a row for each point, with its interval.

    Without the time of day, so that equal figures have equal bytes.
    """
    with atomic_file(files.png) as temporary:
        figure.savefig(temporary, dpi=RESOLUTION, metadata={"Software": None})
    with atomic_file(files.pdf) as temporary:
        figure.savefig(temporary, metadata={"CreationDate": None})
    with atomic_file(files.csv) as temporary:
        points.to_csv(temporary, index=False)
