"""Sentence pairs for natural language inference: MultiNLI as JSON lines.

Two layouts are read: the one of the GLUE data set (premise, hypothesis, label) and the official
one of MultiNLI (sentence1, sentence2, gold_label).
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bertology.corpora.reading import json_lines, refuse_repeated, required, shown, write_json_lines
from bertology.corpora.shapes import INFERENCE_LABELS, SentencePair
from bertology.errors import InputError

logger = logging.getLogger(__name__)

NO_MAJORITY = "-"
"""The official gold_label of a pair on which the annotators did not agree."""
IDENTIFIER_KEYS = ("id", "pairID", "idx")


def read_pairs(path: Path | str) -> list[SentencePair]:
    """Read pairs from JSON lines; a pair without an identifier is named by its line number.

    Official pairs whose annotators reached no majority are left out, and their number is logged.

    Raises InputError with file and line for invalid JSON, a missing key, an empty text, a label
    that is none of the three, a repeated identifier, or a file without labelled pairs.
    """
    pairs: list[SentencePair] = []
    seen: set[str] = set()
    without_majority = 0
    for line, record in json_lines(path):
        if record.get("gold_label") == NO_MAJORITY:
            without_majority += 1
            continue
        pair = pair_from_record(record, path, line)
        refuse_repeated(pair.identifier, seen, path, line)
        pairs.append(pair)
    if without_majority:
        logger.info("%s: left out %d pairs without majority label", path, without_majority)
    if not pairs:
        raise InputError.at(path, None, "no pair with a label", "at least one pair")
    return pairs


def write_pairs(path: Path | str, pairs: Iterable[SentencePair]) -> None:
    """Write pairs as JSON lines with the keys id, premise, hypothesis, label (as a word)."""
    write_json_lines(
        path,
        (
            {
                "id": pair.identifier,
                "premise": pair.premise,
                "hypothesis": pair.hypothesis,
                "label": pair.label,
            }
            for pair in pairs
        ),
    )


def pair_from_record(record: dict[str, Any], path: Path | str, line: int | None) -> SentencePair:
    """Make a pair of a record in either layout; `line` names it if it has no identifier."""
    official = "gold_label" in record or "sentence1" in record
    first, second, label = (
        ("sentence1", "sentence2", "gold_label") if official else ("premise", "hypothesis", "label")
    )
    given = (str(record[key]) for key in IDENTIFIER_KEYS if key in record)
    return SentencePair(
        identifier=next(given, str(line)),
        premise=required(record, first, str, path, line),
        hypothesis=required(record, second, str, path, line),
        label=_label(record, label, path, line),
    )


def _label(record: dict[str, Any], key: str, path: Path | str, line: int | None) -> str:
    """Name of the label, which a record gives as a name or as a code."""
    codes = range(len(INFERENCE_LABELS))
    allowed = f"{', '.join(INFERENCE_LABELS)}, or the codes {', '.join(map(str, codes))}"
    if key not in record:
        raise InputError.at(path, line, f"no key {key}", f"{key}: {allowed}")
    label = record[key]
    if label in INFERENCE_LABELS:
        return str(label)
    if isinstance(label, int) and not isinstance(label, bool) and label in codes:
        return INFERENCE_LABELS[label]
    raise InputError.at(path, line, f"{key} {shown(label)}", allowed)
