"""Corpora from the Hugging Face hub, at a pinned revision and without remote code.

Read are the columns of nyu-mll/glue (subset mnli) and of rajpurkar/squad.
"""

import importlib
import logging
import re
from collections.abc import Iterable
from typing import Any

from bertology.errors import InputError

logger = logging.getLogger(__name__)

TEXT_COLUMNS = {
    "inference": ("premise", "hypothesis"),
    "questions": ("id", "title", "context", "question"),
}
OTHER_COLUMN = {"inference": "label", "questions": "answers"}
REVISION = re.compile(r"[0-9a-f]{40}")


def fetch_hub(
    kind: str, repository: str, subset: str | None, revision: str, split: str
) -> list[Any]:
    """Load one split of a hub data set as SentencePairs (inference) or Questions (questions).

    Rows with an empty text are left out, since nobody can mend a published data set; their number
    is logged. Raises InputError for another kind, a revision that is not a full commit hash, a data
    set that cannot be loaded, missing columns, and rows that the readers of files refuse too.
    """
    if kind not in TEXT_COLUMNS:
        allowed = f"{', '.join(TEXT_COLUMNS)} (others from files)"
        raise InputError.at(f"hub corpus {repository}", None, f"the kind {kind}", allowed)
    if not REVISION.fullmatch(revision):
        allowed = "a commit hash of 40 hexadecimal digits"
        raise InputError.at(f"hub corpus {repository}", None, f"the revision {revision}", allowed)
    place = f"hub corpus {repository}@{revision}, subset {subset}, split {split}"
    rows = _load(repository, subset, revision, split, place)
    numbered = _with_text(rows, TEXT_COLUMNS[kind], OTHER_COLUMN[kind], place)
    return _pairs(numbered, place) if kind == "inference" else _questions(numbered, place)


def _load(repository: str, subset: str | None, revision: str, split: str, place: str) -> Any:
    """Load the rows; whatever hinders that is the user's to mend, so it becomes an InputError."""
    datasets = importlib.import_module("datasets")
    try:
        return datasets.load_dataset(repository, subset, revision=revision, split=split)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        allowed = "a data set, subset and split of the hub (or of its cache) within reach"
        raise InputError.at(place, None, found, allowed) from error


def _with_text(
    rows: Any, texts: tuple[str, ...], other: str, place: str
) -> list[tuple[int, dict[str, Any]]]:
    """Rows that have a text in all these columns, each with its 0-based number."""
    if not {*texts, other} <= set(rows.column_names):
        found = f"columns {', '.join(rows.column_names)}"
        raise InputError.at(place, None, found, f"columns {', '.join((*texts, other))}")
    kept = [
        (number, row)
        for number, row in enumerate(rows)
        if all(str(row[column] or "").strip() for column in texts)
    ]
    if len(kept) < len(rows):
        logger.info("%s: left out %d rows without text", place, len(rows) - len(kept))
    if not kept:
        raise InputError.at(place, None, "no row with text", "at least one")
    return kept


def _pairs(rows: Iterable[tuple[int, dict[str, Any]]], place: str) -> list[Any]:
    make = importlib.import_module("bertology.corpora.inference").pair_from_record
    return [make({"idx": number, **row}, f"{place}, row {number}", None) for number, row in rows]


def _questions(rows: Iterable[tuple[int, dict[str, Any]]], place: str) -> list[Any]:
    make = importlib.import_module("bertology.corpora.questions").question_from_entry
    return [
        make(_as_entry(row), row["title"], row["context"], f"{place}, row {number}")
        for number, row in rows
    ]


def _as_entry(row: dict[str, Any]) -> dict[str, Any]:
    """Give a row the layout of a SQuAD file; the hub has lists of answer texts and of offsets."""
    answers = zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True)
    return {**row, "answers": [{"text": text, "answer_start": start} for text, start in answers]}
