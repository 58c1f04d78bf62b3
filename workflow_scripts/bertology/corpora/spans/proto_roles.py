"""Semantic proto-roles as labelled spans, from JSON lines with the ratings of UDS.

A line is `{"sent_id", "tokens", "targets": [{"predicate", "argument", "properties": {name:
[rating, normalized]}}]}`; predicate and argument are 0-based numbers of head words, the rating is
the annotators' mean on the scale 1 to 5. Universal Decompositional Semantics: White et al. (2016),
http://decomp.io.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bertology.corpora.reading import shown
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import (
    Annotated,
    Span,
    annotated_lines,
    with_targets,
    word_span,
)
from bertology.errors import InputError

LOWEST, HIGHEST = 1, 5
POSITIVE = 4
PARTLY_RATED = "pair rated on other properties than most"
Rated = tuple[SpanTarget, frozenset[str]]
"""The target of a predicate and an argument, and the names of the properties it was rated on."""


class RatedSentence(NamedTuple):
    """A sentence, its pairs, and the document that it stands in, where the format says so."""

    words: tuple[str, ...]
    pairs: Sequence[Rated]
    document: str | None = None


def read_proto_roles(path: Path | str) -> Annotated:
    """Read each pair as a target: span1 the predicate, span2 the argument's head word.

    The labels are the properties whose mean rating is at least 4, in the order of the file, and
    possibly none: the SPR2 protocol of Tenney et al. (2019), where a rating of 4 or 5 is positive.
    Of UDS's pairs, some were rated on four adverbial properties (location, ...) and not on the 14
    proto-roles, which they would seem to lack: pairs that lack a rating on any property that the
    largest group of pairs was rated on are left out and counted. Other keys are ignored.

    Raises InputError with file and line for invalid JSON, a missing key, a repeated sentence, a
    word outside its sentence, a rating that is not on the scale, or a file without any such pair.
    """
    left_out: Counter[str] = Counter()
    sentences = [
        RatedSentence(
            words, [_pair(entry, len(words), path, line, n) for n, entry in enumerate(entries)]
        )
        for line, words, entries in annotated_lines(path, "targets", left_out)
    ]
    return rated_alike(sentences, path, left_out)


def rated_alike(
    sentences: Sequence[RatedSentence], path: Path | str, left_out: Counter[str]
) -> Annotated:
    """Give the pairs that have a rating on each property that the largest group was rated on.

    The others are counted in `left_out`. Raises InputError with the file if no pair is left.
    """
    groups = Counter(rated for sentence in sentences for _, rated in sentence.pairs)
    names, _ = groups.most_common(1)[0] if groups else (frozenset(), 0)
    with_spans = []
    for words, pairs, document in sentences:
        targets = tuple(target for target, rated in pairs if rated >= names)
        left_out[PARTLY_RATED] += len(pairs) - len(targets)
        with_spans.append(SpanSentence(words, targets, document))
    return with_targets(with_spans, path, left_out)


def rated_pair(predicate: Span, argument: Span, ratings: Mapping[str, float]) -> Rated:
    """Give the target of a pair, labelled with the properties rated POSITIVE or more."""
    labels = tuple(name for name, rating in ratings.items() if rating >= POSITIVE)
    return SpanTarget(predicate, argument, labels), frozenset(ratings)


def _pair(entry: Any, words: int, path: Path | str, line: int, number: int) -> Rated:
    """Target of a predicate and an argument, and the names of the properties it was rated on."""
    inside = f"targets[{number}]."
    predicate = word_span(entry, "predicate", words, path, line, inside)
    argument = word_span(entry, "argument", words, path, line, inside)
    properties = entry.get("properties")
    if not isinstance(properties, dict):
        found = f"{inside}properties = {shown(properties)}"
        raise InputError.at(path, line, found, "an object with [rating, normalized] by name")
    ratings = {
        name: _rating(found, path, line, f"{inside}properties.{name}")
        for name, found in properties.items()
    }
    return rated_pair(predicate, argument, ratings)


def _rating(ratings: object, path: Path | str, line: int, name: str) -> float:
    match ratings:
        # In JSON true is no number, in Python it is an int.
        case [int() | float() as rating, int() | float() as other]:
            if bool not in (type(rating), type(other)) and LOWEST <= rating <= HIGHEST:
                return rating
    allowed = f"[rating, normalized], {LOWEST} <= rating <= {HIGHEST}"
    raise InputError.at(path, line, f"{name} = {shown(ratings)}", allowed)
