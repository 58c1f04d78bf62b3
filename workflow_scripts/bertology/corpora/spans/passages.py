"""Passages of consecutive sentences, and pairs of the mentions in them, for coreference."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import Span
from bertology.corpora.withheld import WITHHELD
from bertology.errors import InputError

DISCONTINUOUS = "discontinuous mention"
"""Why the readers leave out a mention."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention of a group over a span of words, opened on a line of the file."""

    span: Span
    group: str
    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence with its mentions in the order of the text."""

    words: tuple[str, ...]
    document: str | None
    mentions: list[Mention]


def passages_of(
    sentences: Iterable[Marked],
    longest: int,
    generator: np.random.Generator,
    left_out: Counter[str],
) -> list[SpanSentence]:
    """Join sentences into passages with pairs of mentions; see `windows` and `passage_of`."""
    cut = windows(sentences, longest, left_out)
    return [passage_of(window, generator, left_out) for window in cut]


def units_read(marked: Sequence[Marked], left_out: Mapping[str, int]) -> dict[str, int]:
    """Count sentences and mentions before they became passages, those left out included."""
    mentions = sum(len(sentence.mentions) for sentence in marked)
    return {
        "sentence": len(marked) + left_out.get(WITHHELD, 0),
        "mention": mentions + left_out.get(DISCONTINUOUS, 0),
    }


def windows(
    sentences: Iterable[Marked], longest: int, left_out: Counter[str]
) -> Iterator[list[Marked]]:
    """Cut sentences into passages of one document and at most `longest` words, without overlap.

    A sentence that is longer by itself is left out, and counted in `left_out`.
    """
    window: list[Marked] = []
    for sentence in sentences:
        fits = sum(len(other.words) for other in [*window, sentence]) <= longest
        if window and not (fits and window[0].document == sentence.document):
            yield window
            window = []
        if len(sentence.words) <= longest:
            window.append(sentence)
        else:
            left_out[f"sentence of more than {longest} words"] += 1
    if window:
        yield window


def passage_of(
    window: list[Marked], generator: np.random.Generator, left_out: Counter[str]
) -> SpanSentence:
    """Join the sentences and pair their mentions, labelled "1" in one group, else "0".

    All pairs of one group are targets, and as many others at random (all of them, if fewer); the
    mention that stands first is span1. Pairs on the same words are counted in `left_out`.
    """
    words: list[str] = []
    mentions: list[tuple[Span, str]] = []
    for sentence in window:
        for mention in sentence.mentions:
            start, end = mention.span
            mentions.append(((start + len(words), end + len(words)), mention.group))
        words.extend(sentence.words)
    same, other = _pairs(mentions, left_out)
    drawn = [other[number] for number in generator.permutation(len(other))[: len(same)]]
    labelled = [(*pair, "1") for pair in same] + [(*pair, "0") for pair in drawn]
    targets = tuple(
        SpanTarget(first, second, (label,)) for first, second, label in sorted(labelled)
    )
    return SpanSentence(tuple(words), targets, window[0].document)


def _pairs(
    mentions: list[tuple[Span, str]], left_out: Counter[str]
) -> tuple[list[tuple[Span, Span]], list[tuple[Span, Span]]]:
    """Pairs of spans in the same group, and in different ones."""
    same: list[tuple[Span, Span]] = []
    other: list[tuple[Span, Span]] = []
    for (first, group1), (second, group2) in itertools.combinations(mentions, 2):
        if first == second:
            left_out["pair of mentions on the same words"] += 1
        else:
            (same if group1 == group2 else other).append((first, second))
    return same, other


def refuse_open(mentions: Iterable[Mention], path: Path | str) -> None:
    """Raise InputError for the first of the mentions, none of which was closed."""
    for mention in mentions:
        found = f"({mention.group} that is not closed in its sentence"
        raise InputError.at(path, mention.line, found, f"{mention.group}) after it")
