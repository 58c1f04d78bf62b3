"""Semantic roles as labelled spans, from PropBank's *.gold_skel files and a treebank's words.

PropBank publishes its annotation of the English Web Treebank without the words; UD English EWT has
them. A *.gold_skel file is a document: one row a word, a blank line after each sentence. Columns
are separated by blanks: document, sentence number from 0, word number from 0, [WORD], Penn
Treebank tag, parse bit, lemma and roleset of the predicate that the word is ("-" if none), and one
column of arguments for each predicate of the sentence, in their order (see `brackets`).

The document google/ewt/<genre>/<number>/<name>.xml is <genre>-<name> in the treebank, and the
sent_id of its sentence n is <genre>-<name>-<n + 1>. The treebank has since split, joined
and mended sentences: what is not the same sentence any more is left out and counted.

Source: Palmer et al. (2005, https://aclanthology.org/J05-1004),
https://github.com/propbank/propbank-release (data/google/ewt); Silveira et al. (2014), UD English
EWT; the task is that of Tenney et al. (2019, https://openreview.net/forum?id=SJzSgnRcKX).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bertology.corpora.reading import refuse_repeated
from bertology.corpora.shapes import SpanSentence, SpanTarget, TreeSentence
from bertology.corpora.spans.annotated import Annotated, with_targets
from bertology.corpora.spans.brackets import PREDICATE, Row, brackets
from bertology.corpora.spans.packed import packed_texts
from bertology.corpora.treebank import read_treebank
from bertology.errors import InputError

SUFFIX = ".gold_skel"
DOCUMENT, SENTENCE, NUMBER, TAG, ROLESET, FIRST_ARGUMENTS = 0, 1, 2, 4, 7, 8
"""Positions of columns, from 0."""
NOTHING = "-"
DOCUMENT_NAME = re.compile(r"(?:.*/)?(?P<genre>[^/]+)/[^/]+/(?P<name>[^/]+)\.xml")
SENTENCE_NAME = re.compile(r"(?P<document>[a-z]+-.+)-0*(?P<number>[1-9][0-9]*)")
ROLE = re.compile(r"(?:[CR]-)?(?:V|ARG[0-9AM](?:-[A-Z]+)?)")
LEAST_ALIKE = 0.7
"""Share of a sentence's tags that PropBank and the treebank have alike; elsewhere it is 99.4%."""

NO_DOCUMENT = "sentence of a document without annotation"
NO_SENTENCE = "sentence without annotation in its document"
OTHER_WORDS = "sentence with another number of words than its annotation"
OTHER_TAGS = "sentence with mostly other tags than its annotation"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One annotated sentence without its words; `place` is its file, for messages."""

    place: str
    rows: list[Row]


Skeletons = dict[str, list[Skeleton]]
"""The sentences of each document, by the name that the treebank gives it."""


def read_semantic_roles(path: Path | str, annotations: Path | str) -> Annotated:
    """Read each argument of each predicate as a target: span1 the predicate, span2 the argument.

    path: the treebank, CoNLL-U. annotations: *.gold_skel files in a .tar.gz, a .zip or a folder, or
    one of them; documents that the treebank has not are passed over. The label is the role ("ARG1",
    "R-ARG0", "C-V"); the predicate is one word, its particle no part of it. A sentence is left out
    and counted if its document or its number has no annotation, if that has another number of
    words, or if less than LEAST_ALIKE of its Penn Treebank tags (XPOS) are those of the annotation.

    Raises InputError with file and line for rows that `_documents` refuses, brackets that do not
    match or have an unknown role, a broken archive or treebank, a sent_id that is not of this form,
    and if not one argument is left.
    """
    skeletons = dict(_documents(annotations))
    left_out: Counter[str] = Counter()
    sentences: list[SpanSentence] = []
    for sentence in read_treebank(path, left_out):
        skeleton = _skeleton_of(sentence, skeletons, path)
        if isinstance(skeleton, str):
            left_out[skeleton] += 1
        else:
            targets = tuple(_arguments(skeleton))
            sentences.append(SpanSentence(sentence.words, targets, sentence.document))
    return with_targets(sentences, path, left_out)


def _skeleton_of(sentence: TreeSentence, skeletons: Skeletons, path: Path | str) -> Skeleton | str:
    """Find the annotation of a sentence, or else the reason why it has none."""
    match = SENTENCE_NAME.fullmatch(sentence.identifier)
    if match is None:
        allowed = "<genre>-<document>-<number from 1>, as in UD English EWT"
        raise InputError.at(path, None, f"the sent_id {sentence.identifier}", allowed)
    if match["document"] not in skeletons:
        return NO_DOCUMENT
    of_document, number = skeletons[match["document"]], int(match["number"])
    if number > len(of_document):
        return NO_SENTENCE
    skeleton = of_document[number - 1]
    if len(skeleton.rows) != len(sentence.words):
        return OTHER_WORDS
    pairs = zip(skeleton.rows, sentence.treebank_tags, strict=True)
    alike = sum(row.columns[TAG] == tag for row, tag in pairs)
    return skeleton if alike >= LEAST_ALIKE * len(sentence.words) else OTHER_TAGS


def _arguments(skeleton: Skeleton) -> Iterator[SpanTarget]:
    """Give the arguments of the predicates of a sentence, in the order in which they begin."""
    for number, predicate in enumerate(_predicates(skeleton.rows)):
        for bracket in brackets(skeleton.rows, FIRST_ARGUMENTS + number, skeleton.place):
            if not ROLE.fullmatch(bracket.label):
                line = skeleton.rows[bracket.span[0]].line
                allowed = "V, ARG0 to ARG9, ARGA or ARGM with a function, or one with C- or R-"
                raise InputError.at(skeleton.place, line, f"the role {bracket.label}", allowed)
            if bracket.label != PREDICATE:
                yield SpanTarget((predicate, predicate + 1), bracket.span, (bracket.label,))


def _predicates(rows: list[Row]) -> list[int]:
    """Give the numbers, from 0, of the words that are predicates."""
    return [number for number, row in enumerate(rows) if row.columns[ROLESET] != NOTHING]


def _documents(annotations: Path | str) -> Iterator[tuple[str, list[Skeleton]]]:
    """Give the name in the treebank and the sentences of each document.

    Raises InputError with file and line for a row with too few columns or another number than the
    first of its sentence, numbers out of order, more or fewer columns of arguments than predicates,
    a file with two documents or that stops within a sentence, and a document in two files.
    """
    seen: set[str] = set()
    for place, text in packed_texts(annotations, SUFFIX):
        sentences = list(_sentences(text, place))
        if not sentences:
            raise InputError.at(place, None, "an empty file", "at least one sentence")
        name = sentences[0].rows[0].columns[DOCUMENT]
        match = DOCUMENT_NAME.fullmatch(name)
        if match is None:
            allowed = "google/ewt/<genre>/<number>/<name>.xml"
            raise InputError.at(place, 1, f"the document {name}", allowed)
        refuse_repeated(name, seen, place, origin="a document")
        yield f"{match['genre']}-{match['name']}", sentences


def _sentences(text: str, place: str) -> Iterator[Skeleton]:
    """Cut the rows of a file into sentences, each checked row by row."""
    rows: list[Row] = []
    first: Row | None = None
    number = 0
    for line, columns in enumerate(map(str.split, text.removesuffix("\n").split("\n")), start=1):
        if columns:
            rows.append(Row(line, columns))
            first = first or rows[0]
            _check_row(rows, number, first.columns[DOCUMENT], place)
        elif rows:
            _check_predicates(rows, place)
            yield Skeleton(place, rows)
            rows, number = [], number + 1
    if rows:
        found = "the end of the file within a sentence"
        raise InputError.at(place, rows[-1].line, found, "a blank line after each sentence")


def _check_row(rows: list[Row], number: int, document: str, place: str) -> None:
    """Raise InputError if the last row is not the next one of its sentence."""
    line, columns = rows[-1].line, rows[-1].columns
    found = f"{len(columns)} columns"
    if len(columns) < FIRST_ARGUMENTS:
        raise InputError.at(place, line, found, f"at least {FIRST_ARGUMENTS}, separated by blanks")
    if len(columns) != len(rows[0].columns):
        allowed = f"{len(rows[0].columns)}, as in the first row of the sentence"
        raise InputError.at(place, line, found, allowed)
    for column, what, expected in (
        (DOCUMENT, "the document", document),
        (SENTENCE, "the sentence number", str(number)),
        (NUMBER, "the word number", str(len(rows) - 1)),
    ):
        if columns[column] != expected:
            raise InputError.at(place, line, f"{what} {columns[column]}", f"{expected} here")


def _check_predicates(rows: list[Row], place: str) -> None:
    """Raise InputError unless there is a column of arguments for each predicate."""
    of_arguments = len(rows[0].columns) - FIRST_ARGUMENTS
    predicates = len(_predicates(rows))
    if of_arguments != predicates:
        found = f"{of_arguments} columns of arguments in a sentence of {predicates} predicates"
        raise InputError.at(place, rows[0].line, found, "one for each roleset")
