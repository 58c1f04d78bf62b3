"""Load an encoder's tokenizer, so that words that are already split are read as in running text."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Encoding
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE
from tokenizers.normalizers import Normalizer, Prepend
from tokenizers.normalizers import Sequence as NormalizerSequence
from tokenizers.pre_tokenizers import PreTokenizer
from transformers import AutoTokenizer
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.encoder_files import is_tokenizer_file
from bertology.errors import InputError

WORDS = {
    "English": "In 1999 the people of the land did n't pay $ 3.50 for 42 well-known boats .",
    "Greek": "Οι άνθρωποι ζουν κοντά στο ποτάμι .",
    "Russian": "Люди живут у реки .",
    "Hebrew": "אנשים גרים ליד הנהר .",
    "Arabic": "الناس يعيشون قرب النهر .",
    "Hindi": "लोग नदी के पास रहते हैं ।",
    "Tamil": "மக்கள் ஆற்றின் அருகே வாழ்கிறார்கள் .",
    "Thai": "ผู้คน อาศัย อยู่ ใกล้ แม่น้ำ",
    "Chinese": "人们 住 在 河边 。",
    "Japanese": "人々 は 川 の 近く に 住ん で いる 。",
    "Korean": "사람들은 강 근처에 산다 .",
}
"""Ordinary words with blanks between them, one sentence a language."""


def copy_tokenizer(origin: Path, folder: Path) -> None:
    """Copy the files of the tokenizer from one encoder's folder to another's."""
    for path in sorted(origin.iterdir()):
        if path.is_file() and is_tokenizer_file(path.name):
            shutil.copyfile(path, folder / path.name)


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load the fast tokenizer of an encoder folder, ready for words that are already split.

    Tokenizers that tell the start of a word by the blank before it (RoBERTa, ModernBERT) are made
    to read one before every word, as they do in running text. Raises InputError for files that
    cannot be read, for a tokenizer without a fast version or padding, and for one that cuts split
    words otherwise than, unchanged, the same words in running text.
    """
    tokenizer = load_unchanged(folder)
    name = type(tokenizer).__name__
    if not _made_to_read_words_as_in_text(tokenizer):
        raise InputError(
            f"{folder}: found {name}, which cuts split words otherwise than text; "
            "allowed: a tokenizer that gives the same tokens for both"
        )
    return tokenizer


def load_unchanged(folder: Path) -> Tokenizer:
    """Load a tokenizer as it is; InputError where it cannot be, is not fast or does not pad."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, use_fast=True, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # transformers and tokenizers raise errors of every kind
        raise InputError(f"{folder}: its tokenizer cannot be loaded: {_reason(error)}") from error
    if not tokenizer.is_fast or tokenizer.pad_token is None:
        name = type(tokenizer).__name__
        raise InputError(f"{folder}: found {name}; allowed: a fast tokenizer with a padding token")
    return tokenizer


def _reason(error: Exception) -> str:
    """Give the first line of an error, with what its user can do about it where that is known."""
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    if "untagged enum" in reason or "unknown variant" in reason:
        return f"{reason} (tokenizer.json broken, or written by a newer version of tokenizers?)"
    return reason


def known_words(tokenizer: Tokenizer) -> dict[str, float]:
    """Give for each language of WORDS the share (0 to 1) of its words that are no unknown token.

    A word of which the tokenizer leaves nothing is unknown too.
    """
    return {language: _share_known(tokenizer, text.split()) for language, text in WORDS.items()}


def _share_known(tokenizer: Tokenizer, words: list[str]) -> float:
    encoding = tokenizer(words, is_split_into_words=True).encodings[0]
    known = {word: True for word in encoding.word_ids if word is not None}
    for word, token in zip(encoding.word_ids, encoding.ids, strict=True):
        if word is not None and token == tokenizer.unk_token_id:
            known[word] = False
    return sum(known.values()) / len(words)


# --- Words as in running text ---------------------------------------------------------------------


def _made_to_read_words_as_in_text(tokenizer: Tokenizer) -> bool:
    """Change, where needed, how a tokenizer cuts split words; say whether that succeeded.

    Held against each other are the tokens of running text that the unchanged tokenizer gives, and
    those of the changed one, of the same text running and split into its words.
    """
    expected = [_tokens_of_text(tokenizer, text) for text in WORDS.values()]
    for _ in _changes(tokenizer):
        split = [_tokens_of_words(tokenizer, text.split()) for text in WORDS.values()]
        running = [_tokens_of_text(tokenizer, text) for text in WORDS.values()]
        if split == running == expected:
            return True
    return False


def _changes(tokenizer: Tokenizer) -> Iterator[None]:
    """Change a tokenizer in place, in one way after another; the first is no change."""
    yield
    backend = tokenizer.backend_tokenizer
    pre_tokenizer, normalizer = backend.pre_tokenizer, backend.normalizer
    # Some classes (RoBERTa's) refuse split words unless this is set.
    tokenizer.add_prefix_space = True
    yield
    backend.pre_tokenizer = _with_prefix_space(pre_tokenizer)
    yield
    # Where digits are split off first, that setting puts a blank before each of them.
    backend.pre_tokenizer = pre_tokenizer
    backend.normalizer = _after_a_blank(normalizer)
    yield


def _with_prefix_space(pre_tokenizer: PreTokenizer | None) -> PreTokenizer | None:
    """Set `add_prefix_space` in the byte-level steps of a pre-tokenizer."""
    if pre_tokenizer is None:
        return None
    first = json.loads(pre_tokenizer.__getstate__())
    for step in first.get("pretokenizers", [first]):
        if step.get("type") == "ByteLevel":
            step["add_prefix_space"] = True
    state = json.loads(Backend(BPE()).to_str()) | {"pre_tokenizer": first}
    return Backend.from_str(json.dumps(state)).pre_tokenizer


def _after_a_blank(normalizer: Normalizer | None) -> Normalizer:
    """Put a blank before each text, and before each word where words are split."""
    blank = Prepend(" ")
    return blank if normalizer is None else NormalizerSequence([blank, normalizer])


def _tokens_of_text(tokenizer: Tokenizer, text: str) -> list[str]:
    """Give the tokens of running text that follow its first word, before which no blank stands."""
    encoding = tokenizer(text, add_special_tokens=False).encodings[0]
    first_word = len(text.split()[0])
    pairs = zip(encoding.tokens, encoding.offsets, strict=True)
    return [token for token, (_, end) in pairs if end > first_word]


def _tokens_of_words(tokenizer: Tokenizer, words: list[str]) -> list[str] | None:
    """Give the tokens of split words from the second on; None where the tokenizer refuses them."""
    try:
        encoding: Encoding = tokenizer(
            words, is_split_into_words=True, add_special_tokens=False
        ).encodings[0]
    except (AssertionError, ValueError):
        return None
    pairs = zip(encoding.tokens, encoding.word_ids, strict=True)
    return [token for token, word in pairs if word]
