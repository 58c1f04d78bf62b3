"""Scores of structural probes: UUAS, DSpr, root accuracy, NSpr (Hewitt & Manning 2019)."""

from collections.abc import Sequence

import numpy as np

from bertology.probing.structural import Tree
from bertology.probing.trees import (
    mean_over_lengths,
    rank_correlation,
    spanning_edges,
    tree_edges,
)

Edges = list[tuple[int, int]]


def spanning_trees(distances: Sequence[np.ndarray], trees: Sequence[Tree]) -> list[list[Edges]]:
    """Give, for each sentence and layer, the spanning tree over the words that are no punctuation.

    distances: one array (layers, words, words) a sentence.
    """
    return [
        [_spanning_tree(of_layer, tree) for of_layer in found]
        for found, tree in zip(distances, trees, strict=True)
    ]


def _spanning_tree(distances: np.ndarray, tree: Tree) -> Edges:
    words = np.flatnonzero(tree.counted)
    return spanning_edges(distances, words) if len(words) > 1 else []


def counted_edges(tree: Tree) -> set[tuple[int, int]]:
    """Give the gold edges between words that are no punctuation."""
    return {(a, b) for a, b in tree_edges(tree.heads) if tree.counted[a] and tree.counted[b]}


def right_edges(spanning: Sequence[Sequence[Edges]], trees: Sequence[Tree]) -> np.ndarray:
    """Count the edges of spanning trees that are gold: (sentences, layers)."""
    gold = [counted_edges(tree) for tree in trees]
    return np.array(
        [
            [len(edges.intersection(of_layer)) for of_layer in found]
            for found, edges in zip(spanning, gold, strict=True)
        ]
    )


def distance_correlations(distances: Sequence[np.ndarray], trees: Sequence[Tree]) -> np.ndarray:
    """Correlate predicted and true distances by rank: (layers, sentences).

    From each word to all words (itself included), averaged over words; NaN for a single word.
    """
    return np.stack(
        [
            np.full(len(found), np.nan)
            if len(tree) == 1
            else np.nanmean(rank_correlation(found, _like(tree.distances, found)), axis=-1)
            for found, tree in zip(distances, trees, strict=True)
        ],
        axis=1,
    )


def depth_correlations(depths: Sequence[np.ndarray], trees: Sequence[Tree]) -> np.ndarray:
    """Correlate predicted and true depths by rank: (layers, sentences); NaN for a single word."""
    return np.stack(
        [
            rank_correlation(found, _like(tree.depths, found))
            for found, tree in zip(depths, trees, strict=True)
        ],
        axis=1,
    )


def _like(gold: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Repeat the gold values for each layer."""
    return np.broadcast_to(gold, predicted.shape)


def distance_scores(
    distances: Sequence[np.ndarray], spanning: Sequence[Sequence[Edges]], trees: Sequence[Tree]
) -> dict[str, np.ndarray]:
    """Score predicted distances: `uuas` (0 to 100) and `dspr`, each (layers,).

    UUAS counts the gold edges between words that are no punctuation, over all sentences. DSpr is
    the mean of `distance_correlations` as in `mean_over_lengths`.
    """
    total = sum(len(counted_edges(tree)) for tree in trees)
    lengths = np.array([len(tree) for tree in trees])
    return {
        "uuas": 100 * right_edges(spanning, trees).sum(axis=0) / max(total, 1),
        "dspr": mean_over_lengths(distance_correlations(distances, trees), lengths),
    }


def right_roots(depths: Sequence[np.ndarray], trees: Sequence[Tree]) -> np.ndarray:
    """Say whether the word of smallest depth is the root: bool, (sentences, layers).

    Punctuation is not looked at; in a sentence of punctuation alone no root counts as found.
    """
    return np.array(
        [
            np.where(tree.counted, found, np.inf).argmin(axis=-1) == tree.heads.index(0)
            if tree.counted.any()
            else np.zeros(len(found), dtype=bool)
            for found, tree in zip(depths, trees, strict=True)
        ]
    )


def depth_scores(depths: Sequence[np.ndarray], trees: Sequence[Tree]) -> dict[str, np.ndarray]:
    """Score predicted depths: `root_accuracy` (0 to 100) and `nspr`, each (layers,).

    Sentences of punctuation alone do not count for the first. NSpr is the mean of
    `depth_correlations` as in `mean_over_lengths`.
    """
    counted = sum(bool(tree.counted.any()) for tree in trees)
    lengths = np.array([len(tree) for tree in trees])
    return {
        "root_accuracy": 100 * right_roots(depths, trees).sum(axis=0) / max(counted, 1),
        "nspr": mean_over_lengths(depth_correlations(depths, trees), lengths),
    }
