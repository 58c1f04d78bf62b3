"""Where in an encoder fine-tuning changes what probes find: heat maps by layer."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from bertology.errors import InputError
from bertology.figures.heat_map import draw_cells, label_cells, signed
from bertology.figures.probe_models import labelled, read_summary
from bertology.figures.style import (
    DIVERGING,
    PAGE_WIDTH,
    FigureFiles,
    figure_style,
    save_figure,
    titled_panels,
)

MIX = -1  # stands before layer 0
LEAST_WIDTH, PANEL_GAP = 1.8, 0.08  # inches, of a panel
CELL_WIDTH, CELL_HEIGHT, PANEL_MARGIN = 0.24, 0.22, 0.55  # inches
LETTER_WIDTH, BAR_ROOM, BAR_HEIGHT = 0.054, 0.6, 0.13  # inches
POINTS = (
    *("text", "phenomenon", "encoder", "task", "input", "layer", "metric", "seeds"),
    *("change", "change_low", "change_high", "certain"),
)


def plot_probe_changes(table: Path, files: FigureFiles) -> None:
    """Draw the change in F1 of each probe, one heat map for each encoder and task.

    A row for each phenomenon; columns are the mix of all layers, then each layer alone. A number is
    bold where its interval leaves out 0. `table` has the columns PROBE_SUMMARY.
    """
    rows = _changes(read_summary(table), table)
    labels = list(rows["row"].unique())
    limit = rows["change"].abs().max() or 1.0
    norm = Normalize(-limit, limit)
    with figure_style():
        figure, panels = _panels(rows, labels)
        for axis, panel in panels:
            columns = sorted(rows.loc[rows["encoder"].isin(panel["encoder"]), "column"].unique())
            _draw_panel(axis, panel, labels, columns, norm)
        _colour_bar(figure, [axis for axis, _ in panels], norm)
        save_figure(figure, rows[list(POINTS)], files)
        plt.close(figure)


def _changes(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Keep changes in F1, with their column of the heat map and whether they are certain."""
    tuned = (rows["comparison"] == "tuned") & (rows["metric"] == "f1")
    shown = rows["input"].isin(["mix", "layer"])
    kept = labelled(rows[tuned & shown & rows["change"].notna()])
    if kept.empty:
        found = "no change in F1"
        raise InputError.at(table, None, found, "comparison tuned with metric f1 and its change")
    column = kept["layer"].where(kept["input"] == "layer", MIX).astype(int)
    certain = (kept["change_low"] > 0) | (kept["change_high"] < 0)
    return kept.assign(column=column, certain=certain)


def _panels(
    rows: pd.DataFrame, labels: list[str]
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Lay out a titled panel for each encoder and task, as many in a line as cells have room."""
    groups = list(rows.groupby(["encoder", "task"], sort=False))
    width = max(LEAST_WIDTH, CELL_WIDTH * rows["column"].nunique() + PANEL_GAP)
    beside = 0.2 + LETTER_WIDTH * max(map(len, labels))
    across = min(len(groups), max(1, int((PAGE_WIDTH - beside) // width)))
    down = -(-len(groups) // across)
    size = (
        beside + width * across,
        (CELL_HEIGHT * len(labels) + PANEL_MARGIN) * down + BAR_ROOM,
    )
    figure, axes = plt.subplots(down, across, sharey=True, squeeze=False, figsize=size)
    return figure, titled_panels(axes, groups)


def _colour_bar(figure: Figure, axes: list[Axes], norm: Normalize) -> None:
    width, height = figure.get_size_inches()
    figure.colorbar(
        ScalarMappable(norm, DIVERGING),
        ax=axes,
        location="bottom",
        label="Change in F1 (points)",
        fraction=BAR_HEIGHT / height,
        pad=BAR_HEIGHT / height,
        shrink=0.5,
        aspect=0.5 * width / BAR_HEIGHT,
    )


def _draw_panel(
    axis: Axes, rows: pd.DataFrame, labels: list[str], columns: list[int], norm: Normalize
) -> None:
    changes, certain = (
        rows.pivot(index="row", columns="column", values=name)
        .reindex(index=labels, columns=columns)
        .to_numpy(dtype=float)
        for name in ("change", "certain")
    )
    draw_cells(axis, changes, ScalarMappable(norm, DIVERGING), signed, bold=certain == 1)
    if MIX in columns:
        axis.axvline(1, color="white", linewidth=3.5)
    label_cells(axis, ["mix" if column == MIX else str(column) for column in columns], labels)
    axis.set(xlabel="Layer (0: embeddings)", ylim=(len(labels), 0))
