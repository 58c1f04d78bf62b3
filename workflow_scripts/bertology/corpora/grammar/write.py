"""Write the embedded corpus, one kind of annotation at a time.

The module of a kind is imported only when that kind is asked for, so that work on the questions,
say, leaves treebanks as they are.
"""

import importlib
from pathlib import Path

from bertology.corpora.shapes import SPLITS
from bertology.errors import InputError

WRITERS = {
    "treebank": ("bertology.corpora.grammar.treebank", "write_treebank"),
    "edges": ("bertology.corpora.grammar.edges", "write_edges"),
    "inference": ("bertology.corpora.grammar.pairs", "write_pairs"),
    "questions": ("bertology.corpora.grammar.passages", "write_passages"),
}
"""Module and function that write each kind."""


def write_grammar_corpus(
    domain: str, kind: str, sizes: dict[str, int], seed: int, folder: Path
) -> None:
    """Write one kind of annotation of one domain as a folder of train, dev and test files.

    `sizes` holds the number of sentences (treebank, edges), pairs (inference) or questions of each
    split. The same arguments give the same bytes. Raises InputError for an unknown domain, kind or
    split.
    """
    if kind not in WRITERS:
        raise InputError(f"found kind {kind!r}; allowed: {', '.join(WRITERS)}")
    if not set(sizes) <= set(SPLITS):
        raise InputError(f"found splits {', '.join(sizes)}; allowed: {', '.join(SPLITS)}")
    module, writer = WRITERS[kind]
    getattr(importlib.import_module(module), writer)(domain, sizes, seed, folder)
