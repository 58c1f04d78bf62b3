"""How far the tables of two runs of a study lie apart, held against what another machine may cost.

On one machine, with the same code, packages and threads, a study gives the same tables to the bit.
On another, numbers are added up in another order, and fine-tuning takes another path from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

TOLERANCES = {
    "las": 0.5,
    "uas": 0.5,
    "las_without_punctuation": 0.5,
    "uas_without_punctuation": 0.5,
    "accuracy": 3.0,
    "f1": 2.0,
    "exact_match": 3.0,
    "uuas": 2.0,
    "root_accuracy": 3.0,
    "dspr": 0.02,
    "nspr": 0.02,
    "rsa_pearson": 0.05,
    "rsa_standardised": 0.05,
    "cka": 0.05,
    "procrustes": 0.05,
    "weight_change": 0.002,
}
"""By metric, for values of single runs and their means; docs/integrity.md says where from."""
VALUES = ("value", "score", "similarity")
"""Columns that hold a metric. What else is a fraction follows from these, and is not judged."""
PARTS = {"label": "", "tokens": "all"}
"""Columns of parts of the data (often a handful of targets or tokens), and what stands for all."""
PROSE = ("reason", "advice")
"""Columns of sentences with numbers in them."""


@dataclass(frozen=True)
class Apart:
    """How two tables differ, in words, and whether they agree within TOLERANCES."""

    found: str
    agrees: bool


def tables_apart(here: Path, there: Path) -> Apart | None:
    """Compare two tables cell by cell, row by row; None if no cell differs.

    What is text or a whole number (names, verdicts, counts) must be equal, and values of a metric
    within its tolerance.
    """
    one, other = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (here, there))
    if list(one.columns) != list(other.columns):
        return Apart("other columns", False)
    if len(one) != len(other):
        return Apart(f"{len(one):,} rows here, {len(other):,} there", False)
    if one.equals(other):
        return None
    columns = [str(name) for name in one.columns if name not in PROSE]
    words = [_words_apart(name, one[name], other[name]) for name in columns]
    values = [apart for name in VALUES if name in one for apart in _values_apart(name, one, other)]
    found = [apart for apart in (*words, *values) if apart is not None]
    text = "; ".join(apart.found for apart in found)
    return Apart(text or "numbers differ that follow from others", all(a.agrees for a in found))


def _words_apart(column: str, one: pd.Series, other: pd.Series) -> Apart | None:
    """Name the first of the cells of a column that differ and must not."""
    numbers = _is_number if column in VALUES else _is_fraction
    differ = ((one != other) & ~(numbers(one) & numbers(other))).to_numpy()
    if not differ.any():
        return None
    row = int(differ.argmax())
    first = f"{one.iloc[row]!r} here, {other.iloc[row]!r} there in row {row + 1}"
    return Apart(f"{column}: {differ.sum()} cells, the first {first}", False)


def _is_number(cells: pd.Series) -> pd.Series:
    return pd.to_numeric(cells, errors="coerce").notna()


def _is_fraction(cells: pd.Series) -> pd.Series:
    return _is_number(cells) & ~cells.str.fullmatch(r"-?\d+")


def _values_apart(column: str, one: pd.DataFrame, other: pd.DataFrame) -> Iterator[Apart]:
    """Say of each metric by how much its values differ at most, PARTS left out."""
    sizes = (pd.to_numeric(one[column]) - pd.to_numeric(other[column])).abs()
    for name, whole in PARTS.items():
        if name in one:
            sizes = sizes[one[name] == whole]
    for metric, largest in sizes.groupby(one["metric"]).max().items():
        tolerance = TOLERANCES.get(str(metric))
        if largest > 0 and tolerance is None:
            yield Apart(f"{metric} by at most {largest:.2g} (not judged)", True)
        elif largest > 0:
            near = bool(largest <= tolerance)
            text = f"{metric} by at most {largest:.2g} (tolerance {tolerance:g})"
            yield Apart(text if near else f"BEYOND: {text}", near)
