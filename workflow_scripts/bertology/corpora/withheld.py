"""Sentences whose text is withheld: the annotation is published, the words are masked.

Universal Dependencies writes `_` for each word of texts under another licence (Arabic-NYUAD,
French-FTB, Japanese-BCCWJ, English-GUMReddit), PropBank and OntoNotes write `[WORD]`.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TypeVar

from bertology.errors import InputError

Sentence = TypeVar("Sentence")

UNDERSCORES = re.compile("_+")
MASK = "[WORD]"
WITHHELD = "sentence whose text is withheld"


def with_text(
    sentences: Sequence[Sentence],
    words: Callable[[Sentence], Sequence[str]],
    document: Callable[[Sentence], Hashable],
    path: Path | str,
    left_out: Counter[str],
) -> list[Sentence]:
    """Give the sentences that have text, and count the others in `left_out`.

    Withheld is a sentence of masks alone. One of a single word of underscores may be a line that
    somebody drew: it is withheld where other sentences of its document are. (Its `# text` says
    nothing, since that has underscores too where text is withheld.)

    Raises InputError with the file if no sentence has text.
    """
    masked = [all(map(_is_mask, words(sentence))) for sentence in sentences]
    documents = {
        document(sentence)
        for sentence, mask in zip(sentences, masked, strict=True)
        if mask and (len(words(sentence)) > 1 or MASK in words(sentence))
    }
    kept = [
        sentence
        for sentence, mask in zip(sentences, masked, strict=True)
        if not (mask and document(sentence) in documents)
    ]
    if sentences and all(masked):
        allowed = (
            "a file with its words: get the text from its owner and put it in, as the corpus's "
            "README says"
        )
        raise InputError.at(path, None, "no text: each word is masked as _ or [WORD]", allowed)
    left_out[WITHHELD] += len(sentences) - len(kept)
    return kept


def _is_mask(word: str) -> bool:
    return word == MASK or UNDERSCORES.fullmatch(word) is not None
