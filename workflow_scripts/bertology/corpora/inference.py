"""Sentence pairs for natural language inference: MultiNLI as JSON lines.

Two layouts are read: the one of the GLUE data set (premise, hypothesis, label) and the official
one of MultiNLI (sentence1, sentence2, gold_label). A label is a name, in small or capital letters,
or a code: 0, 1, 2 stand for INFERENCE_LABELS, as in GLUE, unless the source says otherwise.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bertology.corpora.reading import (
    is_visible,
    json_lines,
    refuse_repeated,
    required,
    shown,
    write_json_lines,
)
from bertology.corpora.shapes import INFERENCE_LABELS, SentencePair
from bertology.errors import InputError

NO_LABEL = ("-", -1, None)
"""MultiNLI's gold_label without majority, GLUE's code of a hidden label, and none at all."""
UNLABELLED = "pair without a label"
IDENTIFIER_KEYS = ("id", "pairID", "idx")
ENOUGH_FOR_ALL_CODES = 30
"""In so many pairs of three classes each code occurs, unless one is rarer than 1 in 6."""


def read_pairs(
    path: Path | str,
    left_out: Counter[str] | None = None,
    labels: Sequence[str] | None = None,
) -> list[SentencePair]:
    """Read pairs from JSON lines; a pair without an identifier is named by its line number.

    labels: INFERENCE_LABELS in the order of the codes; None is GLUE's order. Pairs without a label
    ("-", -1 or null) are left out, and counted in `left_out` by reason.

    Raises InputError with file and line for invalid JSON, a missing key, an empty text, a label
    that is none of the three, an identifier that is repeated or neither text nor whole number, and
    for a file without labelled pairs or whose codes may have another meaning (one of them missing).
    """
    pairs: list[SentencePair] = []
    codes: Counter[int] = Counter()
    seen: set[str] = set()
    for line, record in _labelled(path, Counter() if left_out is None else left_out):
        identifier, origin = identifier_of(record, path, line)
        refuse_repeated(identifier, seen, path, line, origin)
        pairs.append(pair_from_record(record, identifier, path, line, labels or INFERENCE_LABELS))
        label = record[_keys(record)[2]]
        codes.update([label] if isinstance(label, int) else [])
    if not pairs:
        raise InputError.at(path, None, "no pair with a label", "at least one pair")
    if labels is None:
        _refuse_missing_code(codes, path)
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


def identifier_of(
    record: dict[str, Any], path: Path | str, line: int | None, default: int | None = None
) -> tuple[str, str]:
    """Give a record's identifier and where it comes from: a key, or else the number of its line.

    default: the number of a record that has no line. An identifier that is null is none.
    Raises InputError with the line for one that is neither a text nor a whole number.
    """
    for key in IDENTIFIER_KEYS:
        value = record.get(key)
        if value is None:
            continue
        if type(value) is int or (isinstance(value, str) and is_visible(value)):
            return str(value), f"key {key}"
        raise InputError.at(path, line, f"{key} = {shown(value)}", "a text or a whole number")
    return str(line if default is None else default), "the number of its line, for it has no id"


def pair_from_record(
    record: dict[str, Any],
    identifier: str,
    path: Path | str,
    line: int | None,
    labels: Sequence[str] = INFERENCE_LABELS,
) -> SentencePair:
    """Make a pair of a record in either layout; `labels` in the order of the codes."""
    first, second, label = _keys(record)
    return SentencePair(
        identifier=identifier,
        premise=required(record, first, str, path, line),
        hypothesis=required(record, second, str, path, line),
        label=_label(record, label, labels, path, line),
    )


def label_by_name(name: object) -> str | None:
    """Give the one of INFERENCE_LABELS that has this name, whatever its letters' case, or None."""
    plain = name.strip().lower() if isinstance(name, str) else None
    return plain if plain in INFERENCE_LABELS else None


def _labelled(path: Path | str, left_out: Counter[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the records, with their lines, but for those without a label, which are counted."""
    for line, record in json_lines(path):
        if record.get(_keys(record)[2], "") in NO_LABEL:
            left_out[UNLABELLED] += 1
        else:
            yield line, record


def _keys(record: dict[str, Any]) -> tuple[str, str, str]:
    """Keys of premise, hypothesis and label in the layout of a record."""
    if "gold_label" in record or "sentence1" in record:
        return "sentence1", "sentence2", "gold_label"
    return "premise", "hypothesis", "label"


def _label(
    record: dict[str, Any], key: str, labels: Sequence[str], path: Path | str, line: int | None
) -> str:
    """Name of the label, which a record gives as a name or as a code."""
    codes = range(len(labels))
    allowed = f"{', '.join(labels)}, or the codes {', '.join(map(str, codes))} for them"
    if key not in record:
        raise InputError.at(path, line, f"no key {key}", f"{key}: {allowed}")
    label = record[key]
    if name := label_by_name(label):
        return name
    if type(label) is int and label in codes:
        return labels[label]
    raise InputError.at(path, line, f"{key} {shown(label)}", allowed)


def _refuse_missing_code(codes: Counter[int], path: Path | str) -> None:
    """Raise InputError for many coded pairs among which one of GLUE's codes never occurs."""
    missing = [code for code in range(len(INFERENCE_LABELS)) if code not in codes]
    if codes.total() < ENOUGH_FOR_ALL_CODES or not missing:
        return
    there = ", ".join(f"{count} times {code}" for code, count in sorted(codes.items()))
    raise InputError.at(
        path,
        None,
        f"labels as codes, {there}, but never {' or '.join(map(str, missing))}",
        f"0, 1, 2 for {', '.join(INFERENCE_LABELS)}, as in GLUE. Data of two classes, as HANS has, "
        "cannot be used; if the codes do mean these, write the labels as names, or give the source "
        "labels: [the three names in the order of the codes]",
    )
