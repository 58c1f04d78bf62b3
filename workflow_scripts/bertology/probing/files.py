"""The files that a probing job writes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bertology.files import atomic_file

Row = dict[str, Any]

SCORES = ("input", "layer", "label", "metric", "value", "n")
"""Of the long table of scores: `input` is one of inputs.MIXES, or layer; `label` is empty where all
count; `value` is empty where none would mean anything."""
SENTENCES = ("input", "layer", "metric", "sentence", "group", "numerator", "denominator")
"""Of the table of sentences: a score of some of them is sum(numerator) / sum(denominator).

`group`: what is resampled as a whole, by the number of its first sentence (see `corpora.groups`).
"""


def write_scores(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV with the columns SCORES; a column that a row has not is empty."""
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(SCORES)).to_csv(temporary, index=False)


def write_parquet(path: Path, rows: Iterable[Row] | pd.DataFrame, columns: Sequence[str]) -> None:
    """Write rows as Parquet."""
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(columns)).to_parquet(temporary, index=False)
