"""Entities and coreference as labelled spans, from the annotation of GUM in CoNLL-U.

A word's MISC may hold `Entity=` with brackets: `(12-person-...` opens a mention of the group
(entity) 12 at this word, `12)` closes it after this word, `(12-person-...)` does both. A comment
`# global.Entity = GRP-etype-infstat-centering-minspan-link-identity` gives the order of the fields
from there on. Mentions of different groups may nest and cross; a closing bracket ends the mention
of its group that was opened last. Source: README of UD_English-GUM (Zeldes 2017); the parts of
discontinuous mentions, `(12[1/2]-...`, are those of CorefUD (https://ufal.mff.cuni.cz/corefud).
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bertology.corpora.reading import numbered_lines
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import Annotated, with_targets
from bertology.corpora.spans.passages import (
    DISCONTINUOUS,
    Marked,
    Mention,
    passages_of,
    refuse_open,
    units_read,
)
from bertology.corpora.treebank import NOT_A_WORD, read_with_withheld
from bertology.corpora.withheld import with_text
from bertology.errors import InputError

KEY = "Entity="
HEADER = re.compile(r"#\s*global\.Entity\s*=\s*(.*\S)\s*")
GROUP, TYPE = "GRP", "etype"
PIECE = re.compile(r"\((?P<opened>[^()]+)(?P<alone>\))?|(?P<closed>[^()]+)\)")
PART = re.compile(r"(?P<group>.+)\[[0-9]+/(?P<parts>[0-9]+)\]")
FIRST_PART = "[1/"


@dataclass(frozen=True, slots=True)
class Mark:
    """The `Entity` of one word, and the order of the fields that holds there."""

    line: int
    position: int
    text: str
    fields: list[str]


def read_entities(path: Path | str) -> Annotated:
    """Read each mention of a sentence as a target of one span, labelled with its etype.

    The parts of a discontinuous mention are no targets; the mention is counted as left out.
    Raises InputError with file and line for a broken treebank, a bracket that is not closed in its
    sentence or never opened, one on a multiword token or an empty node (GUM has none there), a
    mention without its etype, fields without GRP and etype, or a file without any mention.
    """
    left_out: Counter[str] = Counter()
    sentences = [
        SpanSentence(
            sentence.words,
            tuple(SpanTarget(mention.span, None, (mention.kind,)) for mention in sentence.mentions),
            sentence.document,
        )
        for sentence in _marked_sentences(path, left_out)
    ]
    return with_targets(sentences, path, left_out)


def read_coreference(path: Path | str, seed: int = 0, longest: int = 100) -> Annotated:
    """Read pairs of mentions as targets: label "1" in the same group, "0" in different ones.

    The text is a passage: as many consecutive sentences of one document as have at most `longest`
    words together, cut from its start without overlap. All pairs of one group in a passage are
    targets, and as many others, drawn from the same passage with the seed (all of them, if there
    are fewer). The mention that stands first is span1. Pairs on the same words and sentences
    longer than `longest` are left out and counted, as are discontinuous mentions.

    Raises InputError as `read_entities` does, and if no passage has a pair of one group.
    """
    left_out: Counter[str] = Counter()
    generator = np.random.default_rng(seed)
    marked = list(_marked_sentences(path, left_out))
    passages = passages_of(marked, longest, generator, left_out)
    return with_targets(passages, path, left_out, read=units_read(marked, left_out))


def _marked_sentences(path: Path | str, left_out: Counter[str]) -> Iterator[Marked]:
    """Sentences of a treebank that have text, joined with their mentions."""
    pairs = list(zip(read_with_withheld(path), _marks(path), strict=True))
    for sentence, marks in with_text(
        pairs, lambda pair: pair[0].words, lambda pair: pair[0].document, path, left_out
    ):
        mentions = sorted(_mentions(marks, path), key=lambda mention: mention.span)
        parts = [mention for mention in mentions if PART.fullmatch(mention.group)]
        _check_parts(parts, path)
        left_out[DISCONTINUOUS] += sum(FIRST_PART in part.group for part in parts)
        whole = [mention for mention in mentions if mention not in parts]
        yield Marked(sentence.words, sentence.document, whole)


def _marks(path: Path | str) -> Iterator[list[Mark]]:
    """Give the `Entity` annotation of each sentence of a file that `read_with_withheld` accepts."""
    fields: list[str] = []
    marks: list[Mark] = []
    words = 0
    for line, text in numbered_lines(path):
        if text.startswith("#"):
            fields = _fields(text, path, line) or fields
        elif text.strip():
            columns = text.split("\t")
            if entity := _entity(columns, path, line):
                marks.append(Mark(line, words, entity.removeprefix(KEY), fields))
            words += NOT_A_WORD.fullmatch(columns[0]) is None
        elif words:
            yield marks
            marks, words = [], 0


def _fields(comment: str, path: Path | str, line: int) -> list[str]:
    """Order of the fields, if the comment gives it."""
    match = HEADER.fullmatch(comment)
    if match is None:
        return []
    fields = match[1].split("-")
    if GROUP not in fields or TYPE not in fields:
        allowed = f"fields with {GROUP} and {TYPE} among them, joined by hyphens"
        raise InputError.at(path, line, f"global.Entity = {match[1]}", allowed)
    return fields


def _entity(columns: list[str], path: Path | str, line: int) -> str:
    """`Entity=...` of a row, or an empty text."""
    entities = [value for value in columns[-1].split("|") if value.startswith(KEY)]
    if not entities:
        return ""
    if NOT_A_WORD.fullmatch(columns[0]):
        found = f"{entities[0]} on the row {columns[0]}"
        raise InputError.at(path, line, found, "Entity on words only, with whole numbers as ID")
    if len(entities) > 1:
        raise InputError.at(path, line, "Entity a second time", "one Entity a word")
    return entities[0]


def _mentions(marks: list[Mark], path: Path | str) -> list[Mention]:
    """Match the brackets of one sentence; parts of discontinuous mentions are mentions here."""
    mentions: list[Mention] = []
    still_open: dict[str, list[Mention]] = {}
    for mark in marks:
        for piece in _pieces(mark, path):
            if piece["opened"]:
                mention = _opened(piece["opened"], mark, path)
                group = mention.group
                still_open.setdefault(group, []).append(mention)
            else:
                group = _closed_group(piece["closed"], mark)
            if piece["alone"] or piece["closed"]:
                mentions.append(_closed(still_open.get(group), group, mark, path))
    refuse_open(itertools.chain(*still_open.values()), path)
    return mentions


def _pieces(mark: Mark, path: Path | str) -> list[re.Match[str]]:
    """Brackets of one word, in their order."""
    if not mark.fields:
        allowed = f"a comment # global.Entity = {GROUP}-{TYPE}-... before it"
        raise InputError.at(path, mark.line, "Entity whose fields are not known", allowed)
    pieces = list(PIECE.finditer(mark.text))
    if not pieces or "".join(piece[0] for piece in pieces) != mark.text:
        allowed = "mentions as (1-person..., 1) or (1-person...)"
        raise InputError.at(path, mark.line, f"{KEY}{mark.text}", allowed)
    return pieces


def _opened(text: str, mark: Mark, path: Path | str) -> Mention:
    """Start a mention at this word, its end still unknown."""
    values = dict(zip(mark.fields, text.split("-", len(mark.fields) - 1), strict=False))
    group, kind = values.get(GROUP, ""), values.get(TYPE, "")
    if not group or not (kind or PART.fullmatch(group)):
        found = f"the mention ({text}"
        raise InputError.at(path, mark.line, found, f"({'-'.join(mark.fields)}")
    return Mention((mark.position, mark.position), group, kind, mark.line)


def _closed_group(text: str, mark: Mark) -> str:
    """Group of a closing bracket, which may stand alone or with the other fields."""
    values = text.split("-", len(mark.fields) - 1)
    number = mark.fields.index(GROUP)
    return values[number] if number < len(values) else text


def _closed(candidates: list[Mention] | None, group: str, mark: Mark, path: Path | str) -> Mention:
    """Give the mention that was opened last its end."""
    if not candidates:
        found = f"{group}) that was not opened in its sentence"
        raise InputError.at(path, mark.line, found, f"({group}-... before it")
    mention = candidates.pop()
    return Mention((mention.span[0], mark.position + 1), group, mention.kind, mention.line)


def _check_parts(mentions: list[Mention], path: Path | str) -> None:
    """Raise InputError unless each discontinuous mention of a sentence has all its parts."""
    counts = Counter(mention.group for mention in mentions)
    for mention in mentions:
        group, parts = PART.sub(r"\g<group> \g<parts>", mention.group).rsplit(" ", 1)
        names = [f"{group}[{part}/{parts}]" for part in range(1, int(parts) + 1)]
        if mention.group not in names or any(counts[name] != counts[names[0]] for name in names):
            found = f"({mention.group} without the other parts"
            raise InputError.at(path, mention.line, found, f"{', '.join(names)} in one sentence")
