"""What the figures of probes share: their tables, and how each model looks."""

from pathlib import Path
from typing import Any, Literal

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bertology.figures.style import SMALL, FigureSettings, Palette, read_table
from bertology.tables import PROBE_SUMMARY
from bertology.titles import display_name

NUMBERS = PROBE_SUMMARY[PROBE_SUMMARY.index("seeds") :]
UNFINISHED = "not trained to the end"
"""Of a probe whose best epoch, in one seed at least, is the last one that it was allowed."""
DAGGER = "†"
PROBE = ["text", "phenomenon", "encoder", "input", "layer", "metric"]


def read_summary(table: Path) -> pd.DataFrame:
    """Read a table with the columns PROBE_SUMMARY; NaN where a number is missing."""
    rows = read_table(table, PROBE_SUMMARY)
    return rows.assign(**{column: pd.to_numeric(rows[column]) for column in NUMBERS})


def labelled(rows: pd.DataFrame, settings: FigureSettings) -> pd.DataFrame:
    """Add the column `row`: the phenomenon's name, with the text's before it if several are."""
    names = rows["phenomenon"].map(display_name)
    if rows["text"].nunique() > 1:
        texts = rows["text"].map(lambda text: settings.title("text", text))
        names = texts + ": " + names.str[:1].str.lower() + names.str[1:]
    return rows.assign(row=names)


def changes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the rows that have a change, `unfinished` where it or the pretrained one's probe is."""
    pretrained = rows[rows["comparison"] == "pretrained"].set_index(PROBE)["unfinished"]
    tuned = rows[(rows["comparison"] == "tuned") & rows["change"].notna()]
    both = tuned.join(pretrained.rename("before"), on=PROBE)[["unfinished", "before"]]
    return tuned.assign(unfinished=both.max(axis=1))


def palette_of(rows: pd.DataFrame) -> Palette:
    """Assign colours and markers to the fine-tuned tasks."""
    return Palette.of(rows.loc[rows["comparison"] == "tuned", "task"].unique())


def models(rows: pd.DataFrame, palette: Palette) -> dict[str, pd.DataFrame]:
    """Split rows by model: the pretrained one under an empty name, then each task's, if there."""
    tuned = rows[rows["comparison"] == "tuned"]
    split = {"": rows[rows["comparison"] == "pretrained"]}
    split |= {task: tuned[tuned["task"] == task] for task in palette.colours}
    return {model: of for model, of in split.items() if not of.empty}


def look(model: str, palette: Palette) -> dict[str, Any]:
    """Give the colour and marker of a model, as `models` names it."""
    if not model:
        return {"color": "black", "marker": "*", "markersize": 6}
    return {"color": palette.colours[model], "marker": palette.markers[model], "markersize": 3.5}


def mark_unfinished(axis: Axes, points: pd.DataFrame, x: str, y: str) -> None:
    """Put a dagger beside each point of a probe that was not trained to the end."""
    marked = points[points["unfinished"] > 0]
    for place in marked[[x, y]].to_numpy(dtype=float):
        axis.annotate(
            DAGGER, tuple(place), xytext=(2.5, 1), textcoords="offset points", fontsize=SMALL
        )


def unfinished_handles(points: pd.DataFrame) -> list[Artist]:
    """Make the legend's entry of the daggers, if there is one."""
    handle = Line2D([], [], linestyle="", label=f"{DAGGER} {UNFINISHED}")
    return [handle] if (points["unfinished"] > 0).any() else []


def model_handles(
    rows: pd.DataFrame, palette: Palette, linestyle: Literal["", "-"], settings: FigureSettings
) -> list[Artist]:
    """Make the legend's entries of the models that are drawn."""
    return [
        Line2D(
            [],
            [],
            linestyle=linestyle,
            label=f"Fine-tuned: {settings.title('task', model)}" if model else "Pretrained",
            **look(model, palette),
        )
        for model in models(rows, palette)
    ]
