"""Labelled spans as columns of brackets, which OntoNotes and PropBank write.

One row is a word; `(NP*` opens a span at this word, `*)` closes the one opened last, `(GPE)` and
`(GPE*)` do both (the format of CoNLL-2005 and CoNLL-2012, Pradhan et al. 2012,
https://aclanthology.org/W12-4501).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from bertology.corpora.spans.annotated import Span
from bertology.errors import InputError

PREDICATE = "V"
"""Label of the predicate itself in a column of arguments."""
CELL = re.compile(r"(?P<opened>(\([^()*]+)*)(?P<word>\*?)(?P<closed>\)*)")


@dataclass(frozen=True, slots=True)
class Row:
    """One word's line: its number in the file, from 1, and its columns."""

    line: int
    columns: list[str]


@dataclass(frozen=True, slots=True)
class Bracket:
    """A labelled span of words."""

    span: Span
    label: str


def brackets(rows: list[Row], column: int, place: Path | str) -> list[Bracket]:
    """Match the brackets that a column has in one sentence, in the order in which they open.

    rows: the sentence's, one a word. column: its number, from 0. place: of the file, for messages.
    Raises InputError with line and column for a cell of another form, and for brackets that do not
    match within the sentence.
    """
    opened: list[tuple[int, str]] = []
    still_open: list[int] = []
    ends: dict[int, int] = {}
    for position, row in enumerate(rows):
        labels, closed = _cell(row, column, place)
        for label in labels:
            still_open.append(len(opened))
            opened.append((position, label))
        _refuse_too_many(closed, len(still_open), row, column, place)
        ends.update((still_open.pop(), position + 1) for _ in range(closed))
    if still_open:
        first, label = opened[still_open[0]]
        found = f"({label} in column {column + 1} that is not closed in its sentence"
        raise InputError.at(place, rows[first].line, found, "a closing bracket after it")
    return [Bracket((first, ends[number]), label) for number, (first, label) in enumerate(opened)]


def _refuse_too_many(
    closed: int, still_open: int, row: Row, column: int, place: Path | str
) -> None:
    if closed > still_open:
        found = f"{row.columns[column]} in column {column + 1}, which closes too many brackets"
        raise InputError.at(place, row.line, found, "brackets opened in the sentence before")


def _cell(row: Row, column: int, place: Path | str) -> tuple[list[str], int]:
    """Labels of the brackets that open at a word, and the number of those that close after it."""
    cell = row.columns[column]
    match = CELL.fullmatch(cell)
    if match is None or not (match["word"] or (match["opened"] and match["closed"])):
        allowed = "brackets around an asterisk, as (A*, *, *) or (A*), or (A)"
        raise InputError.at(place, row.line, f"{cell} in column {column + 1}", allowed)
    return match["opened"].split("(")[1:], len(match["closed"])
