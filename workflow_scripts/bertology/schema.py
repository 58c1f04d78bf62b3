"""What the schema finds in a configuration, in words that say what to write."""

import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

Key = tuple[str | int, ...]
Problem = tuple[Key, str]

PATTERNS = {
    "revision": "a full commit hash, 40 characters of 0-9 a-f",
    "sha256": "64 characters of 0-9 a-f",
    "title": "one line without backquotes",
    "urls": "an address that begins with http:// or https://, without blanks and passwords",
}
"""What a pattern means, by the key at which it stands."""
PATH = (
    "a path below data_dir; its parts, with / between them, begin with a letter, digit or _ and "
    "hold these, blanks and . , + @ = ( ) -"
)
SHOWN = 60
"""Characters of a value that a message shows."""


def schema_problems(config: dict[str, Any], schema: Path) -> Iterator[Problem]:
    """Give each key at which a configuration breaks the schema: what is there, what may be."""
    yield from _problems(config, _read(schema))
    yield from _endless_numbers((), config)


def key_problems(key: str, value: Any, schema: Path) -> Iterator[Problem]:
    """Give what the schema finds in the value of one key at the top, as one file has it."""
    yield from _problems({key: value}, {"properties": {key: _read(schema)["properties"][key]}})


@cache
def _read(schema: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(schema.read_text(encoding="utf-8"))
    return content


def _pattern(
    validator: Any, pattern: str, value: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Hold a text against a pattern whose last $ is its end; Python's lets a line end follow."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


VALIDATOR = extend(Draft202012Validator, {"pattern": _pattern})


def _problems(value: Any, schema: dict[str, Any]) -> Iterator[Problem]:
    errors = VALIDATOR(schema).iter_errors(value)
    for error in sorted(errors, key=lambda error: list(map(str, error.path))):
        yield from _in_words(error)


def _endless_numbers(key: Key, value: Any) -> Iterator[Problem]:
    """Find .nan and .inf, which a schema lets pass as numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"found {value}; allowed: a finite number"
    if isinstance(value, dict | list):
        for part, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _endless_numbers((*key, part), inner)


def _in_words(error: ValidationError) -> Iterator[Problem]:
    """Turn a finding of the schema into words that name what is allowed."""
    key: Key = tuple(error.absolute_path)
    found, rule = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        allowed = error.schema["properties"]
        for name in [name for name in found if name not in allowed]:
            yield (*key, name), f"found an unknown key; allowed: {', '.join(allowed)}"
    elif error.validator == "required":
        for name in [name for name in rule if name not in found]:
            yield (*key, name), "found nothing; allowed: this key must be set"
    elif error.validator == "not" and "required" in rule:
        yield key, f"found {' and '.join(rule['required'])}; allowed: one of them at most"
    else:
        allowed = _allowed(error, rule, key)
        yield key, f"found {_shown(found)}; allowed: {allowed}{_advice(error, found, rule)}"


def _shown(value: Any) -> str:
    text = repr(value)
    if len(text) <= SHOWN:
        return text
    return f"{text[:SHOWN]}... ({len(value if isinstance(value, str) else text)} characters)"


def _allowed(error: ValidationError, rule: Any, key: Key) -> str:
    words: dict[str, Callable[[], str]] = {
        "type": lambda: _type_in_words(error, rule, key),
        "enum": lambda: " | ".join(map(str, rule)),
        "const": lambda: f"{rule}, or a list",
        "minimum": lambda: f"{rule} or more",
        "maximum": lambda: f"{rule} or less",
        "exclusiveMinimum": lambda: f"more than {rule}",
        "exclusiveMaximum": lambda: f"less than {rule}",
        "uniqueItems": lambda: "each value once",
        "contains": lambda: f"one of {' | '.join(rule['enum'])} among them",
        "minItems": lambda: f"at least {rule} entry",
        "minLength": lambda: "a text that is not empty",
        "maxLength": lambda: f"at most {rule} characters",
        "minProperties": lambda: f"at least {rule} keys",
        "pattern": lambda: _pattern_in_words(rule, key),
        "not": lambda: f"another name; the layout of a study takes {_taken(rule)}",
    }
    return (
        words[str(error.validator)]() if error.validator in words else f"{error.validator} {rule}"
    )


def _taken(rule: dict[str, str]) -> str:
    """Spell out a pattern of reserved names: ^(?:full|seed-[0-9]+)$ is full, seed-<number>."""
    names = re.sub(r"^\^(\(\?:)?|\)?\$$", "", rule["pattern"]).split("|")
    return ", ".join(name.replace("[0-9]+", "<number>") for name in names)


def _type_in_words(error: ValidationError, rule: Any, key: Key) -> str:
    if rule == "string" and "pattern" in error.schema:
        return _pattern_in_words(error.schema["pattern"], key)
    return " or ".join([rule] if isinstance(rule, str) else rule)


def _pattern_in_words(pattern: str, key: Key) -> str:
    words = [part for part in key if isinstance(part, str)]
    if words and words[-1] in PATTERNS:
        return PATTERNS[words[-1]]
    if key == ("downloads",):
        return PATH
    return f"lower-case letters and digits, with - or _ between them (pattern {pattern})"


def _advice(error: ValidationError, found: Any, rule: Any) -> str:
    """Say what to write where YAML 1.1 has read something else than was meant; else nothing."""
    wanted = {rule} if isinstance(rule, str) else set(rule) if error.validator == "type" else set()
    if isinstance(found, str) and wanted & {"number", "integer"}:
        return _number_advice(found)
    names = error.validator == "enum" and all(isinstance(name, str) for name in rule)
    if isinstance(found, bool) and (names or "string" in wanted):
        return f"; YAML reads {'yes, on and true' if found else 'no, off and false'} so: use quotes"
    if "string" in wanted and not isinstance(found, dict | list) and found is not None:
        return "; a text that looks like a number or a date stands in quotes"
    if "boolean" in wanted:
        return "; write true or false"
    if "array" in wanted and not isinstance(found, dict):
        return (
            "; a list stands in brackets, as [1, 2], in a file: --config makes texts of its parts"
        )
    return ""


def _number_advice(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    # YAML 1.1 asks for a point in the mantissa and a sign in the exponent.
    mantissa, mark, exponent = text.strip().lower().partition("e")
    if not mark:
        written = f"write {text.strip()} without quotes, in a file"
        return f"; this is a text: {written} (--config makes texts of all parts of a list)"
    point = "" if "." in mantissa else ".0"
    sign = "" if exponent[:1] in "+-" else "+"
    return f"; YAML takes this for a text, write {mantissa}{point}e{sign}{exponent}"
