"""What the readers share: lines with their numbers, JSON lines, and checked access to keys."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bertology.errors import InputError
from bertology.files import atomic_file

Expected = TypeVar("Expected")

NAMES_OF_TYPES: dict[type, str] = {str: "a text", int: "a whole number", list: "a list"}
INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Unicode categories of control and format characters (zero-width ones too) and of blanks."""
SURROGATE = re.compile("[\ud800-\udfff]")
MAYBE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes half of a surrogate pair; both halves together are one character."""


def numbered_lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """Give each line of a UTF-8 file with its 1-based number, without its line end.

    Lines end at a line feed only, so that other separators may stand inside a text.
    Raises InputError if the file cannot be opened or is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            for number, raw in enumerate(file, start=1):
                line = raw.decode("utf-8").rstrip("\r\n")
                yield number, line.removeprefix("\ufeff") if number == 1 else line
    except OSError as error:
        raise InputError.at(path, None, str(error.strerror), "a file that can be read") from error
    except UnicodeDecodeError as error:
        raise InputError.at(path, number, "bytes that are not UTF-8", "UTF-8 text") from error


def json_lines(path: Path | str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the JSON object of each line that is not blank, with the line's 1-based number.

    Raises InputError for a line that is not one JSON object or has half a character (see
    `parsed_json`), and for a file without any.
    """
    empty = True
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        record = parsed_json(line, path, number, "one JSON object a line")
        if not isinstance(record, dict):
            raise InputError.at(path, number, shown(record), "one JSON object a line")
        empty = False
        yield number, record
    if empty:
        raise InputError.at(path, None, "an empty file", "one JSON object a line, at least one")


def parsed_json(text: str, path: Path | str, line: int | None, allowed: str) -> Any:
    """Parse JSON that may span lines; `line` is its line in the file if it is one line.

    Raises InputError with file, and line or path of keys, for text that is not JSON, an object with
    a key twice, and a text in it with a lone surrogate (the escape of one without its other half),
    which is no character and cannot be written.
    """
    try:
        content = json.loads(text, object_pairs_hook=_different_keys)
    except json.JSONDecodeError as error:
        found = f"invalid JSON ({error.msg}, column {error.colno})"
        raise InputError.at(path, line or error.lineno, found, allowed) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, brackets nested a thousand deep.
        raise InputError.at(path, line, f"JSON that cannot be read ({error})", allowed) from error
    lone = next(_lone_surrogates(content), None) if MAYBE_SURROGATE.search(text) else None
    if lone is not None:
        whole = "whole characters: an emoji is one character, or two escapes together"
        raise InputError.at(path, line, lone, whole)
    return content


def _different_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; ValueError where Python would silently take the last of two values."""
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!a} twice in one object")
    return record


def _lone_surrogates(value: object, keys: str = "") -> Iterator[str]:
    """Describe each lone surrogate in the texts of some JSON, with the path of keys to it."""
    if isinstance(value, str):
        if match := SURROGATE.search(value):
            yield f"{keys or 'a text'} with the lone surrogate {ascii(match[0])[1:-1]}"
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _lone_surrogates(item, f"{keys}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _lone_surrogates(key, f"a key in {keys or 'the record'}")
            yield from _lone_surrogates(item, f"{keys}.{key}".removeprefix("."))


def write_json_lines(path: Path | str, records: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def required(
    record: object,
    key: str,
    expected: type[Expected],
    path: Path | str,
    line: int | None = None,
    inside: str = "",
) -> Expected:
    """Give `record[key]`, checked to be of the expected type and, for a text, to be visible.

    `inside` is the path of keys that leads to the record, for the message ("data[0].").
    Raises InputError that names the file, the line where there is one, and the key.
    """
    allowed = f"{inside}{key} as {NAMES_OF_TYPES[expected]}"
    if not isinstance(record, dict):
        found = f"{inside.removesuffix('.') or 'record'} = {shown(record)}"
        raise InputError.at(path, line, found, f"an object with the key {key}")
    if key not in record:
        raise InputError.at(path, line, f"no key {inside}{key}", allowed)
    value = record[key]
    # In Python a bool is an int too, in a corpus it is a mistake.
    if not isinstance(value, expected) or isinstance(value, bool):
        raise InputError.at(path, line, f"{inside}{key} = {shown(value)}", allowed)
    if isinstance(value, str) and not is_visible(value):
        raise InputError.at(path, line, f"{inside}{key} without text", f"{allowed}, not empty")
    return value


def is_visible(text: str) -> bool:
    """Say whether a text has a character that is no blank, control or format character."""
    return any(unicodedata.category(character) not in INVISIBLE for character in text)


def refuse_blank(word: str, name: str, path: Path | str, line: int) -> None:
    """Raise InputError for a word of nothing but blanks in Unicode's sense; `name` is its column.

    A word of format characters alone passes: treebanks of tweets have the joiners of emoji as
    words of their own. Where a tokenizer drops such a word, it becomes the unknown token.
    """
    if not word.strip():
        points = " ".join(f"U+{ord(character):04X}" for character in word)
        found = f"a blank {name} ({points})"
        raise InputError.at(path, line, found, "words with at least one character that is no blank")


def refuse_repeated(
    identifier: str, seen: set[str], path: Path | str, line: int | None = None, origin: str = ""
) -> None:
    """Note an identifier as seen; raise InputError if it was seen before.

    `origin` says for the message what the identifier is, if that is not plain from the place.
    """
    if identifier in seen:
        found = f"identifier {identifier} a second time{origin and f' ({origin})'}"
        raise InputError.at(path, line, found, "unique ones")
    seen.add(identifier)


def shown(value: object) -> str:
    """Give a value as JSON, cut to a length that fits a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
