"""The leaves of a configuration, as the schema has them, and another value for each.

A leaf is what a user sets as a whole: a number, a text, a list, or an object that may be null.
Optional keys that the configuration does not have are leaves too.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

Config = dict[str, Any]
Schema = dict[str, Any]
Key = tuple[str, ...]
ABSENT = object()
NAMES_OF_KEYS = "additionalProperties"


@dataclass(frozen=True)
class Leaf:
    """Where a leaf is, what is there (or ABSENT), and what the schema says of it.

    asked: what any value must be. rules: that, with all that it refers to for this one.
    """

    key: Key
    value: Any
    asked: tuple[Schema, ...]
    rules: tuple[Schema, ...]

    def __str__(self) -> str:
        return ".".join(self.key)


class Leaves:
    """The leaves of one configuration under one schema."""

    def __init__(self, config: Config, schema: Schema) -> None:
        self.config, self.schema = config, schema
        self.validator = Draft202012Validator(schema)
        self.texts = sorted(set(_names(config)))

    def all(self) -> list[Leaf]:
        """List every leaf, in the order of the schema."""
        return [leaf for leaf in self._below((), self.config, [self.schema])]

    def _below(self, key: Key, value: Any, rules: list[Schema]) -> Iterator[Leaf]:
        applying = [each for rule in rules for each in self._applying(rule, value)]
        parts = dict(self._parts(value, applying)) if isinstance(value, dict) else {}
        types = {name for rule in applying for name in _listed(rule.get("type", []))}
        if types != {"object"}:
            yield Leaf(key, value, tuple(rules), tuple(applying))
        for name, of_part in parts.items():
            yield from self._below((*key, name), value.get(name, ABSENT), of_part)

    def _applying(self, rule: Schema, value: Any) -> Iterator[Schema]:
        """Give a schema and all that it refers to, of conditions the side that holds."""
        yield rule
        if "$ref" in rule:
            yield from self._applying(self.schema["$defs"][rule["$ref"].split("/")[-1]], value)
        for part in rule.get("allOf", []):
            yield from self._applying(part, value)
        if "if" in rule and value is not ABSENT:
            holds = Draft202012Validator(rule["if"]).is_valid(value)
            yield from self._applying(rule.get("then" if holds else "else", {}), value)

    def _parts(self, value: Config, rules: list[Schema]) -> Iterator[tuple[str, list[Schema]]]:
        """Give each key that an object has or may have, with what the schema says of its value."""
        named = {name for rule in rules for name in rule.get("properties", {})}
        open_to = [rule.get(NAMES_OF_KEYS) for rule in rules]
        for name in dict.fromkeys([*value, *sorted(named)]):
            of_part = [rule["properties"].get(name) for rule in rules if "properties" in rule]
            yield name, list(filter(None, of_part)) or list(filter(None, open_to))

    def others(self, leaf: Leaf, allowed: Callable[[Config], bool]) -> Iterator[Config]:
        """Give configurations in which this leaf alone is another, as far as they are allowed."""
        for value in self._values(leaf):
            changed = with_value(self.config, leaf.key, value)
            if value != leaf.value and self._fits(leaf, value) and allowed(changed):
                yield changed

    def _fits(self, leaf: Leaf, value: Any) -> bool:
        """Say whether the schema has such a value there."""
        return all(self.validator.evolve(schema=rule).is_valid(value) for rule in leaf.asked)

    def _values(self, leaf: Leaf) -> Iterator[Any]:
        """Give values that the leaf might have, likely ones first."""
        value = leaf.value
        for rule in leaf.rules:
            yield from rule.get("enum", [])
        if isinstance(value, list):
            yield from self._lists(value, leaf)
        elif isinstance(value, bool):
            yield not value
        elif isinstance(value, int | float):
            yield from (value + 1, value - 1, value / 2)
        elif isinstance(value, dict):
            yield None
        elif isinstance(value, str):
            yield from _texts_like(value)
        yield from self._first_values(leaf)

    def _lists(self, value: list[Any], leaf: Leaf) -> Iterator[Any]:
        items = [choice for rule in leaf.rules for choice in rule.get("items", {}).get("enum", [])]
        numbers = [n for n in value if isinstance(n, int)] or [0]
        for item in (
            *items,
            max(numbers) + 1,
            *self.texts,
            *(_texts_like(str(value[-1])) if value else ()),
        ):
            yield [*value, item] if item not in value else value
        yield value[:-1]
        yield from ([item] for item in self.texts)
        yield value[::-1]

    def _first_values(self, leaf: Leaf) -> Iterator[Any]:
        """Give values for what is not there, or null, or names something."""
        yield from (None, 2, 0.5, "all", "de", *self.texts, [])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def with_value(config: Config, key: Key, value: Any) -> Config:
    """Return a copy of a configuration with another value at a key."""
    changed = copy.deepcopy(config)
    place = changed
    for part in key[:-1]:
        place = place[part]
    place[key[-1]] = value
    return changed


def _names(config: Config) -> Iterator[str]:
    """Give what a text of a configuration may refer to: entries, kinds of corpora, their files."""
    for section in ("encoders", "corpora", "tasks", "stimuli", "probes"):
        yield from config[section]
    for kinds in config["corpora"].values():
        yield from kinds
        for source in kinds.values():
            yield from (value for value in source.values() if "." in str(value))


def _texts_like(text: str) -> Iterator[str]:
    yield f"{text}-2"
    yield ("0" if text[0] != "0" else "1") + text[1:]
