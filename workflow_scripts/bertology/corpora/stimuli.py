"""Draw the texts on which representations are compared, from one split of a corpus."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bertology.corpora.groups import group_names
from bertology.corpora.kinds import format_of, read_kind
from bertology.corpora.reading import (
    json_lines,
    refuse_repeated,
    required,
    shown,
    write_json_lines,
)
from bertology.corpora.shapes import Question, SentencePair, Stimulus, TreeSentence
from bertology.corpora.words import WORD, count_words, is_word
from bertology.errors import InputError
from bertology.files import write_json
from bertology.left_out import records, warn_of

logger = logging.getLogger(__name__)

Words = tuple[str, ...]

LONG_PASSAGE = 60
"""Words; a passage that is longer should have more than one sentence."""
NOT_CUT = f"longer than {LONG_PASSAGE} words and not cut"


def sample_stimuli(
    kind: str,
    corpus_split_file: Path | str,
    out_file: Path | str,
    sentences: int,
    form: Literal["own", "single"],
    seed: int,
    longest: int,
    language: str = "en",
) -> None:
    """Write a random sample of stimuli as JSON lines, in the order of the corpus.

    `form` own: as the task feeds its input, so inference and questions give two segments (premise
    and hypothesis, question and passage) of running text, a treebank words. Those longer than
    `longest` words are not drawn, nor is one of whose segments another one has. At most `sentences`
    are drawn; a smaller sample is part of a larger one. `form` single: the same sample, cut: each
    premise, hypothesis, question or sentence of a passage is a stimulus by itself, once; its `item`
    is the one it was cut from, and its `group` is that one's. Where sentences of a passage end
    depends on its `language`.
    `<stem>.summary.json` beside the file counts all this; its list `left_out` also names passages
    of more than LONG_PASSAGE words in which no end of a sentence was found. Raises InputError for a
    kind without stimuli, an unknown form, or if nothing can be drawn.
    """
    _refuse_unknown(kind, form)
    candidates = list(CANDIDATES[kind](read_kind(kind, corpus_split_file)))
    short = [stimulus for stimulus in candidates if _length(stimulus) <= longest]
    chosen = _draw_different(short, sentences, np.random.default_rng(seed))
    if not chosen:
        found = f"no stimulus of {longest} words or fewer"
        raise InputError.at(corpus_split_file, None, found, "at least one")
    stimuli = chosen if form == "own" else _cut(kind, chosen, language)
    summary: dict[str, Any] = {
        "asked": sentences,
        "drawn": len(chosen),
        "candidates": len(candidates),
        "stimuli": len(stimuli),
        "words": sum(map(_length, stimuli)),
    }
    split, too_long = Path(corpus_split_file).stem, len(candidates) - len(short)
    left_out = records(
        split, format_of(kind).unit, len(candidates), {f"longer than {longest} words": too_long}
    )
    if (kind, form) == ("questions", "single"):
        summary["passages"], not_cut = _passages(chosen, language)
        left_out += records(split, "passage", len(chosen), {NOT_CUT: not_cut})
    logger.info("%s: %s", out_file, json.dumps(summary))
    warn_of(left_out)
    write_stimuli(out_file, stimuli)
    write_json(Path(out_file).with_suffix(".summary.json"), {**summary, "left_out": left_out})


def _refuse_unknown(kind: str, form: str) -> None:
    if kind not in CANDIDATES or form not in ("own", "single"):
        allowed = f"{', '.join(CANDIDATES)} as own or single"
        raise InputError(f"stimuli: found the kind {kind} as {form}; allowed: {allowed}")


def write_stimuli(path: Path | str, stimuli: Iterable[Stimulus]) -> None:
    """Write stimuli as JSON lines: `texts`, or else `segments` (lists of words) and `tags`."""
    write_json_lines(path, (_record(stimulus) for stimulus in stimuli))


def read_stimuli(path: Path | str) -> list[Stimulus]:
    """Read a file that `write_stimuli` wrote; InputError with file and line if it is broken."""
    stimuli: list[Stimulus] = []
    seen: set[str] = set()
    for line, record in json_lines(path):
        identifier = required(record, "id", str, path, line)
        refuse_repeated(identifier, seen, path, line)
        read = _of_texts if "texts" in record else _of_words
        stimuli.append(read(identifier, record, path, line))
    return stimuli


def passage_sentences(passage: str, language: str = "en") -> list[str]:
    """Cut a passage into sentences with the package sentencex, which keeps every character.

    language: ISO code; one that sentencex does not know gets its general rules. No word is cut
    (see `corpora.words`): a mark without a blank after it ends a sentence only beside characters
    of a script that has no blanks between words.
    """
    from sentencex import segment

    inside = {
        place for word in WORD.finditer(passage) for place in range(word.start() + 1, word.end())
    }
    sentences: list[str] = []
    start = end = 0
    for piece in segment(language, passage):
        end += len(piece)
        if end not in inside:
            sentences.append(passage[start:end].strip())
            start = end
    return [sentence for sentence in sentences if sentence]


def _from_treebank(sentences: list[TreeSentence]) -> Iterator[Stimulus]:
    for sentence, group in zip(sentences, group_names(sentences), strict=True):
        name = sentence.identifier
        yield Stimulus(name, (sentence.words,), (sentence.universal_tags,), name, group)


def _from_pairs(pairs: list[SentencePair]) -> Iterator[Stimulus]:
    for pair, group in zip(pairs, group_names(pairs), strict=True):
        texts = (pair.premise, pair.hypothesis)
        yield Stimulus.of_texts(pair.identifier, texts, pair.identifier, group)


def _from_questions(questions: list[Question]) -> Iterator[Stimulus]:
    for question, group in zip(questions, group_names(questions), strict=True):
        texts = (question.question, question.passage)
        yield Stimulus.of_texts(question.identifier, texts, question.identifier, group)


def _from_text(sentences: list[Words]) -> Iterator[Stimulus]:
    for number, words in enumerate(sentences, start=1):
        yield Stimulus.of_texts(str(number), (" ".join(words),), str(number), str(number))


CANDIDATES: dict[str, Callable[[list[Any]], Iterator[Stimulus]]] = {
    "treebank": _from_treebank,
    "inference": _from_pairs,
    "questions": _from_questions,
    "text": _from_text,
}


def _cut(kind: str, stimuli: list[Stimulus], language: str) -> list[Stimulus]:
    """Cut each stimulus into its segments, and passages into sentences; each text once."""
    cut = [single for stimulus in stimuli for single in CUTS.get(kind, _whole)(stimulus, language)]
    different: dict[tuple[Words, ...], Stimulus] = {}
    for stimulus in cut:
        different.setdefault(stimulus.segments, stimulus)
    return list(different.values())


def _whole(stimulus: Stimulus, language: str) -> Iterator[Stimulus]:
    yield stimulus


def _cut_pair(pair: Stimulus, language: str) -> Iterator[Stimulus]:
    for name, text in zip(("premise", "hypothesis"), pair.texts, strict=True):
        yield Stimulus.of_texts(f"{pair.identifier}-{name}", (text,), pair.item, pair.group)


def _cut_question(question: Stimulus, language: str) -> Iterator[Stimulus]:
    asked, passage = question.texts
    origin = question.item, question.group
    yield Stimulus.of_texts(f"{question.identifier}-question", (asked,), *origin)
    for number, text in enumerate(passage_sentences(passage, language), start=1):
        name = f"{question.identifier}-passage-{number}"
        yield Stimulus.of_texts(name, (text,), *origin)


CUTS: dict[str, Callable[[Stimulus, str], Iterator[Stimulus]]] = {
    "inference": _cut_pair,
    "questions": _cut_question,
}


def _passages(questions: list[Stimulus], language: str) -> tuple[dict[str, int], int]:
    """Count the passages that are cut and that stay whole, and the long ones that stay whole."""
    passages = [question.texts[1] for question in questions]
    whole = [text for text in passages if len(passage_sentences(text, language)) == 1]
    long = sum(count_words(text) > LONG_PASSAGE for text in whole)
    return {"cut": len(passages) - len(whole), "whole": len(whole)}, long


def _length(stimulus: Stimulus) -> int:
    """Count words: those that are given, or else those of running text."""
    if stimulus.texts:
        return sum(map(count_words, stimulus.texts))
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
    name = {"id": stimulus.identifier, "item": stimulus.item, "group": stimulus.group}
    if stimulus.texts:
        return {**name, "texts": stimulus.texts}
    return {**name, "segments": stimulus.segments, "tags": stimulus.tags}


def _of_words(identifier: str, record: dict[str, Any], path: Path | str, line: int) -> Stimulus:
    segments = _rows_of_words(record, "segments", path, line)
    tags = _rows_of_words(record, "tags", path, line) if record.get("tags") else None
    if tags is not None and [len(row) for row in tags] != [len(row) for row in segments]:
        raise InputError.at(path, line, "tags unlike segments", "one tag for each word")
    return Stimulus(identifier, segments, tags, *_origin(record, path, line))


def _of_texts(identifier: str, record: dict[str, Any], path: Path | str, line: int) -> Stimulus:
    texts = required(record, "texts", list, path, line)
    if not 1 <= len(texts) <= 2 or not all(
        isinstance(text, str) and text.strip() for text in texts
    ):
        raise InputError.at(path, line, f"texts = {shown(texts)}", "one or two texts, not empty")
    return Stimulus.of_texts(identifier, tuple(texts), *_origin(record, path, line))


def _origin(record: dict[str, Any], path: Path | str, line: int) -> tuple[str, str]:
    """Give the item and the group of a record."""
    return required(record, "item", str, path, line), required(record, "group", str, path, line)


def _rows_of_words(
    record: dict[str, Any], key: str, path: Path | str, line: int
) -> tuple[Words, ...]:
    rows = required(record, key, list, path, line)
    for row in rows:
        words = row if isinstance(row, list) else []
        if not words or not all(map(is_word, words)):
            allowed = "lists of words, none of them blank or with a line break"
            raise InputError.at(path, line, f"{key} that are not words", allowed)
    if not 1 <= len(rows) <= 2:
        raise InputError.at(path, line, f"{len(rows)} {key}", f"one or two {key}")
    return tuple(tuple(row) for row in rows)
