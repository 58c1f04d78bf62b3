"""Lines of a value by layer, over bands, and means over seeds with their range."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bertology.figures.style import BAND, GREY

INTERVAL, RANGE = "Confidence interval", "Range over seeds"
"""What a band can be, as legends name it."""


def mean_and_range(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Average the column `value` over the rows that are alike in the columns `by`.

    Returns `by`, `seeds` (how many had a value), `value`, and the least and the greatest as `low`
    and `high`, which are NaN where there is one value alone.
    """
    values = rows.groupby(list(by), sort=False)["value"]
    means = values.agg(seeds="count", value="mean", low="min", high="max")
    means.loc[means["seeds"] < 2, ["low", "high"]] = np.nan
    return means.reset_index()


def draw_line(axis: Axes, points: pd.DataFrame, value: str, **looks: Any) -> None:
    """Draw a column by layer, over a band from `low` to `high` where those are not NaN."""
    columns = points.sort_values("layer")[["layer", value, "low", "high"]]
    layers, values, low, high = columns.to_numpy(dtype=float).T
    if not np.isnan(low).all():
        axis.fill_between(layers, low, high, color=looks["color"], alpha=BAND, linewidth=0)
    axis.plot(layers, values, **looks)


def band_handles(points: pd.DataFrame, label: str) -> list[Artist]:
    """Make the legend's entry of the bands, if there is one."""
    return [Patch(color=GREY, alpha=2 * BAND, label=label)] if points["low"].notna().any() else []
