"""What a reader of an annotation format gives, and the checks that these readers share."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bertology.corpora.reading import json_lines, refuse_repeated, required, shown
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.withheld import with_text
from bertology.corpora.words import is_word
from bertology.errors import InputError
from bertology.left_out import records

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Annotated:
    """Sentences with labelled spans; `left_out` counts what was dropped, by reason in words.

    `read` says how many units there were, those left out included, where that is not to be seen in
    `sentences` and `left_out` (sentences that became passages, say).
    """

    sentences: list[SpanSentence]
    left_out: dict[str, int]
    read: Mapping[str, int] = field(default_factory=dict)

    def records(self, split: str) -> list[dict[str, Any]]:
        """Give what was left out in the shape of `bertology.left_out`."""
        return [
            record
            for reason, count in self.left_out.items()
            for record in records(split, _unit(reason), self._of(_unit(reason)), {reason: count})
        ]

    def _of(self, unit: str) -> int:
        """Count the units of a kind, those left out included."""
        if unit in self.read:
            return self.read[unit]
        kept = [1 if unit == "sentence" else len(each.targets) for each in self.sentences]
        dropped = [count for reason, count in self.left_out.items() if _unit(reason) == unit]
        return sum(kept) + sum(dropped)


def _unit(reason: str) -> str:
    """Say what a reason counts: the first of these words in it."""
    return re.findall("sentence|word|mention|pair|argument", reason)[0]


def tag_targets(tags: Sequence[str], no_tag: str) -> tuple[SpanTarget, ...]:
    """Give each word that has a tag as a target of one span, labelled with it."""
    return tuple(
        SpanTarget((position, position + 1), None, (tag,))
        for position, tag in enumerate(tags)
        if tag != no_tag
    )


def with_targets(
    sentences: list[SpanSentence],
    path: Path | str,
    left_out: Mapping[str, int] | None = None,
    read: Mapping[str, int] | None = None,
) -> Annotated:
    """Give the sentences of a file and what was left out; reasons counted 0 are not kept.

    `read` is that of Annotated. Raises InputError if there is not one target in the file.
    """
    if not any(sentence.targets for sentence in sentences):
        raise InputError.at(path, None, "no target", "at least one target in the file")
    counted = {reason: count for reason, count in (left_out or {}).items() if count}
    return Annotated(sentences, counted, read or {})


def tokens_of(record: dict[str, Any], path: Path | str, line: int) -> tuple[str, ...]:
    """Words of a record: its key `tokens`, a list of texts.

    Raises InputError with file and line if there are none, or for one that is no word.
    """
    tokens = required(record, "tokens", list, path, line)
    if not tokens or not all(map(is_word, tokens)):
        allowed = "a list of words, at least one, none of them blank or with a line break"
        raise InputError.at(path, line, f"tokens = {shown(tokens)}", allowed)
    return tuple(tokens)


def annotated_lines(
    path: Path | str, key: str, left_out: Counter[str]
) -> list[tuple[int, tuple[str, ...], list[Any]]]:
    """Give each record's line, words (`tokens`) and the list under `key`.

    Sentences whose text is withheld are left out, and counted in `left_out`.
    Raises InputError with file and line for invalid JSON, a missing key or a repeated `sent_id`.
    """
    return with_text(
        list(_annotated_lines(path, key)), lambda record: record[1], lambda _: "", path, left_out
    )


def _annotated_lines(
    path: Path | str, key: str
) -> Iterator[tuple[int, tuple[str, ...], list[Any]]]:
    """Give the same of all sentences."""
    seen: set[str] = set()
    for line, record in json_lines(path):
        refuse_repeated(required(record, "sent_id", str, path, line), seen, path, line)
        yield line, tokens_of(record, path, line), required(record, key, list, path, line)


def word_span(
    record: object, key: str, words: int, path: Path | str, line: int, inside: str
) -> Span:
    """Span of the one word whose 0-based number `record[key]` is.

    `inside` is the path of keys that leads to the record, for the message ("frames[0].").
    Raises InputError with file and line for a missing key or a number of no word.
    """
    position = required(record, key, int, path, line, inside)
    if not 0 <= position < words:
        allowed = f"0 to {words - 1}, the number of a word"
        raise InputError.at(path, line, f"{inside}{key} = {position}", allowed)
    return position, position + 1
