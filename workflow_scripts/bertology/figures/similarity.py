"""How alike fine-tuned and pretrained encoders are, layer by layer."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bertology.errors import InputError
from bertology.figures.style import (
    GREY,
    Palette,
    display_name,
    figure_style,
    layer_axis,
    legend_below,
    panel_grid,
    read_table,
    save_figure,
)
from bertology.tables import SIMILARITY

DRAWN = {
    "rsa_pearson": "RSA (Pearson correlation)",
    "rsa_spearman": "RSA (Spearman correlation)",
    "rsa_standardised": "RSA (standardised dimensions)",
}
"""The measure that is drawn, the first of these that there is, and its label."""
DASHES = (0, (4, 2))
PANEL_SIZE = (2.4, 2.6)  # inches


def plot_similarity(table: Path, png: Path, pdf: Path) -> None:
    """Draw RSA against the layer, one panel for each encoder and set of stimuli.

    A line for each task: layer k of the fine-tuned encoder against layer k of the pretrained one,
    mean over seeds, with a band from the least to the greatest seed. Dashed: the ceiling, two
    fine-tunings that differ in their seed only. Dotted: the floor, a random encoder against the
    pretrained one. `table` has the columns SIMILARITY; only its variant `full` is drawn.
    """
    rows = _same_layer(read_table(table, SIMILARITY), table)
    palette = Palette.of(task for task in rows["task"].unique() if task)
    with figure_style():
        figure, panels = panel_grid(rows, ["encoder", "stimuli"], PANEL_SIZE)
        for axis, panel in panels:
            draw_lines(axis, panel, palette)
        figure.supylabel(DRAWN[rows["metric"].iloc[0]], fontsize=9)
        legend_below(figure, line_handles(rows, palette))
        save_figure(figure, png, pdf)
        plt.close(figure)


def _same_layer(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Keep RSA of each layer with the same layer on all tokens, of full fine-tunings and floors."""
    same = rows["layer"] == rows["second_layer"]
    whole = rows["variant"].isin(["full", ""])
    kept = rows[same & whole & (rows["tokens"] == "all") & (rows["comparison"] != "permuted")]
    metric = next((name for name in DRAWN if name in set(kept["metric"])), None)
    if metric is None:
        found = f"metrics {sorted(kept['metric'].unique())}"
        raise InputError.at(table, None, found, f"one of {', '.join(DRAWN)}")
    return kept[kept["metric"] == metric]


def draw_lines(axis: Axes, rows: pd.DataFrame, palette: Palette) -> None:
    """Draw a value by layer: each task's mean over seeds with its range, ceiling and floor."""
    tuned, ceiling, floor = (
        rows[rows["comparison"] == comparison] for comparison in ("tuned", "ceiling", "floor")
    )
    shared = {"x": "layer", "y": "value", "ax": axis, "legend": False}
    by_task = {**shared, "hue": "task", "palette": palette.colours}
    if not floor.empty:
        sns.lineplot(floor, **shared, color=GREY, linestyle=":", errorbar=None)
    if not ceiling.empty:
        sns.lineplot(ceiling, **by_task, linestyle=DASHES, linewidth=1.1, errorbar=None)
    # The percentile interval of 100 % is the range from the least to the greatest value.
    sns.lineplot(
        tuned, **by_task, style="task", markers=palette.markers, dashes=False, errorbar=("pi", 100)
    )
    axis.set_ylabel("")
    layer_axis(axis)


def line_handles(rows: pd.DataFrame, palette: Palette) -> list[Artist]:
    """Make the entries of a legend that names only what is drawn."""
    drawn = set(rows["comparison"])
    handles: list[Artist] = [
        Line2D([], [], color=colour, marker=palette.markers[task], label=display_name(task))
        for task, colour in palette.colours.items()
    ]
    if rows.loc[rows["comparison"] == "tuned", "seed"].nunique() > 1:
        handles.append(Patch(color=GREY, alpha=0.25, label="Range over seeds"))
    if "ceiling" in drawn:
        label = "Ceiling: two seeds of one task"
        handles.append(Line2D([], [], color="black", linestyle=DASHES, label=label))
    if "floor" in drawn:
        label = "Floor: random encoder"
        handles.append(Line2D([], [], color=GREY, linestyle=":", label=label))
    return handles
