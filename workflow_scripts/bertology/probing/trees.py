"""Dependency trees as distances and depths, and what a structural probe's numbers say of them."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree, shortest_path
from scipy.stats import rankdata

SHORTEST, LONGEST = 5, 50
"""Sentence lengths over which DSpr and NSpr are averaged (Hewitt & Manning 2019, section 4.1)."""


def tree_distances(heads: Sequence[int]) -> np.ndarray:
    """Return the number of edges between all pairs of words (words, words), int.

    heads: 1-based number of each word's head, 0 for the root.
    """
    return _steps(heads, None)


def tree_depths(heads: Sequence[int]) -> np.ndarray:
    """Return the number of edges from the root to each word (words,), int."""
    return _steps(heads, list(heads).index(0))


def _steps(heads: Sequence[int], start: int | None) -> np.ndarray:
    """Count the edges from one word, or from each of them (None), to all words."""
    edges = tree_edges(heads)
    words = len(heads)
    rows, columns = zip(*edges, strict=True) if edges else ((), ())
    graph = csr_array((np.ones(len(edges)), (rows, columns)), shape=(words, words))
    found = shortest_path(graph, method="D", directed=False, unweighted=True, indices=start)
    return found.astype(int)


def tree_edges(heads: Sequence[int]) -> list[tuple[int, int]]:
    """List the edges of a tree as pairs of 0-based words, the lower one first."""
    pairs = ((word, head - 1) for word, head in enumerate(heads) if head > 0)
    return [(min(pair), max(pair)) for pair in pairs]


def spanning_edges(distances: np.ndarray, words: np.ndarray) -> list[tuple[int, int]]:
    """List the edges of a minimum spanning tree over some words; distances (all words, all words).

    words: numbers of the words that count, rising.
    """
    chosen = distances[np.ix_(words, words)]
    # scipy takes 0 for "no edge"; a constant on all edges leaves the tree as it is.
    shifted = np.triu(chosen - chosen.min() + 1.0, k=1)
    tree = minimum_spanning_tree(csr_array(shifted)).tocoo()
    pairs = zip(words[tree.row].tolist(), words[tree.col].tolist(), strict=True)
    return [(min(pair), max(pair)) for pair in pairs]


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation along the last axis; NaN where one side is constant."""
    ranks = [rankdata(values, axis=-1) for values in (first, second)]
    first, second = (rank - rank.mean(axis=-1, keepdims=True) for rank in ranks)
    scale = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    with np.errstate(invalid="ignore"):
        return (first * second).sum(axis=-1) / np.where(scale > 0, scale, np.nan)


def mean_over_lengths(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Average within each sentence length, then over the lengths SHORTEST to LONGEST.

    values: (layers, sentences); lengths: (sentences,). Returns (layers,); NaN if no length fits.
    """
    weights = weights_by_length(values, lengths)
    total = weights.sum(axis=1)
    return np.nansum(values * weights, axis=1) / np.where(total > 0, total, np.nan)


def weights_by_length(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the weights of sentences in `mean_over_lengths`: (layers, sentences).

    The sentences of each length that fits have one weight in all; NaN values have none.
    """
    weights = np.zeros(values.shape)
    for length in range(SHORTEST, LONGEST + 1):
        counts = ~np.isnan(values) & (lengths == length)
        weights += counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return weights
