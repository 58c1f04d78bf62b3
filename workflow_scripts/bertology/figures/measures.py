"""All measures of similarity side by side, to see whether they agree on what changed."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bertology.errors import InputError
from bertology.figures.similarity import draw_lines, line_handles
from bertology.figures.style import (
    GREY,
    Palette,
    display_name,
    figure_style,
    legend_below,
    read_table,
    save_figure,
)
from bertology.tables import SIMILARITY

NAMES = {
    "rsa_pearson": "RSA",
    "rsa_spearman": "RSA (Spearman)",
    "rsa_standardised": "RSA, standardised",
    "cka": "CKA",
    "procrustes": "Procrustes distance",
}
NULL_DASHES = (0, (1, 3))
PANEL_SIZE = (2.3, 1.9)  # inches


def plot_measures(table: Path, png: Path, pdf: Path) -> None:
    """Draw each measure against the layer: a column for each, a line of panels for each text.

    Lines are as in `plot_similarity`; finely dotted is the null, the pretrained encoder against
    itself with its tokens permuted. Procrustes is a distance: there, up is more change. `table` has
    the columns SIMILARITY; only all tokens, same layers and the variant `full` are drawn.
    """
    rows = _drawn(read_table(table, SIMILARITY), table)
    palette = Palette.of(task for task in rows["task"].unique() if task)
    measures = [name for name in NAMES if name in set(rows["metric"])]
    texts = list(rows.groupby(["encoder", "stimuli"], sort=False))
    with figure_style():
        size = (PANEL_SIZE[0] * len(measures), PANEL_SIZE[1] * len(texts) + 0.4)
        figure, axes = plt.subplots(
            len(texts), len(measures), sharey="col", sharex=True, squeeze=False, figsize=size
        )
        for line, ((encoder, stimuli), of_text) in zip(axes, texts, strict=True):
            names = [encoder, stimuli] if rows["encoder"].nunique() > 1 else [stimuli]
            line[0].set_ylabel(": ".join(display_name(str(name)) for name in names))
            for axis, measure in zip(line, measures, strict=True):
                _draw_panel(axis, of_text[of_text["metric"] == measure], palette)
        for axis, measure in zip(axes[0], measures, strict=True):
            axis.set_title(NAMES[measure])
        for axis in axes[-1]:
            axis.set_xlabel("Layer (0: embeddings)")
        null = Line2D([], [], color=GREY, linestyle=NULL_DASHES, label="Null: tokens permuted")
        legend_below(figure, [*line_handles(rows, palette), null])
        save_figure(figure, png, pdf)
        plt.close(figure)


def _drawn(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    same = rows["layer"] == rows["second_layer"]
    whole = rows["variant"].isin(["full", ""])
    kept = rows[same & whole & (rows["tokens"] == "all") & rows["metric"].isin(NAMES)]
    if kept.empty:
        raise InputError.at(table, None, "no measure of all tokens", f"one of {', '.join(NAMES)}")
    return kept


def _draw_panel(axis: Axes, rows: pd.DataFrame, palette: Palette) -> None:
    label = axis.get_ylabel()
    null = rows[rows["comparison"] == "permuted"].sort_values("layer")
    axis.plot(null["layer"], null["value"], color=GREY, linestyle=NULL_DASHES, linewidth=1)
    draw_lines(axis, rows, palette)
    axis.set(xlabel="", ylabel=label)
