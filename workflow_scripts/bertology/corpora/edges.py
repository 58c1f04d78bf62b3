"""Labelled spans: edge-probing JSON lines (Tenney et al. 2019, the format of jiant).

A line is `{"text": words separated by single blanks, "targets": [{"span1", "span2"?, "label"}]}`;
spans count words from 0, end exclusive; a label is a text, or a list of texts where a target has
several or none. Where a word has blanks inside ("10 000"), the words are also listed as `tokens`,
and `text` is these, joined by blanks. `document` may name the document that the text stands in.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bertology.corpora.reading import json_lines, required, shown, write_json_lines
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.withheld import with_text
from bertology.corpora.words import is_word
from bertology.errors import InputError

ODD_BLANK = re.compile(r"^\s|\s$|\s\s|[^\S ]")
"""What makes words at single blanks others than words at any blanks."""


def read_edges(path: Path | str, left_out: Counter[str] | None = None) -> list[SpanSentence]:
    """Read sentences with labelled spans; other keys (such as "info") are ignored.

    Sentences whose text is withheld are left out, and counted in `left_out` by reason.

    Raises InputError with file and line for invalid JSON, a missing key, a text whose words are not
    separated by single blanks or that is not its tokens, a span that is empty or outside its
    sentence, targets with one span beside targets with two, or a file without any target.
    """
    sentences: list[SpanSentence] = []
    pairs: bool | None = None
    for line, record in json_lines(path):
        words = _words(record, path, line)
        entries = required(record, "targets", list, path, line)
        targets = tuple(
            _target(entry, len(words), path, line, f"targets[{number}].")
            for number, entry in enumerate(entries)
        )
        for target in targets:
            pairs = (target.span2 is not None) if pairs is None else pairs
            if pairs != (target.span2 is not None):
                found = "a target with one span in a file with pairs of spans, or the reverse"
                raise InputError.at(path, line, found, "span2 in all targets or in none")
        sentences.append(SpanSentence(words, targets, _document(record, path, line)))
    if pairs is None:
        raise InputError.at(path, None, "no target", "at least one target in the file")
    return with_text(
        sentences,
        lambda sentence: sentence.words,
        lambda _: "",
        path,
        Counter() if left_out is None else left_out,
    )


def write_edges(path: Path | str, sentences: Iterable[SpanSentence]) -> None:
    """Write sentences as JSON lines; ValueError for what is no word (see `is_word`)."""
    write_json_lines(path, (_record(sentence) for sentence in sentences))


def _document(record: dict[str, Any], path: Path | str, line: int) -> str | None:
    return required(record, "document", str, path, line) if "document" in record else None


def _words(record: dict[str, Any], path: Path | str, line: int) -> tuple[str, ...]:
    """Give the words of a record: its `tokens`, or else those of its `text`."""
    text = required(record, "text", str, path, line)
    if "tokens" in record:
        return _tokens(record, text, path, line)
    if odd := ODD_BLANK.search(text):
        points = " ".join(f"U+{ord(character):04X}" for character in odd[0])
        found = f"text with {points} at character {odd.start()}"
        allowed = "words separated by single blanks (U+0020), as spans count them"
        raise InputError.at(path, line, found, allowed)
    return tuple(text.split(" "))


def _tokens(record: dict[str, Any], text: str, path: Path | str, line: int) -> tuple[str, ...]:
    tokens = required(record, "tokens", list, path, line)
    if not all(map(is_word, tokens)) or " ".join(tokens) != text:
        allowed = f"the words of text = {shown(text)}, which is these, joined by blanks"
        raise InputError.at(path, line, f"tokens = {shown(tokens)}", allowed)
    return tuple(tokens)


def _target(entry: Any, words: int, path: Path | str, line: int, inside: str) -> SpanTarget:
    span1 = _span(entry, "span1", words, path, line, inside)
    with_pair = entry.get("span2") is not None
    span2 = _span(entry, "span2", words, path, line, inside) if with_pair else None
    if "label" not in entry:
        raise InputError.at(path, line, f"no key {inside}label", "a text or a list of texts")
    label = entry["label"]
    labels = label if isinstance(label, list) else [label]
    if not all(isinstance(name, str) and name for name in labels):
        found = f"{inside}label = {shown(label)}"
        raise InputError.at(path, line, found, "a text or a list of texts")
    return SpanTarget(span1, span2, tuple(labels))


def _span(
    entry: Any, key: str, words: int, path: Path | str, line: int, inside: str
) -> tuple[int, int]:
    span = required(entry, key, list, path, line, inside)
    whole = len(span) == 2 and all(type(position) is int for position in span)
    if not whole or not 0 <= span[0] < span[1] <= words:
        allowed = f"[first, end], 0 <= first < end <= {words}, the number of words"
        raise InputError.at(path, line, f"{inside}{key} = {shown(span)}", allowed)
    return span[0], span[1]


def _record(sentence: SpanSentence) -> dict[str, Any]:
    if not all(map(is_word, sentence.words)):
        raise ValueError(f"a word that is blank, or not on one line: {sentence.words}")
    text = " ".join(sentence.words)
    tokens = {} if tuple(text.split()) == sentence.words else {"tokens": sentence.words}
    document = {} if sentence.document is None else {"document": sentence.document}
    targets = [_entry(target) for target in sentence.targets]
    return {"text": text, **tokens, **document, "targets": targets}


def _entry(target: SpanTarget) -> dict[str, Any]:
    entry: dict[str, Any] = {"span1": list(target.span1)}
    if target.span2 is not None:
        entry["span2"] = list(target.span2)
    entry["label"] = target.labels[0] if len(target.labels) == 1 else list(target.labels)
    return entry
