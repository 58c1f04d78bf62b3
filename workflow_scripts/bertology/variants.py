"""The variants of fine-tuning: which layers are fixed or left out, and how a variant is named.

`full` fixes nothing, `untuned` the whole encoder; the others are named <kind>-<number of layers>.
`finetuning/model.py` says what each does to an encoder. Any of them, trained on a part of the
training data, is <variant>-of-<percent>.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FULL, UNTUNED = "full", "untuned"


@dataclass(frozen=True)
class Kind:
    """A kind of variant with a number of layers.

    least: the smallest number; the largest is below the encoder's depth. freezes: whether the
    number says how many layers are fixed, or else how many there are.
    """

    least: int
    freezes: bool


KINDS = {
    "freeze": Kind(least=0, freezes=True),
    "keep": Kind(least=1, freezes=False),
}
WHOLE = 100
"""Percent of the training data."""
_LAYERS = "|".join([UNTUNED, *(f"{name}-[0-9]+" for name in KINDS)])
ABLATION = f"(?:{_LAYERS})(?:-of-[0-9]+)?|{FULL}-of-[0-9]+"
"""A pattern for the names of all variants but `full`."""


def ablations(settings: Mapping[str, Any], depth: int) -> list[str]:
    """List the variants that a configuration asks for, of an encoder of `depth` layers."""
    return [
        *([UNTUNED] if settings[UNTUNED] else []),
        *(f"{name}-{int(n)}" for name in KINDS for n in numbers(settings, name, depth)),
    ]


def numbers(settings: Mapping[str, Any], kind: str, depth: int) -> Iterable[int]:
    """Give the numbers of layers that a configuration asks for: a list, or `all` there are."""
    asked = settings.get(kind, [])
    return range(KINDS[kind].least, depth) if asked == "all" else asked


def parsed(variant: str) -> tuple[str, int] | None:
    """Split the name of a variant into kind and number; None for `full`, `untuned` and others."""
    match = re.fullmatch(r"([a-z]+)-([0-9]+)", variant)
    return (match[1], int(match[2])) if match and match[1] in KINDS else None


def on_part(variant: str, percent: int) -> str:
    """Name a variant that is trained on so much of the training data."""
    return variant if percent == WHOLE else f"{variant}-of-{percent}"


def part_of(variant: str) -> tuple[str, int]:
    """Split the name of a variant into what is trained, and on how many percent of the data."""
    name, _, percent = variant.partition("-of-")
    return name, int(percent or WHOLE)


def layers_of(variant: str, depth: int) -> tuple[int | None, int]:
    """Return how many layers a variant freezes (None: not even the embeddings) and keeps."""
    if variant == UNTUNED:
        return depth, depth
    kind = parsed(variant)
    if kind is None:
        return None, depth
    name, number = kind
    return (number, depth) if KINDS[name].freezes else (None, number)
