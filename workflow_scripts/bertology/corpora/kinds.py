"""The kinds of corpus, and which module reads and writes each of them.

The module is imported only when its kind is asked for, so that work on one kind of corpus never
depends on the code for another.
"""

import importlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertology.errors import InputError


@dataclass(frozen=True, slots=True)
class Format:
    """Where reader and writer of a kind are, how its files end, what one example is called."""

    module: str
    reader: str
    writer: str
    extension: str
    unit: str


FORMATS = {
    "treebank": Format("treebank", "read_treebank", "write_treebank", "conllu", "sentence"),
    "inference": Format("inference", "read_pairs", "write_pairs", "jsonl", "pair"),
    "questions": Format("questions", "read_questions", "write_questions", "json", "question"),
    "text": Format("plain", "read_text", "write_text", "txt", "sentence"),
    "edges": Format("edges", "read_edges", "write_edges", "jsonl", "sentence"),
}


def read_kind(
    kind: str, path: Path | str, left_out: Counter[str] | None = None, **options: Any
) -> list[Any]:
    """Read a file of a kind: a list of that kind's shape (see shapes.py).

    The reader counts in `left_out`, by reason, what it cannot use; `options` are its own.
    """
    return list(_function(kind, format_of(kind).reader)(path, left_out, **options))


def write_kind(kind: str, path: Path | str, examples: Iterable[Any]) -> None:
    """Write examples in the public format of their kind."""
    _function(kind, format_of(kind).writer)(path, examples)


def split_path(kind: str, folder: Path | str, split: str) -> Path:
    """Path of a split (train, dev or test) in the folder of a corpus or of a task."""
    return Path(folder) / f"{split}.{format_of(kind).extension}"


def format_of(kind: str) -> Format:
    """Format of a kind; InputError for an unknown one."""
    if kind not in FORMATS:
        raise InputError(f"found the kind {kind}; allowed: {', '.join(FORMATS)}")
    return FORMATS[kind]


def _function(kind: str, name: str) -> Any:
    return getattr(importlib.import_module(f"bertology.corpora.{format_of(kind).module}"), name)
