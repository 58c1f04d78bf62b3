"""What a word is: in annotated corpora, and in running text where words are counted."""

import re

UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff\u19e0-\u19ff"  # Khmer
    "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Tai
    "\u2e80-\u2fdf\u3001-\u312f\u31a0-\u31ff"  # radicals, kana, Bopomofo, their punctuation
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"  # punctuation of full width
    "\uff66-\uff9f"  # kana of half width
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\ua000-\ua4cf"  # Yi
)
"""Characters of scripts written without blanks between words, as inside brackets of a regex."""
WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
"""A word of running text: what stands between blanks, or one character of UNSPACED."""


def count_words(text: str) -> int:
    """Count the words of running text; where a script has no blanks, its characters."""
    return sum(1 for _ in WORD.finditer(text))


def is_word(value: object) -> bool:
    """Say whether something can be a word of an annotated text.

    It is a text that is more than blanks, on one line; it may have blanks in it ("10 000").
    """
    return isinstance(value, str) and bool(value.strip()) and "\n" not in value
