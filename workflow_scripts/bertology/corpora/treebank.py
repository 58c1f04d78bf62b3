"""CoNLL-U treebanks (Universal Dependencies, https://universaldependencies.org/format.html).

A short strict reader of our own, because the `conllu` package keeps no line numbers and lets
broken trees pass.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bertology.corpora.reading import numbered_lines, refuse_blank, refuse_repeated
from bertology.corpora.shapes import TreeSentence
from bertology.corpora.withheld import with_text
from bertology.errors import InputError
from bertology.files import atomic_file

COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
NOT_A_WORD = re.compile(r"[0-9]+(-|\.)[0-9]+")
"""The ID of a multiword token (29-30) or of an empty node (8.1)."""
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
COMMENT = re.compile(r"#\s*(sent_id|newdoc)(?:\s+id)?\s*(?:=\s*(.*\S))?\s*")


@dataclass(frozen=True, slots=True)
class Row:
    """One word's line."""

    line: int
    form: str
    universal_tag: str
    treebank_tag: str
    head: int
    relation: str


def read_treebank(path: Path | str, left_out: Counter[str] | None = None) -> list[TreeSentence]:
    """Read a CoNLL-U file; relations keep their subtypes.

    Multiword tokens and empty nodes are no words. A sentence without `sent_id` is named by its
    1-based number in the file, a document without a name by its first sentence. Sentences whose
    text is withheld (every FORM is "_") are left out, and counted in `left_out` by reason.

    Raises InputError with file and line for a row without ten filled columns, a FORM that is
    blank, an ID out of order, a head that is no number or no word of the sentence, a sentence that
    is not a tree with one root, a repeated sentence name, a last sentence that no blank line ends
    (a truncated file), a file without sentences, or one of which all text is withheld.
    """
    return with_text(
        read_with_withheld(path),
        lambda sentence: sentence.words,
        lambda sentence: sentence.document,
        path,
        Counter() if left_out is None else left_out,
    )


def read_with_withheld(path: Path | str) -> list[TreeSentence]:
    """Read a CoNLL-U file as `read_treebank` does, with the sentences whose text is withheld."""
    sentences: list[TreeSentence] = []
    seen: set[str] = set()
    document: str | None = None
    for block in _blocks(path):
        first_line = block[0][0]
        comments = _comments(block)
        rows = _rows(block, path)
        _check_tree(rows, path)
        identifier = comments.get("sent_id") or str(len(sentences) + 1)
        refuse_repeated(identifier, seen, path, first_line)
        if "newdoc" in comments:
            document = comments["newdoc"] or identifier
        sentences.append(_sentence(identifier, rows, document))
    if not sentences:
        raise InputError.at(path, None, "an empty file", "CoNLL-U with at least one sentence")
    return sentences


def write_treebank(path: Path | str, sentences: Iterable[TreeSentence]) -> None:
    """Write sentences as CoNLL-U; lemmas and features, which the shape has not, are "_".

    Sentences without a document may stand only before the first document: ValueError otherwise.
    """
    document: str | None = None
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for sentence in sentences:
            if sentence.document != document:
                if sentence.document is None:
                    raise ValueError(f"sentence {sentence.identifier} follows a document")
                document = sentence.document
                out.write(f"# newdoc id = {document}\n")
            out.write(_as_text(sentence))


def _blocks(path: Path | str) -> Iterator[list[tuple[int, str]]]:
    """Cut the lines of a file into sentences, which end at blank lines."""
    block: list[tuple[int, str]] = []
    for number, line in numbered_lines(path):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        _rows(block, path)
        found = "the end of the file within a sentence"
        raise InputError.at(path, block[-1][0], found, "a blank line after each sentence")


def _comments(block: list[tuple[int, str]]) -> dict[str, str]:
    """Values of the comments that name the sentence and start a document."""
    matches = (COMMENT.fullmatch(line) for _, line in block if line.startswith("#"))
    return {match[1]: match[2] or "" for match in matches if match}


def _rows(block: list[tuple[int, str]], path: Path | str) -> list[Row]:
    """Rows of the words of one sentence, checked one by one."""
    rows: list[Row] = []
    for line, text in block:
        if text.startswith("#"):
            continue
        columns = text.split("\t")
        if len(columns) != len(COLUMNS):
            allowed = f"{len(COLUMNS)} columns separated by tabs"
            raise InputError.at(path, line, f"{len(columns)} columns", allowed)
        if "" in columns:
            found = f"an empty column {COLUMNS[columns.index('')]}"
            raise InputError.at(path, line, found, '"_" where there is no value')
        if NOT_A_WORD.fullmatch(columns[0]):
            continue
        if columns[0] != str(len(rows) + 1):
            raise InputError.at(path, line, f"ID {columns[0]}", f"ID {len(rows) + 1}")
        rows.append(_row(columns, path, line))
    if not rows:
        raise InputError.at(path, block[0][0], "a sentence without words", "at least one word")
    return rows


def _row(columns: list[str], path: Path | str, line: int) -> Row:
    """Row of one word."""
    _, form, _, universal_tag, treebank_tag, _, head, relation, _, _ = columns
    refuse_blank(form, "FORM", path, line)
    if not WHOLE_NUMBER.fullmatch(head):
        raise InputError.at(path, line, f"HEAD {head}", "a whole number")
    if relation == "_":
        raise InputError.at(path, line, "no DEPREL", "a relation to the head")
    return Row(line, form, universal_tag, treebank_tag, int(head), relation)


def _check_tree(rows: list[Row], path: Path | str) -> None:
    """Raise InputError unless the heads of the words form a tree with one root."""
    for number, row in enumerate(rows, start=1):
        if row.head > len(rows):
            allowed = f"0 to {len(rows)}, the number of words"
            raise InputError.at(path, row.line, f"HEAD {row.head}", allowed)
        if row.head == number:
            raise InputError.at(path, row.line, f"HEAD {row.head} on itself", "another word or 0")
    roots = [row for row in rows if row.head == 0]
    if not roots:
        found = "a sentence without root (no HEAD is 0)"
        raise InputError.at(path, rows[0].line, found, "one root")
    if len(roots) > 1:
        raise InputError.at(path, roots[1].line, "a second root (HEAD 0)", "one root")
    cyclic = _word_on_cycle([row.head for row in rows])
    if cyclic is not None:
        found = f"a cycle of heads through word {cyclic}"
        raise InputError.at(path, rows[cyclic - 1].line, found, "heads that lead to the root")


def _word_on_cycle(heads: list[int]) -> int | None:
    """1-based number of a word on a cycle of heads, or None if there is no cycle."""
    safe = {0}
    for start in range(1, len(heads) + 1):
        path: list[int] = []
        word = start
        while word not in safe:
            if word in path:
                return word
            path.append(word)
            word = heads[word - 1]
        safe.update(path)
    return None


def _sentence(identifier: str, rows: list[Row], document: str | None) -> TreeSentence:
    return TreeSentence(
        identifier=identifier,
        words=tuple(row.form for row in rows),
        universal_tags=tuple(row.universal_tag for row in rows),
        treebank_tags=tuple(row.treebank_tag for row in rows),
        heads=tuple(row.head for row in rows),
        relations=tuple(row.relation for row in rows),
        document=document,
    )


def _as_text(sentence: TreeSentence) -> str:
    """One sentence as CoNLL-U, the blank line after it included."""
    lines = [f"# sent_id = {sentence.identifier}", f"# text = {' '.join(sentence.words)}"]
    rows = zip(
        sentence.words,
        sentence.universal_tags,
        sentence.treebank_tags,
        sentence.heads,
        sentence.relations,
        strict=True,
    )
    for number, (word, universal_tag, treebank_tag, head, relation) in enumerate(rows, start=1):
        columns = (number, word, "_", universal_tag, treebank_tag, "_", head, relation, "_", "_")
        lines.append("\t".join(str(column) for column in columns))
    return "\n".join(lines) + "\n\n"
