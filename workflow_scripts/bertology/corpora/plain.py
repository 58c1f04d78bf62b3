"""Plain text without annotation: lines of words, or WikiText (Merity et al. 2017).

Sentences are made so that they look like text a person wrote, whatever the corpus did to them:
a line is cut after each word "." (WikiText has paragraphs as lines), WikiText's `@-@`, `@,@` and
`@.@` are joined to their neighbours again, and sentences with `<unk>` are left out.
"""

import logging
import re
from collections.abc import Iterable
from pathlib import Path

from bertology.corpora.reading import numbered_lines
from bertology.errors import InputError
from bertology.files import atomic_file

logger = logging.getLogger(__name__)

HEADING = re.compile(r"\s*= .* =\s*")
JOINED = re.compile(r" @([-,.])@ ")
UNKNOWN = "<unk>"


def read_text(path: Path | str) -> list[tuple[str, ...]]:
    """Read the sentences of a text, each as its words (split at blanks).

    Blank lines and headings (` = Title = `) are skipped, and so is a piece without any letter or
    digit. How many sentences were left out because of an unknown word is logged.

    Raises InputError with the file if there is no sentence in it.
    """
    cut = [words for _, line in numbered_lines(path) for words in sentences_of_line(line)]
    # Within a word too: 15 @,@ <unk> has become 15,<unk>.
    sentences = [words for words in cut if not any(UNKNOWN in word for word in words)]
    if len(sentences) < len(cut):
        logger.info("%s: left out %d sentences with %s", path, len(cut) - len(sentences), UNKNOWN)
    if not sentences:
        raise InputError.at(path, None, "no sentence", "at least one line of words")
    return sentences


def write_text(path: Path | str, sentences: Iterable[tuple[str, ...]]) -> None:
    """Write one sentence a line; ValueError for one that would not be read back as it is."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for words in sentences:
            line = " ".join(words)
            if sentences_of_line(line) != [words]:
                raise ValueError(f"not one sentence: {line}")
            out.write(line + "\n")


def sentences_of_line(line: str) -> list[tuple[str, ...]]:
    """Cut a line into sentences, each a tuple of words; none for a heading or a blank line."""
    if HEADING.fullmatch(line):
        return []
    sentences: list[list[str]] = [[]]
    for word in JOINED.sub(r"\1", line).split():
        sentences[-1].append(word)
        if word == ".":
            sentences.append([])
    return [
        tuple(words)
        for words in sentences
        if any(character.isalnum() for word in words for character in word)
    ]
