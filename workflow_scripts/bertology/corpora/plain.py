"""Plain text without annotation: lines of words, or WikiText (Merity et al. 2017).

Sentences are made so that they look like text a person wrote, whatever the corpus did to them:
a line is cut after each word "." (WikiText has paragraphs as lines), WikiText's `@-@`, `@,@` and
`@.@` are joined to their neighbours again, and sentences with `<unk>` are left out.

A heading (` = Title = `) is a line of its own. The same within a line, after a full stop, is no
heading; but as a sentence is stored as a line, it is left out.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bertology.corpora.reading import numbered_lines
from bertology.errors import InputError
from bertology.files import atomic_file

JOINERS = {"@-@": "-", "@,@": ",", "@.@": "."}
UNKNOWN = "<unk>"
BYTE_ORDER_MARK = "\ufeff"


def read_text(path: Path | str, left_out: Counter[str] | None = None) -> list[tuple[str, ...]]:
    """Read the sentences of a text, each as its words (split at blanks of any kind).

    Blank lines and headings are no sentences. Left out, and counted in `left_out` by reason, are
    sentences with an unknown word, without any letter or digit, and such as look like a heading.
    What is written of the result reads back the same.

    Raises InputError with the file if there is no sentence in it.
    """
    found: Counter[str] = Counter()
    cut = [words for _, line in numbered_lines(path) for words in sentences_of_line(line, found)]
    # Within a word too: 15 @,@ <unk> has become 15,<unk>.
    sentences = [words for words in cut if not any(UNKNOWN in word for word in words)]
    found[f"sentence with {UNKNOWN}"] += len(cut) - len(sentences)
    if not sentences:
        raise InputError.at(path, None, "no sentence", "at least one line of words")
    if left_out is not None:
        left_out.update(found)
    return sentences


def write_text(path: Path | str, sentences: Iterable[tuple[str, ...]]) -> None:
    """Write one sentence a line; ValueError for one that would not be read back as it is."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for words in sentences:
            line = " ".join(words)
            if sentences_of_line(line) != [words]:
                raise ValueError(f"not one sentence: {line}")
            out.write(line + "\n")


def sentences_of_line(line: str, left_out: Counter[str] | None = None) -> list[tuple[str, ...]]:
    """Cut a line into sentences, each a tuple of words; none for a heading or a blank line.

    Pieces that are no sentence are counted in `left_out` by reason.
    """
    left_out = Counter() if left_out is None else left_out
    # Where files were put together, the mark of the second stands in the middle.
    words = line.replace(BYTE_ORDER_MARK, "").split()
    if _is_heading(words):
        return []
    sentences = []
    for piece in _cut(_joined(words)):
        if not any(character.isalnum() for word in piece for character in word):
            left_out["sentence without a letter or digit"] += 1
        elif _is_heading(piece):
            left_out["sentence between equals signs, as a heading"] += 1
        else:
            sentences.append(tuple(piece))
    return sentences


def _is_heading(words: list[str]) -> bool:
    return len(words) > 2 and words[0] == words[-1] == "="


def _joined(words: list[str]) -> list[str]:
    """Join the neighbours of each joiner, until none has two neighbours ("@ @-@ @" makes one)."""
    joined: list[str] = []
    for word in words:
        if len(joined) > 1 and joined[-1] in JOINERS:
            joiner = joined.pop()
            joined[-1] += JOINERS[joiner] + word
        else:
            joined.append(word)
    return joined if len(joined) == len(words) else _joined(joined)


def _cut(words: list[str]) -> list[list[str]]:
    """Cut words after each full stop; no piece is empty."""
    pieces: list[list[str]] = [[]]
    for word in words:
        pieces[-1].append(word)
        if word == ".":
            pieces.append([])
    return [piece for piece in pieces if piece]
