"""Heat maps with a number in each cell."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bertology.figures.style import GREY, PAGE_WIDTH, SMALL

LEAST_WIDTH, MOST_WIDTH, CELL_HEIGHT = 0.24, 0.3, 0.2  # inches, of a cell
LEAST_HEIGHT = 1.1  # inches, of a panel
PANEL_MARGIN = (0.22, 0.6)  # inches
BESIDE = 1.0  # inches, for labels and colour bars
HATCHED: dict[str, Any] = {
    "fill": False,
    "hatch": "////",
    "edgecolor": "#BDBDBD",
    "linewidth": 0,
}
NOT_MEASURED: dict[str, Any] = {"facecolor": "#EDEDED", "hatch": "////", "edgecolor": "#BDBDBD"}


def cell_panels(panels: tuple[int, int], cells: tuple[int, int]) -> tuple[Figure, np.ndarray]:
    """Lay out panels (down, across) that have room for so many cells (rows, columns) each.

    They are as wide as a page, or wider where a number would not fit in its cell.
    """
    room = (PAGE_WIDTH - BESIDE) / panels[1] - PANEL_MARGIN[0]
    width = min(max(room / cells[1], LEAST_WIDTH), MOST_WIDTH) * cells[1] + PANEL_MARGIN[0]
    height = max(CELL_HEIGHT * cells[0], LEAST_HEIGHT) + PANEL_MARGIN[1]
    size = (BESIDE + width * panels[1], height * panels[0])
    return plt.subplots(*panels, squeeze=False, figsize=size)


def colour_bar(figure: Figure, axes: np.ndarray, colours: ScalarMappable, label: str) -> None:
    """Explain the colours of a line of panels at its right; the label has the unit."""
    figure.colorbar(colours, ax=list(axes), fraction=0.02, pad=0.01, label=label)


def draw_cells(
    axis: Axes,
    values: np.ndarray,
    colours: ScalarMappable,
    write: Callable[[float], str],
    bold: np.ndarray | None = None,
) -> None:
    """Draw values (rows, columns) as coloured cells with numbers; NaN is a hatched cell without.

    bold: where numbers are bold (rows, columns). Row 0 is at the bottom.
    """
    axis.patch.set(**NOT_MEASURED)
    cells = axis.pcolormesh(values, edgecolors="white", linewidth=0.6)
    cells.set(cmap=colours.cmap, norm=colours.norm)
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            axis.text(
                column + 0.5,
                row + 0.5,
                write(value),
                ha="center",
                va="center",
                fontsize=SMALL,
                fontweight="bold" if bold is not None and bold[row, column] else "normal",
                color=_readable_on(colours.to_rgba(np.array([value]))[0]),
            )


def mark_corners(axis: Axes, marked: np.ndarray) -> None:
    """Mark the corner at the right, towards row 0, of cells (rows, columns)."""
    for row, column in np.argwhere(marked):
        corner = ((column + 0.74, column + 1, column + 1), (row, row, row + 0.26))
        axis.fill(*corner, color=GREY, linewidth=0)


def hatch_cells(axis: Axes, hatched: np.ndarray) -> None:
    """Hatch cells (rows, columns) under their numbers."""
    for row, column in np.argwhere(hatched):
        axis.add_patch(Rectangle((column, row), 1, 1, **HATCHED))


def label_cells(axis: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Name columns and rows of cells, and leave no grid, frame or ticks."""
    axis.set_xticks(np.arange(len(columns)) + 0.5, columns)
    axis.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def _readable_on(background: np.ndarray) -> str:
    """Choose black or white by the contrast that WCAG 2 defines from relative luminance."""
    shares = background[:3]
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return "white" if (luminance + 0.05) ** 2 < 1.05 * 0.05 else "black"


def signed(change: float) -> str:
    """Write a change with its sign in at most four characters: one decimal below 10.

    >>> [signed(change) for change in (3.14, -12.3, 0.04, -0.04)]
    ['+3.1', '−12', '0.0', '0.0']
    """
    text = f"{change:+.1f}" if abs(change) < 9.95 else f"{change:+.0f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
