"""What the readers share: lines with their numbers, JSON lines, and checked access to keys."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bertology.errors import InputError
from bertology.files import atomic_file

Expected = TypeVar("Expected")

NAMES_OF_TYPES: dict[type, str] = {str: "a text", int: "a whole number", list: "a list"}


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

    Raises InputError for a line that is not one JSON object, and for a file without any.
    """
    empty = True
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            found = f"invalid JSON ({error.msg}, column {error.colno})"
            raise InputError.at(path, number, found, "one JSON object a line") from error
        if not isinstance(record, dict):
            raise InputError.at(path, number, shown(record), "one JSON object a line")
        empty = False
        yield number, record
    if empty:
        raise InputError.at(path, None, "an empty file", "one JSON object a line, at least one")


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
    """Give `record[key]`, checked to be of the expected type and, for a text, not blank.

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
    if isinstance(value, str) and not value.strip():
        raise InputError.at(path, line, f"{inside}{key} without text", f"{allowed}, not empty")
    return value


def refuse_repeated(
    identifier: str, seen: set[str], path: Path | str, line: int | None = None
) -> None:
    """Note an identifier as seen; raise InputError if it was seen before."""
    if identifier in seen:
        raise InputError.at(path, line, f"identifier {identifier} a second time", "unique ones")
    seen.add(identifier)


def shown(value: object) -> str:
    """Give a value as JSON, cut to a length that fits a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
