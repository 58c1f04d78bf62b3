"""Semantic proto-roles as labelled spans, from JSON lines with the ratings of UDS.

A line is `{"sent_id", "tokens", "targets": [{"predicate", "argument", "properties": {name:
[rating, normalized]}}]}`; predicate and argument are 0-based numbers of head words, the rating is
the annotators' mean on the scale 1 to 5. Universal Decompositional Semantics: White et al. (2016),
http://decomp.io.
"""

from pathlib import Path
from typing import Any

from bertology.corpora.reading import shown
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import Annotated, annotated_lines, with_targets, word_span
from bertology.errors import InputError

LOWEST, HIGHEST = 1, 5
POSITIVE = 4


def read_proto_roles(path: Path | str) -> Annotated:
    """Read each pair as a target: span1 the predicate, span2 the argument's head word.

    The labels are the properties whose mean rating is at least 4, in the order of the file, and
    possibly none: the SPR2 protocol of Tenney et al. (2019), where a rating of 4 or 5 is positive.
    A property that was not rated is not a label either. Other keys are ignored.

    Raises InputError with file and line for invalid JSON, a missing key, a repeated sentence, a
    word outside its sentence, a rating that is not on the scale, or a file without any pair.
    """
    sentences: list[SpanSentence] = []
    for line, words, entries in annotated_lines(path, "targets"):
        targets = tuple(
            _target(target, len(words), path, line, f"targets[{number}].")
            for number, target in enumerate(entries)
        )
        sentences.append(SpanSentence(words, targets))
    return with_targets(sentences, path)


def _target(target: Any, words: int, path: Path | str, line: int, inside: str) -> SpanTarget:
    predicate = word_span(target, "predicate", words, path, line, inside)
    argument = word_span(target, "argument", words, path, line, inside)
    properties = target.get("properties")
    if not isinstance(properties, dict):
        found = f"{inside}properties = {shown(properties)}"
        raise InputError.at(path, line, found, "an object with [rating, normalized] by name")
    labels = (
        name
        for name, ratings in properties.items()
        if _rating(ratings, path, line, f"{inside}properties.{name}") >= POSITIVE
    )
    return SpanTarget(predicate, argument, tuple(labels))


def _rating(ratings: object, path: Path | str, line: int, name: str) -> float:
    match ratings:
        # In JSON true is no number, in Python it is an int.
        case [int() | float() as rating, int() | float() as other]:
            if bool not in (type(rating), type(other)) and LOWEST <= rating <= HIGHEST:
                return rating
    allowed = f"[rating, normalized], {LOWEST} <= rating <= {HIGHEST}"
    raise InputError.at(path, line, f"{name} = {shown(ratings)}", allowed)
