"""Write the embedded corpus, one kind of annotation at a time.

The module of a kind is imported only when that kind is asked for, so that work on the questions,
say, leaves treebanks as they are.
"""

import importlib
from dataclasses import dataclass, field
from pathlib import Path

from bertology.corpora.shapes import SPLITS
from bertology.errors import InputError


@dataclass(frozen=True, slots=True)
class Writer:
    """Module and function that write a kind, and what the function is told beyond the sizes."""

    module: str
    function: str
    options: dict[str, str] = field(default_factory=dict)


PHENOMENA = (
    *("part_of_speech", "constituents", "dependencies", "entities", "semantic_roles"),
    *("proto_roles", "coreference"),
)
"""What can be probed in the embedded corpus: written as labelled spans."""

WRITERS = {
    "treebank": Writer("bertology.corpora.grammar.treebank", "write_treebank"),
    "inference": Writer("bertology.corpora.grammar.pairs", "write_pairs"),
    "questions": Writer("bertology.corpora.grammar.passages", "write_passages"),
    **{
        name: Writer("bertology.corpora.grammar.edges", "write_edges", {"phenomenon": name})
        for name in PHENOMENA
    },
}
"""The writer of each kind of annotation."""


def write_grammar_corpus(
    domain: str, kind: str, sizes: dict[str, int], seed: int, folder: Path
) -> None:
    """Write one kind of annotation of one domain as a folder of train, dev and test files.

    `sizes` holds the number of sentences (treebank and PHENOMENA), pairs (inference) or questions
    of each split. The same arguments give the same bytes. Raises InputError for an unknown domain,
    kind or split.
    """
    if kind not in WRITERS:
        raise InputError(f"found kind {kind!r}; allowed: {', '.join(WRITERS)}")
    if not set(sizes) <= set(SPLITS):
        raise InputError(f"found splits {', '.join(sizes)}; allowed: {', '.join(SPLITS)}")
    writer = WRITERS[kind]
    write = getattr(importlib.import_module(writer.module), writer.function)
    write(domain, sizes, seed, folder, **writer.options)
