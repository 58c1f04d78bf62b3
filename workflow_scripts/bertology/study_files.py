"""Read the YAML files of a study, and refuse what YAML lets pass without a word."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bertology.errors import InputError

Key = tuple[str, ...]
Ended = dict[int, bool]
"""The nodes that have been met, by identity, and whether all that they hold has been looked at."""

OCTAL = re.compile(r"[-+]?0[0-7_]+")
CLOCK = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read_study(path: Path) -> Any:
    """Return what a YAML (or JSON) file holds.

    Raises InputError, with a line for each mistake, where a key stands twice in one mapping, or
    YAML 1.1 reads a number otherwise than people do (010 is eight, 1:30 is ninety).
    """
    text = path.read_text(encoding="utf-8-sig")
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(path, pairs))
    except ValueError:
        pass
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        problems = [] if root is None else list(_problems(path, root, (), {}))
        if not problems:
            return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not the YAML of a study: {error}") from error
    raise InputError("\n".join(map(str, problems)))


def _unique(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise InputError.at(path, None, f"the key {name} again", "each key once")
    return dict(pairs)


def _problems(path: Path, node: yaml.Node, key: Key, ended: Ended) -> Iterator[InputError]:
    """Look at a node and all below it, each once however many aliases lead to it."""
    line = node.start_mark.line + 1
    if id(node) in ended:
        if not ended[id(node)]:
            found = f"{_dotted(key)}: an alias (*) of what holds it"
            yield InputError.at(path, line, found, "aliases of other parts")
        return
    ended[id(node)] = False
    if isinstance(node, yaml.MappingNode):
        yield from _repeated_keys(path, node, key)
    if _is_misread(node):
        read = yaml.safe_load(node.value)
        found = f"{_dotted(key)}: {node.value}, which YAML reads as {read}"
        yield InputError.at(path, line, found, _meant(node.value, read))
    for part, inner in _parts(node):
        yield from _problems(path, inner, (*key, part), ended)
    ended[id(node)] = True


def _parts(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    """Return what a node holds, each with its key or position."""
    if isinstance(node, yaml.MappingNode):
        return [(str(name.value), value) for name, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [(str(position), value) for position, value in enumerate(node.value)]
    return []


def _is_misread(node: yaml.Node) -> bool:
    if not isinstance(node, yaml.ScalarNode) or node.style or node.tag not in NUMBERS:
        return False
    return bool(OCTAL.fullmatch(node.value) or CLOCK.fullmatch(node.value))


def _repeated_keys(path: Path, node: yaml.MappingNode, key: Key) -> Iterator[InputError]:
    lines: dict[tuple[str, str], int] = {}
    for name, _ in node.value:
        line = name.start_mark.line + 1
        same = (name.tag, str(name.value))
        if same in lines:
            found = f"the key {_dotted((*key, same[1]))} again, after line {lines[same]}"
            yield InputError.at(path, line, found, "each key once")
        lines.setdefault(same, line)


def _meant(written: str, read: float) -> str:
    """Say how to write the number that YAML reads, or the one that people do."""
    if ":" in written:
        return f"{read}, or a text in quotes"
    return f"{read}, or {int(written.replace('_', ''))}, or a text in quotes"


def _dotted(key: Key) -> str:
    return ".".join(key)
