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
    """Compute UAS and LAS in percent of words, relation subtypes aside, as CoNLL 2018 does.

    `uas` and `las` are over all words; `uas_without_punctuation` and `las_without_punctuation`
    leave out words whose gold UPOS is PUNCT.
    """
    words = np.array(
        [
            (head == gold_head, without_subtype(relation) == without_subtype(gold), tag)
            for tree, sentence in zip(predictions, sentences, strict=True)
            for head, relation, gold_head, gold, tag in zip(
                tree.heads,
                tree.relations,
                sentence.heads,
                sentence.relations,
                sentence.universal_tags,
                strict=True,
            )
        ],
        dtype=[("head", bool), ("relation", bool), ("tag", object)],
    )
    labelled = words["head"] & words["relation"]
    content = words["tag"] != PUNCTUATION
    return {
        "uas": _percent(words["head"]),
        "las": _percent(labelled),
        "uas_without_punctuation": _percent(words["head"][content]),
        "las_without_punctuation": _percent(labelled[content]),
    }


def without_subtype(relation: str) -> str:
    """Return the universal part of a relation: `nsubj` of `nsubj:pass`."""
    return relation.partition(":")[0]


def _percent(correct: np.ndarray) -> Score:
    """Percentage of correct words, 0 where there are none; rounded in the order of udeval."""
    return Score(100 * (int(correct.sum()) / max(len(correct), 1)), len(correct))
