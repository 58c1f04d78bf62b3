"""Relations between nominals as labelled spans, from the text format of SemEval-2010 Task 8.

An example is a line `number<TAB>"sentence with <e1>..</e1> and <e2>..</e2>"`, a line with the
relation (`Cause-Effect(e1,e2)` or `Other`), a line `Comment:...` and a blank line. Source:
Hendrickx et al. (2010), https://aclanthology.org/S10-1006, and the README of its data.
"""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from bertology.corpora.reading import numbered_lines, refuse_repeated, shown
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import Annotated, Span, with_targets
from bertology.errors import InputError

SENTENCE = re.compile(r'([0-9]+)\t"(.*)"\s*')
MARKED = re.compile(r"(.*)<e1>(.*)</e1>(.*)<e2>(.*)</e2>(.*)")
MARK = re.compile(r"</?e[12]>")
RELATION = re.compile(r"Other|[A-Za-z]+(-[A-Za-z]+)*\((e1,e2|e2,e1)\)")
COMMENT = "Comment:"


def read_relations(path: Path | str) -> Annotated:
    """Read each example as a sentence with one target: span1 is e1, span2 is e2.

    Words are what blanks separate; what touches a marked span, such as punctuation, is a word of
    its own, so that spans hold whole words. The label is the relation with its direction.

    Raises InputError with file and line for an example that has not its three lines in their form,
    marks that are missing, repeated, out of order or empty, a repeated number, or an empty file.
    """
    sentences: list[SpanSentence] = []
    seen: set[str] = set()
    for (line, sentence), (label_line, label), _ in _examples(path):
        match = SENTENCE.fullmatch(sentence)
        if match is None:
            allowed = 'a number, a tab and the sentence in quotation marks (")'
            raise InputError.at(path, line, shown(sentence), allowed)
        refuse_repeated(match[1], seen, path, line)
        words, span1, span2 = _words_and_spans(match[2], path, line)
        target = SpanTarget(span1, span2, (_relation(label, path, label_line),))
        sentences.append(SpanSentence(words, (target,)))
    return with_targets(sentences, path)


def _examples(path: Path | str) -> Iterator[list[tuple[int, str]]]:
    """Cut the lines of a file into examples of three lines, which blank lines separate."""
    example: list[tuple[int, str]] = []
    for line, text in numbered_lines(path):
        if text.strip():
            example.append((line, text))
        elif example:
            yield _checked(example, path)
            example = []
    if example:
        yield _checked(example, path)


def _checked(example: list[tuple[int, str]], path: Path | str) -> list[tuple[int, str]]:
    """Raise InputError unless an example has three lines, the last of them the comment."""
    if len(example) != 3:
        allowed = "three: sentence, relation, comment, and a blank line after them"
        raise InputError.at(path, example[0][0], f"an example of {len(example)} lines", allowed)
    line, comment = example[2]
    if not comment.startswith(COMMENT):
        raise InputError.at(path, line, shown(comment), f"a line that starts with {COMMENT}")
    return example


def _relation(text: str, path: Path | str, line: int) -> str:
    relation = text.strip()
    if not RELATION.fullmatch(relation):
        allowed = "Other, or a relation such as Cause-Effect(e1,e2)"
        raise InputError.at(path, line, f"the relation {shown(relation)}", allowed)
    return relation


def _words_and_spans(text: str, path: Path | str, line: int) -> tuple[tuple[str, ...], Span, Span]:
    """Words before, in, between and after the marks, and the spans of the marked ones."""
    match = MARKED.fullmatch(text)
    if match is None or any(MARK.search(piece) for piece in match.groups()):
        allowed = "<e1>...</e1> and after it <e2>...</e2>, each once"
        raise InputError.at(path, line, shown(text), allowed)
    pieces = [piece.split() for piece in match.groups()]
    if not pieces[1] or not pieces[3]:
        raise InputError.at(path, line, "a mark without words", "words between <e1> and </e1>")
    ends = list(itertools.accumulate(len(piece) for piece in pieces))
    words = tuple(word for piece in pieces for word in piece)
    return words, (ends[0], ends[1]), (ends[2], ends[3])
