"""OntoNotes 5 as labelled spans, from the tables of CoNLL-2012 (`*.gold_conll`).

A file holds document parts between `#begin document (name); part 000` and `#end document`, one row
a word, a blank line after each sentence. Columns are separated by blanks: document, part, word
number from 0, word, part of speech, parse bit, predicate lemma, frameset, word sense, speaker,
named entities, one column of arguments for each predicate of the sentence, coreference.

Spans are brackets: `(NP*` opens one at this word, `*)` closes the one opened last, `(GPE)` and
`(GPE*)` do both. In the last column `(12` opens a mention of cluster 12, `12)` closes the one of
that cluster opened last, `(12)` does both, "|" stands between; mentions may nest and cross.

Words are kept as they are written ("-LRB-" and all), but for the slash that OntoNotes puts before
a lone punctuation mark: "/." is read as ".", and so are "/?" "/!" "/," "/;" "/:" "/-".

Sentences whose text is withheld (every word is "[WORD]", as in *.gold_skel files) are left out and
counted. All readers raise InputError with file and line for a row with too few columns or another
number than the first of its sentence, a word number out of order, a blank word, a row outside a
document part, brackets that do not match within their sentence, a file that stops within a sentence
or a document part (a truncated one), an empty file, and one of which all text is withheld. Each
checks the columns that it reads.

Source: Pradhan et al. (2012, https://aclanthology.org/W12-4501; 2013,
https://aclanthology.org/W13-3516); the tasks are those of Tenney et al. (2019,
https://openreview.net/forum?id=SJzSgnRcKX).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bertology.corpora.reading import numbered_lines, refuse_blank
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import Annotated, tag_targets, with_targets
from bertology.corpora.spans.brackets import PREDICATE, Row, brackets
from bertology.corpora.spans.passages import (
    Marked,
    Mention,
    passages_of,
    refuse_open,
    units_read,
)
from bertology.corpora.withheld import MASK, with_text
from bertology.errors import InputError

BEGIN, END = "#begin document", "#end document"
NUMBER, WORD, TAG, PARSE, ENTITIES, FIRST_ARGUMENTS, COREFERENCE = 2, 3, 4, 5, 10, 11, -1
"""Positions of columns, from 0."""
FEWEST_COLUMNS = 12
NOTHING = "-"
ROOTS = ("TOP", "S1")
BLANKS = re.compile(r"[ \t]+")
WITH_SLASH = re.compile(r"/[.?!,;:-]")
MARK = re.compile(r"\((?P<opened>[0-9]+)(?P<alone>\))?|(?P<closed>[0-9]+)\)")
OUTSIDE = 0
"""In place of the line on which a document part begins."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; `part` is the line on which its document part begins."""

    words: tuple[str, ...]
    part: int
    rows: list[Row]

    @property
    def document(self) -> str:
        """Name its document part, by that line."""
        return str(self.part)


def read_part_of_speech(path: Path | str) -> Annotated:
    """Read each word as a target of one span, labelled with its Penn Treebank tag.

    Words without a tag ("-") are no targets, and are counted as left out; XX is a tag.
    Raises InputError as the module says, and if no word has a tag.
    """
    sentences: list[SpanSentence] = []
    left_out: Counter[str] = Counter()
    for sentence in _sentences(path, left_out):
        tags = [row.columns[TAG] for row in sentence.rows]
        left_out["word without part of speech"] += tags.count(NOTHING)
        targets = tag_targets(tags, NOTHING)
        sentences.append(SpanSentence(sentence.words, targets, sentence.document))
    return with_targets(sentences, path, left_out)


def read_constituents(path: Path | str) -> Annotated:
    """Read each nonterminal as a target of one span; its label keeps subtypes ("NP-SBJ").

    The root (TOP or S1) and the preterminals, which are the parts of speech, are no targets;
    other constituents of one word are. Targets are in the order in which brackets open.
    Raises InputError as the module says, and if no sentence has a constituent.
    """
    return _read_column(path, PARSE, ROOTS)


def read_entities(path: Path | str) -> Annotated:
    """Read each named entity as a target of one span, labelled with its type ("GPE").

    Raises InputError as the module says, and if there is no entity.
    """
    return _read_column(path, ENTITIES)


def read_semantic_roles(path: Path | str) -> Annotated:
    """Read each argument as a target: span1 the predicate (V), span2 the argument.

    The label is the role as it is written, R-ARG0, C-ARG1 and C-V included. Arguments in a column
    that has not exactly one V are left out and counted, since their predicate is not known.
    Raises InputError as the module says, and if there is no argument.
    """
    left_out: Counter[str] = Counter()
    sentences = [
        SpanSentence(sentence.words, tuple(_arguments(sentence, path, left_out)), sentence.document)
        for sentence in _sentences(path, left_out)
    ]
    return with_targets(sentences, path, left_out)


def read_coreference(path: Path | str, longest: int = 100, seed: int = 0) -> Annotated:
    """Read pairs of mentions as targets: label "1" in the same cluster, "0" in different ones.

    The text is a passage: as many consecutive sentences of one document part as have at most
    `longest` words together, cut from its start without overlap. Pairs are made as
    `bertology.corpora.spans.entities.read_coreference` makes them: all of one cluster in a
    passage, as many others drawn with the seed, the mention that stands first as span1. Pairs on
    the same words and sentences longer than `longest` are left out and counted.

    Raises InputError as the module says, and if no passage has a pair of one cluster.
    """
    left_out: Counter[str] = Counter()
    generator = np.random.default_rng(seed)
    marked = [
        Marked(sentence.words, sentence.document, _mentions(sentence.rows, path))
        for sentence in _sentences(path, left_out)
    ]
    passages = passages_of(marked, longest, generator, left_out)
    return with_targets(passages, path, left_out, read=units_read(marked, left_out))


def _read_column(path: Path | str, column: int, without: tuple[str, ...] = ()) -> Annotated:
    """Read the brackets of a column as targets of one span, without those of some labels."""
    left_out: Counter[str] = Counter()
    sentences = [
        SpanSentence(
            sentence.words,
            tuple(
                SpanTarget(bracket.span, None, (bracket.label,))
                for bracket in brackets(sentence.rows, column, path)
                if bracket.label not in without
            ),
            sentence.document,
        )
        for sentence in _sentences(path, left_out)
    ]
    return with_targets(sentences, path, left_out)


def _sentences(path: Path | str, left_out: Counter[str]) -> list[Sentence]:
    """Read the sentences that have text; the others are counted in `left_out`."""
    return with_text(
        list(_all_sentences(path)),
        lambda sentence: sentence.words,
        lambda sentence: sentence.part,
        path,
        left_out,
    )


def _all_sentences(path: Path | str) -> Iterator[Sentence]:
    """Cut the rows of a file into sentences, each checked row by row."""
    part, line = OUTSIDE, 0
    rows: list[Row] = []
    for line, text in numbered_lines(path):
        if text.startswith((BEGIN, END)):
            part = _part(text, part, rows, path, line)
        elif text.strip():
            rows.append(_row(text, part, rows, path, line))
        elif rows:
            yield Sentence(_words(rows), part, rows)
            rows = []
    _refuse_truncated(part, rows, path, line)


def _part(text: str, part: int, rows: list[Row], path: Path | str, line: int) -> int:
    """Line on which the document part of the next rows begins, given the mark on this line."""
    begins = text.startswith(BEGIN)
    mark = BEGIN if begins else END
    if rows:
        found = f"{mark} within a sentence"
        raise InputError.at(path, line, found, "a blank line after each sentence")
    if begins and part != OUTSIDE:
        raise InputError.at(path, line, f"{mark} within a document part", f"{END} before it")
    if not begins and part == OUTSIDE:
        raise InputError.at(path, line, f"{mark} outside a document part", f"{BEGIN} before it")
    return line if begins else OUTSIDE


def _row(text: str, part: int, rows: list[Row], path: Path | str, line: int) -> Row:
    """Row of the next word of a sentence, after the rows it has already."""
    columns = BLANKS.split(text.strip(" \t"))
    if part == OUTSIDE and MASK in columns:
        found = f"a row of a *.gold_skel file, whose text is withheld ({MASK})"
        raise InputError.at(path, line, found, "*.gold_conll, with the words put in")
    if part == OUTSIDE:
        raise InputError.at(path, line, "a row outside a document part", f"{BEGIN} before it")
    found = f"{len(columns)} columns"
    if len(columns) < FEWEST_COLUMNS:
        raise InputError.at(path, line, found, f"at least {FEWEST_COLUMNS}, separated by blanks")
    if rows and len(columns) != len(rows[0].columns):
        allowed = f"{len(rows[0].columns)}, as in the first row of the sentence"
        raise InputError.at(path, line, found, allowed)
    if columns[NUMBER] != str(len(rows)):
        raise InputError.at(path, line, f"word number {columns[NUMBER]}", f"{len(rows)}")
    refuse_blank(columns[WORD], "word", path, line)
    return Row(line, columns)


def _words(rows: list[Row]) -> tuple[str, ...]:
    """Words of a sentence, without the slash before a punctuation mark."""
    words = (row.columns[WORD] for row in rows)
    return tuple(word[1:] if WITH_SLASH.fullmatch(word) else word for word in words)


def _refuse_truncated(part: int, rows: list[Row], path: Path | str, line: int) -> None:
    """Raise InputError unless a file of so many lines ends where a document part does."""
    if line == 0:
        raise InputError.at(path, None, "an empty file", "at least one sentence")
    if rows:
        found = "the end of the file within a sentence"
        raise InputError.at(path, line, found, "a blank line after each sentence")
    if part != OUTSIDE:
        found = f"the end of the file within the document part that begins on line {part}"
        raise InputError.at(path, line, found, f"{END} after each document part")


def _arguments(
    sentence: Sentence, path: Path | str, left_out: Counter[str]
) -> Iterator[SpanTarget]:
    """Arguments of each predicate of a sentence."""
    for column in range(FIRST_ARGUMENTS, len(sentence.rows[0].columns) - 1):
        found = brackets(sentence.rows, column, path)
        predicates = [bracket for bracket in found if bracket.label == PREDICATE]
        arguments = [bracket for bracket in found if bracket.label != PREDICATE]
        if len(predicates) != 1:
            left_out["argument in a column without exactly one V"] += len(arguments)
            continue
        for argument in arguments:
            yield SpanTarget(predicates[0].span, argument.span, (argument.label,))


def _mentions(rows: list[Row], path: Path | str) -> list[Mention]:
    """Match the brackets of the mentions of one sentence; give them in the order of the text."""
    mentions: list[Mention] = []
    still_open: dict[str, list[Mention]] = {}
    for position, row in enumerate(rows):
        for mark in _marks(row, path):
            cluster = mark["opened"] or mark["closed"]
            candidates = still_open.setdefault(cluster, [])
            if mark["opened"]:
                candidates.append(Mention((position, position), cluster, "", row.line))
            if mark["alone"] or mark["closed"]:
                mentions.append(_closed(candidates, cluster, position, row.line, path))
    refuse_open((mention for group in still_open.values() for mention in group), path)
    return sorted(mentions, key=lambda mention: mention.span)


def _marks(row: Row, path: Path | str) -> Iterator[re.Match[str]]:
    """Brackets of mentions at one word, in their order."""
    cell = row.columns[COREFERENCE]
    for piece in cell.split("|") if cell != NOTHING else ():
        match = MARK.fullmatch(piece)
        if match is None:
            found = f"{cell} in the last column"
            raise InputError.at(path, row.line, found, f"{NOTHING}, or (1, 1) or (1) joined by |")
        yield match


def _closed(
    candidates: list[Mention], cluster: str, position: int, line: int, path: Path | str
) -> Mention:
    """Give the mention that was opened last its end."""
    if not candidates:
        found = f"{cluster}) that was not opened in its sentence"
        raise InputError.at(path, line, found, f"({cluster} before it")
    mention = candidates.pop()
    return Mention((mention.span[0], position + 1), cluster, mention.kind, mention.line)
