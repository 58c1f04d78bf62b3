"""Decode dependency trees from scores, and score them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ufal.chu_liu_edmonds import chu_liu_edmonds

from bertology.corpora.shapes import TreeSentence
from bertology.finetuning.task import Score

PUNCTUATION = "PUNCT"


@dataclass(frozen=True, slots=True)
class Tree:
    """A predicted tree: heads (0 is the root) and relations, one entry a word."""

    heads: tuple[int, ...]
    relations: tuple[str, ...]


def maximum_spanning_tree(scores: np.ndarray) -> list[int]:
    """Return the heads of the tree with the highest sum of scores among those with one root.

    scores: words x words + 1; entry (d, h) is the score of head h of word d + 1, where head 0 is
        the root. The score of a word as its own head is not used, whatever it is.
    """
    n = len(scores)
    square = np.full((n + 1, n + 1), np.nan)
    square[1:] = scores
    np.fill_diagonal(square, np.nan)
    # A price on arcs from the root that no gain elsewhere can outweigh leaves one of them, and as
    # every tree with one root pays it once, their order stays (Stanojevic & Cohen 2021).
    square[:, 0] -= 1 + n * np.ptp(square[np.isfinite(square)])
    heads, _ = chu_liu_edmonds(square)
    return list(heads[1:])


def attachment_scores(
    predictions: Sequence[Tree], sentences: Sequence[TreeSentence]
) -> dict[str, Score]:
    """Compute UAS and LAS over words, relation subtypes aside, as CoNLL 2018 does.

    `uas` and `las` are over all words; `uas_without_punctuation` and `las_without_punctuation`
    leave out words whose gold UPOS is PUNCT.
    """
    counts = np.array(
        [_counts(tree, gold) for tree, gold in zip(predictions, sentences, strict=True)]
    ).reshape(-1, 6)
    attached, labelled, words, of_content, labelled_content, content = counts.T
    return {
        "uas": Score(attached, words),
        "las": Score(labelled, words),
        "uas_without_punctuation": Score(of_content, content),
        "las_without_punctuation": Score(labelled_content, content),
    }


def _counts(tree: Tree, gold: TreeSentence) -> list[int]:
    """Count words with the right head, with head and relation right, and all: twice.

    First over all words, then without punctuation.
    """
    pairs = zip(tree.relations, gold.relations, strict=True)
    relation = np.array([without_subtype(a) == without_subtype(b) for a, b in pairs], dtype=bool)
    attached = np.array(tree.heads) == np.array(gold.heads)
    kept = np.array([tag != PUNCTUATION for tag in gold.universal_tags], dtype=bool)
    words = np.stack([attached, attached & relation, np.ones_like(attached)])
    return [*words.sum(axis=1), *words[:, kept].sum(axis=1)]


def without_subtype(relation: str) -> str:
    """Return the universal part of a relation: `nsubj` of `nsubj:pass`."""
    return relation.partition(":")[0]
