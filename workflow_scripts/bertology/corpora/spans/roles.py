"""Semantic roles as labelled spans, from JSON lines with PropBank frames.

A line is `{"sent_id", "tokens", "frames": [{"predicate", "args": [[label, start, end], ...]}]}`;
numbers count tokens from 0, end exclusive. PropBank: Palmer et al. (2005),
https://github.com/propbank/propbank-release; the task is that of Tenney et al. (2019).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bertology.corpora.reading import required, shown
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import (
    Annotated,
    Span,
    annotated_lines,
    with_targets,
    word_span,
)
from bertology.errors import InputError


def read_semantic_roles(path: Path | str) -> Annotated:
    """Read each argument of each frame as a target: span1 the predicate, span2 the argument.

    The label is the role ("ARG1"); other keys (such as "roleset") are ignored.
    Raises InputError with file and line for invalid JSON, a missing key, a repeated sentence, a
    predicate or an argument outside its sentence, or a file without any argument.
    """
    sentences: list[SpanSentence] = []
    left_out: Counter[str] = Counter()
    for line, words, entries in annotated_lines(path, "frames", left_out):
        targets = tuple(
            target
            for number, frame in enumerate(entries)
            for target in _targets(frame, len(words), path, line, f"frames[{number}].")
        )
        sentences.append(SpanSentence(words, targets))
    return with_targets(sentences, path, left_out)


def _targets(
    frame: object, words: int, path: Path | str, line: int, inside: str
) -> Iterator[SpanTarget]:
    predicate = word_span(frame, "predicate", words, path, line, inside)
    for number, argument in enumerate(required(frame, "args", list, path, line, inside)):
        label, span = _argument(argument, words, path, line, f"{inside}args[{number}]")
        yield SpanTarget(predicate, span, (label,))


def _argument(
    argument: object, words: int, path: Path | str, line: int, name: str
) -> tuple[str, Span]:
    # In JSON true is no number, in Python it is an int.
    match argument:
        case [str(label), int(start), int(end)] if not {type(start), type(end)} - {int}:
            if label.strip() and 0 <= start < end <= words:
                return label, (start, end)
    allowed = f"[label, start, end], 0 <= start < end <= {words}, the number of words"
    raise InputError.at(path, line, f"{name} = {shown(argument)}", allowed)
