"""Where in an encoder fine-tuning changes what probes find: heat maps by layer."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.heat_map import draw_cells, label_cells, mark_corners, signed
from bertology.figures.probe_models import UNFINISHED, changes_of, labelled, read_summary
from bertology.figures.style import (
    DIVERGING,
    GREY,
    PAGE_WIDTH,
    PLAIN,
    FigureFiles,
    FigureSettings,
    figure_style,
    legend_below,
    save_figure,
    seeds_in_words,
    titled_panels,
)
from bertology.statistics import holm

MIX = -1  # stands before layer 0
LEAST_WIDTH, PANEL_GAP = 1.8, 0.08  # inches, of a panel
CELL_WIDTH, CELL_HEIGHT, PANEL_MARGIN = 0.24, 0.22, 0.55  # inches
LETTER_WIDTH, BAR_ROOM, BAR_HEIGHT = 0.054, 0.75, 0.13  # inches
POINTS = (
    *("text", "phenomenon", "encoder", "task", "input", "layer", "metric", "seeds"),
    *("change", "change_low", "change_high", "change_p", "corrected_p", "certain", "unfinished"),
)


def plot_probe_changes(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw the change in F1 of each probe, one heat map for each encoder and task.

    A row for each phenomenon; columns are the mix of all layers, then each layer alone. A number is
    bold where the change holds at the level of the intervals after Holm's correction for the cells
    of the panel; none is with one seed, which says nothing of others. A corner is marked where the
    probe, or that of the pretrained encoder, was not trained to the end. `table` has the columns
    PROBE_SUMMARY.
    """
    rows = _changes(read_summary(table), table, settings)
    labels = list(rows["row"].unique())
    limit = rows["change"].abs().max() or 1.0
    norm = Normalize(-limit, limit)
    with figure_style():
        figure, panels = _panels(rows, labels, settings)
        for axis, panel in panels:
            columns = sorted(rows.loc[rows["encoder"].isin(panel["encoder"]), "column"].unique())
            _draw_panel(axis, panel, labels, columns, norm)
        _colour_bar(figure, [axis for axis, _ in panels], norm, seeds_in_words(rows["seeds"]))
        if (rows["unfinished"] > 0).any():
            label = f"Corner: {UNFINISHED}"
            mark = Line2D([], [], marker="^", linestyle="", color=GREY, markersize=4, label=label)
            legend_below(figure, [mark])
        save_figure(figure, rows[list(POINTS)], files)
        plt.close(figure)


def _changes(rows: pd.DataFrame, table: Path, settings: FigureSettings) -> pd.DataFrame:
    """Keep changes in F1, with their column of the heat map and whether they are certain."""
    rows = rows[(rows["metric"] == "f1") & rows["input"].isin(["mix", "layer"])]
    kept = labelled(changes_of(rows), settings)
    if kept.empty:
        found = "no change in F1"
        raise InputError.at(table, None, found, "comparison tuned with metric f1 and its change")
    column = kept["layer"].where(kept["input"] == "layer", MIX).astype(int)
    corrected = kept.groupby(["encoder", "task"])["change_p"].transform(_corrected)
    certain = (corrected <= 1 - settings.level) & (kept["seeds"] > 1)
    return kept.assign(column=column, corrected_p=corrected, certain=certain)


def _corrected(p_values: pd.Series) -> pd.Series:
    """Correct the p values of a panel; cells without one are no tests."""
    tested = p_values.dropna()
    return pd.Series(holm(tested.to_numpy(float)), tested.index).reindex(p_values.index)


def _panels(
    rows: pd.DataFrame, labels: list[str], settings: FigureSettings
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
    return figure, titled_panels(axes, groups, ("encoder", "task"), settings)


def _colour_bar(figure: Figure, axes: list[Axes], norm: Normalize, seeds: str) -> None:
    width, height = figure.get_size_inches()
    figure.colorbar(
        ScalarMappable(norm, DIVERGING),
        ax=axes,
        location="bottom",
        label=f"Change in F1 (points)\n{seeds}",
        fraction=BAR_HEIGHT / height,
        pad=BAR_HEIGHT / height,
        shrink=0.5,
        aspect=0.5 * width / BAR_HEIGHT,
    )


def _draw_panel(
    axis: Axes, rows: pd.DataFrame, labels: list[str], columns: list[int], norm: Normalize
) -> None:
    changes, certain, unfinished = (
        rows.pivot(index="row", columns="column", values=name)
        .reindex(index=labels, columns=columns)
        .to_numpy(dtype=float)
        for name in ("change", "certain", "unfinished")
    )
    draw_cells(axis, changes, ScalarMappable(norm, DIVERGING), signed, bold=certain == 1)
    mark_corners(axis, unfinished > 0)
    if MIX in columns:
        axis.axvline(1, color="white", linewidth=3.5)
    label_cells(axis, ["mix" if column == MIX else str(column) for column in columns], labels)
    axis.set(xlabel="Layer (0: embeddings)", ylim=(len(labels), 0))
