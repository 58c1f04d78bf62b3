"""Orthogonal Procrustes distance between all layers of two models.

Ding, Denain & Steinhardt (2021, "Grounding representation similarity with statistical testing"):
what is left of the squared distance between two sets of vectors after the best rotation, both
centred and scaled to one overall length. From 0 (equal up to rotation and scale) to 2.
"""

from collections.abc import Iterable

import numpy as np
from scipy.linalg import svdvals

from bertology.similarity.variation import SMALLEST_SHARE, NoVariationError


def procrustes_distances(first: Iterable[np.ndarray], second: Iterable[np.ndarray]) -> np.ndarray:
    """Return the distance of each layer of one model to each of another: (first, second).

    A layer has shape (tokens, its own width); rows of all layers are the same tokens. InputError
    for a layer in which all vectors are equal.
    """
    ours, others = ([_normalised(layer) for layer in layers] for layers in (first, second))
    nuclear = np.array([[svdvals(x.T @ y).sum() for y in others] for x in ours])
    return np.clip(2 - 2 * nuclear.astype(np.float64), 0, 2)


def _normalised(layer: np.ndarray) -> np.ndarray:
    """Centre the vectors and scale the matrix to a Frobenius norm of 1."""
    values = layer.astype(np.float64)
    values -= values.mean(axis=0)
    norm = np.linalg.norm(values)
    if norm <= SMALLEST_SHARE * np.linalg.norm(layer.astype(np.float64)):
        found = "found a layer whose vectors are all equal"
        raise NoVariationError(f"Procrustes: {found}; allowed: different ones")
    return values / norm
