"""Draw the texts on which representations are compared, from one split of a corpus."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bertology.corpora.kinds import read_kind
from bertology.corpora.reading import json_lines, refuse_repeated, required, write_json_lines
from bertology.corpora.shapes import Question, SentencePair, Stimulus, TreeSentence
from bertology.errors import InputError
from bertology.files import write_json

logger = logging.getLogger(__name__)

Words = tuple[str, ...]

OPENING = "\"'([{“‘"
CLOSING = "\"')]}”’"
SENTENCE_END = re.compile(rf".*[.!?][{re.escape(CLOSING)}]*")
ABBREVIATION = re.compile(r"([^\W\d]\.)+|(Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Gen|Col|Lt|No|vs|etc)\.")


def sample_stimuli(
    kind: str,
    corpus_split_file: Path | str,
    out_file: Path | str,
    sentences: int,
    form: Literal["own", "single"],
    seed: int,
    longest: int,
) -> None:
    """Write a random sample of stimuli as JSON lines, in the order of the corpus.

    `form` own: as the task feeds its input, so inference and questions give two segments (premise
    and hypothesis, question and passage). Those longer than `longest` words are not drawn, nor is
    one of whose segments another one has. At most `sentences` are drawn; a smaller sample is part
    of a larger one. `form` single: the same sample, cut: each premise, hypothesis, question or
    sentence of a passage is a stimulus by itself, once; its `item` is the one it was cut from.
    `<stem>.summary.json` beside the file counts all this. Raises InputError for a kind without
    stimuli, an unknown form, or if nothing can be drawn.
    """
    if kind not in CANDIDATES or form not in ("own", "single"):
        allowed = f"{', '.join(CANDIDATES)} as own or single"
        raise InputError(f"stimuli: found the kind {kind} as {form}; allowed: {allowed}")
    candidates = list(CANDIDATES[kind](read_kind(kind, corpus_split_file)))
    short = [stimulus for stimulus in candidates if _length(stimulus) <= longest]
    chosen = _draw_different(short, sentences, np.random.default_rng(seed))
    if not chosen:
        found = f"no stimulus of {longest} words or fewer"
        raise InputError.at(corpus_split_file, None, found, "at least one")
    stimuli = chosen if form == "own" else _cut(kind, chosen)
    summary = {
        "asked": sentences,
        "drawn": len(chosen),
        "candidates": len(candidates),
        "too_long": len(candidates) - len(short),
        "stimuli": len(stimuli),
        "words": sum(_length(stimulus) for stimulus in stimuli),
    }
    logger.info("%s: %s", out_file, json.dumps(summary))
    write_stimuli(out_file, stimuli)
    write_json(Path(out_file).with_suffix(".summary.json"), summary)


def write_stimuli(path: Path | str, stimuli: Iterable[Stimulus]) -> None:
    """Write stimuli as JSON lines."""
    write_json_lines(path, (_record(stimulus) for stimulus in stimuli))


def read_stimuli(path: Path | str) -> list[Stimulus]:
    """Read a file that `write_stimuli` wrote; InputError with file and line if it is broken."""
    stimuli: list[Stimulus] = []
    seen: set[str] = set()
    for line, record in json_lines(path):
        identifier = required(record, "id", str, path, line)
        refuse_repeated(identifier, seen, path, line)
        segments = _rows_of_words(record, "segments", path, line)
        tags = _rows_of_words(record, "tags", path, line) if record.get("tags") else None
        if tags is not None and [len(row) for row in tags] != [len(row) for row in segments]:
            raise InputError.at(path, line, "tags unlike segments", "one tag for each word")
        stimuli.append(
            Stimulus(identifier, segments, tags, required(record, "item", str, path, line))
        )
    return stimuli


def passage_sentences(passage: str) -> list[Words]:
    """Cut a passage into sentences of words, by a simple rule.

    A sentence ends after a word on ".", "!" or "?" (closing quotes and brackets may follow) if the
    next word does not begin with a small letter, and the word is no initial, no abbreviation with
    inner periods and none of a short list of titles.
    """
    words = passage.split()
    sentences: list[Words] = []
    start = 0
    for end, (word, following) in enumerate(zip(words, [*words[1:], ""], strict=True), start=1):
        ends = SENTENCE_END.fullmatch(word) and not ABBREVIATION.fullmatch(word.lstrip(OPENING))
        if not following or (ends and not following.lstrip(OPENING)[:1].islower()):
            sentences.append(tuple(words[start:end]))
            start = end
    return sentences


def _from_treebank(sentences: list[TreeSentence]) -> Iterator[Stimulus]:
    for sentence in sentences:
        # Some treebanks have blanks within a word ("10 000"), stimuli have none.
        words = tuple("".join(word.split()) for word in sentence.words)
        name = sentence.identifier
        yield Stimulus(name, (words,), (sentence.universal_tags,), name)


def _from_pairs(pairs: list[SentencePair]) -> Iterator[Stimulus]:
    for pair in pairs:
        segments = (tuple(pair.premise.split()), tuple(pair.hypothesis.split()))
        yield Stimulus(pair.identifier, segments, None, pair.identifier)


def _from_questions(questions: list[Question]) -> Iterator[Stimulus]:
    for question in questions:
        segments = (tuple(question.question.split()), tuple(question.passage.split()))
        yield Stimulus(question.identifier, segments, None, question.identifier)


def _from_text(sentences: list[Words]) -> Iterator[Stimulus]:
    for number, words in enumerate(sentences, start=1):
        yield Stimulus(str(number), (words,), None, str(number))


CANDIDATES: dict[str, Callable[[list[Any]], Iterator[Stimulus]]] = {
    "treebank": _from_treebank,
    "inference": _from_pairs,
    "questions": _from_questions,
    "text": _from_text,
}


def _cut(kind: str, stimuli: list[Stimulus]) -> list[Stimulus]:
    """Cut each stimulus into its segments, and passages into sentences; each text once."""
    cut = [single for stimulus in stimuli for single in CUTS.get(kind, _whole)(stimulus)]
    different: dict[tuple[Words, ...], Stimulus] = {}
    for stimulus in cut:
        different.setdefault(stimulus.segments, stimulus)
    return list(different.values())


def _whole(stimulus: Stimulus) -> Iterator[Stimulus]:
    yield stimulus


def _cut_pair(pair: Stimulus) -> Iterator[Stimulus]:
    for name, words in zip(("premise", "hypothesis"), pair.segments, strict=True):
        yield Stimulus(f"{pair.identifier}-{name}", (words,), None, pair.item)


def _cut_question(question: Stimulus) -> Iterator[Stimulus]:
    asked, passage = question.segments
    yield Stimulus(f"{question.identifier}-question", (asked,), None, question.item)
    for number, words in enumerate(passage_sentences(" ".join(passage)), start=1):
        yield Stimulus(f"{question.identifier}-passage-{number}", (words,), None, question.item)


CUTS: dict[str, Callable[[Stimulus], Iterator[Stimulus]]] = {
    "inference": _cut_pair,
    "questions": _cut_question,
}


def _length(stimulus: Stimulus) -> int:
    return sum(len(words) for words in stimulus.segments)


def _draw_different(
    candidates: list[Stimulus], limit: int, generator: np.random.Generator
) -> list[Stimulus]:
    """Draw at most `limit` candidates no two of which share a segment, in their old order."""
    used: set[Words] = set()
    drawn: list[int] = []
    for position in generator.permutation(len(candidates)):
        segments = candidates[position].segments
        if len(drawn) < limit and used.isdisjoint(segments):
            drawn.append(int(position))
            used.update(segments)
    return [candidates[position] for position in sorted(drawn)]


def _record(stimulus: Stimulus) -> dict[str, Any]:
    return {
        "id": stimulus.identifier,
        "item": stimulus.item,
        "segments": stimulus.segments,
        "tags": stimulus.tags,
    }


def _rows_of_words(
    record: dict[str, Any], key: str, path: Path | str, line: int
) -> tuple[Words, ...]:
    rows = required(record, key, list, path, line)
    for row in rows:
        words = row if isinstance(row, list) else []
        if not words or not all(isinstance(word, str) and word.split() == [word] for word in words):
            allowed = "lists of words without blanks, none of them empty"
            raise InputError.at(path, line, f"{key} that are not words", allowed)
    if not 1 <= len(rows) <= 2:
        raise InputError.at(path, line, f"{len(rows)} {key}", f"one or two {key}")
    return tuple(tuple(row) for row in rows)
