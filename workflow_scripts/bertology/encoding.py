"""Text that is given as words, as every part of the study gives it to an encoder's tokenizer."""

from collections.abc import Sequence

from transformers import BatchEncoding
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.errors import InputError


def encode_words(tokenizer: Tokenizer, *segments: Sequence[str]) -> BatchEncoding:
    """Encode one text or a pair, given as words, each word as one wordpiece or more.

    A word may have blanks inside ("10 000"). One of which the tokenizer leaves nothing (control
    characters) becomes its unknown token, so that every word has a vector. Raises InputError for
    such a word where the tokenizer has no unknown token.
    """
    encoding = _encode(tokenizer, segments)
    dropped = _without_token(encoding, segments)
    if not dropped:
        return encoding
    known = [
        [
            tokenizer.unk_token if (segment, number) in dropped else word
            for number, word in enumerate(words)
        ]
        for segment, words in enumerate(segments)
    ]
    encoding = _encode(tokenizer, known) if tokenizer.unk_token else encoding
    for segment, number in _without_token(encoding, segments):
        found = f"the word {segments[segment][number]!a}, of which it keeps nothing"
        raise InputError(f"tokenizer without unknown token: found {found}; allowed: other words")
    return encoding


def _encode(tokenizer: Tokenizer, segments: Sequence[Sequence[str]]) -> BatchEncoding:
    return tokenizer(*map(list, segments), is_split_into_words=True, verbose=False)


def _without_token(
    encoding: BatchEncoding, segments: Sequence[Sequence[str]]
) -> list[tuple[int, int]]:
    """Give the words that have no token, as (segment, number)."""
    found = set(zip(encoding.sequence_ids(), encoding.word_ids(), strict=True))
    words = [
        (segment, number) for segment, row in enumerate(segments) for number in range(len(row))
    ]
    return [word for word in words if word not in found]
