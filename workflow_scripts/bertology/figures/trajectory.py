"""How a change unfolds while an encoder is fine-tuned: heat maps of step and layer."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Patch

from bertology.errors import InputError
from bertology.figures.heat_map import (
    HATCHED,
    cell_panels,
    colour_bar,
    draw_cells,
    hatch_cells,
    label_cells,
    signed,
)
from bertology.figures.layers import mean_and_range
from bertology.figures.similarity import DRAWN
from bertology.figures.style import (
    DIVERGING,
    OWN_TEXT,
    PLAIN,
    SEQUENTIAL,
    SMALL,
    FigureFiles,
    FigureSettings,
    figure_style,
    legend_below,
    read_table,
    save_figure,
    seeds_in_words,
    text_label,
    titled_panels,
)
from bertology.tables import TRAJECTORY
from bertology.trajectory import SIMILARITY, STRUCTURE

COLUMNS = ("encoder", "task", "measured", "stimuli", "domain", "metric", "layer", "end", "step")
VARIOUS = -1
"""Stands for the last step of runs that ended at different ones."""


class Line(NamedTuple):
    """A line of panels: what is drawn, on which text, its colours, and how a number is written."""

    points: pd.DataFrame
    text: str
    unit: str
    colours: ScalarMappable
    write: Callable[[float], str]


def plot_trajectory(table: Path, files: FigureFiles, settings: FigureSettings = PLAIN) -> None:
    """Draw change against training step and layer, a column of panels for each encoder and task.

    A line of panels for each text on which similarity to the pretrained encoder was measured (1
    less RSA: 0 is no change), and for each on which structural probes were trained (UUAS less that
    of the pretrained encoder, in points). Numbers are means over seeds; cells in which the seeds
    disagree about the sign are hatched. Steps are not to scale; the last one is the encoder that
    fine-tuning kept. `table` has the columns TRAJECTORY.
    """
    points = _mean_changes(read_table(table, TRAJECTORY), table)
    lines = _lines(points, settings)
    models = list(points.groupby(["encoder", "task"], sort=False))
    with figure_style():
        cells = (points["layer"].nunique(), max(of["step"].nunique() for _, of in models))
        figure, axes = cell_panels((len(lines), len(models)), cells)
        for line, of_line in zip(lines, axes, strict=True):
            for (_, of_model), axis in zip(models, of_line, strict=True):
                _draw_panel(axis, of_model[of_model.index.isin(line.points.index)], line)
            of_line[0].set_ylabel(f"{line.text}\nLayer (0: embeddings)")
            colour_bar(figure, of_line, line.colours, line.unit)
        titled_panels(axes[:1], models, ("encoder", "task"), settings)
        for axis in axes[-1]:
            axis.set_xlabel("Training step")
        if _seeds_disagree(points).any():
            legend_below(figure, [Patch(label="The seeds disagree about the sign", **HATCHED)])
        save_figure(figure, _with_end(points), files)
        plt.close(figure)


def _mean_changes(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Return the change since step 0 of one measure of each kind, as a mean over seeds.

    Of similarity, 1 less its value: more is more change. `low` and `high` are the range over seeds.
    """
    rows = rows.assign(**{name: pd.to_numeric(rows[name]) for name in ("step", "end")})
    similarity = next((name for name in DRAWN if name in set(rows["metric"])), None)
    drawn = rows[rows["metric"].isin([similarity, "uuas"])]
    if drawn.empty:
        raise InputError.at(table, None, "nothing to draw", f"one of {', '.join(DRAWN)}, uuas")
    run = ["encoder", "task", "seed", "measured", "stimuli", "layer"]
    start = drawn[drawn["step"] == 0].set_index(run)["value"].rename("start")
    drawn = drawn.join(start, on=run)
    ends = drawn[drawn["end"] == 1].groupby(["encoder", "task"])["step"].transform("nunique")
    drawn.loc[ends.index[ends > 1], "step"] = VARIOUS
    sign = drawn["measured"].map({SIMILARITY: -1}).fillna(1)
    drawn = drawn.assign(value=sign * (drawn["value"] - drawn["start"]))
    return mean_and_range(drawn, COLUMNS).rename(columns={"value": "change"})


def _with_end(points: pd.DataFrame) -> pd.DataFrame:
    """Leave the step empty where runs ended at different ones."""
    step = points["step"].astype("Int64")
    return points.assign(step=step.mask(step == VARIOUS))


def _seeds_disagree(points: pd.DataFrame) -> pd.Series:
    return (points["low"] < 0) & (points["high"] > 0) & (points["measured"] == STRUCTURE)


def _lines(points: pd.DataFrame, settings: FigureSettings) -> list[Line]:
    lines = []
    seeds = seeds_in_words(points["seeds"])
    for (measured, stimuli), of_text in points.groupby(["measured", "stimuli"], sort=False):
        column = "stimuli" if measured == SIMILARITY else "text"
        text = text_label(settings, {column: stimuli}, of_text)
        limit = of_text["change"].abs().max() or 1.0
        if measured == SIMILARITY:
            colours = ScalarMappable(Normalize(0, limit), SEQUENTIAL)
            lines.append(Line(of_text, text, f"1 − RSA\n{seeds}", colours, without_zero))
        elif measured == STRUCTURE:
            colours = ScalarMappable(Normalize(-limit, limit), DIVERGING)
            lines.append(Line(of_text, text, f"Change in UUAS (points)\n{seeds}", colours, signed))
    return lines


def without_zero(share: float) -> str:
    """Write a share from 0 to 1 with two decimals and no leading zero, 0 as 0.

    >>> [without_zero(share) for share in (0.0, 0.004, 0.256, 1.0)]
    ['0', '.00', '.26', '1.0']
    """
    if share == 0:
        return "0"
    return f"{share:.1f}" if share >= 0.995 else f"{share:.2f}".replace("0.", ".", 1)


def _draw_panel(axis: Axes, points: pd.DataFrame, line: Line) -> None:
    changes = points.pivot(index="layer", columns=["end", "step"], values="change")
    changes = changes.sort_index(axis=0).sort_index(axis=1)
    draw_cells(axis, changes.to_numpy(), line.colours, line.write)
    steps = changes.columns.get_level_values("step")
    names = ["end" if step == VARIOUS else str(step) for step in steps]
    label_cells(axis, names, [str(layer) for layer in changes.index])
    axis.tick_params(axis="x", labelsize=SMALL)
    hatched = points.assign(hatched=_seeds_disagree(points))
    hatched = hatched.pivot(index="layer", columns=["end", "step"], values="hatched")
    hatch_cells(axis, hatched.reindex_like(changes).to_numpy(dtype=bool))
    if "own" in set(points["domain"]):
        axis.set_title(OWN_TEXT, loc="right", fontsize=SMALL, fontstyle="italic")
