"""Linear CKA between all layers of two models, with the unbiased estimator of HSIC.

Kornblith et al. (2019, "Similarity of neural network representations revisited") with HSIC_1 of
Song et al. (2012), as Nguyen et al. (2021) use it: 1 for representations that are equal up to
rotation and scale, around 0 for unrelated ones, whatever the number of tokens.

With centred vectors and a linear kernel all that is needed of two layers is the size of their cross
product (width x width) and the lengths of their vectors, so that no matrix of token pairs arises.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from bertology.errors import InputError
from bertology.similarity.variation import SMALLEST_SHARE, NoVariationError


def unbiased_cka(first: Iterable[np.ndarray], second: Iterable[np.ndarray]) -> np.ndarray:
    """Return the CKA of each layer of one model with each of another: (first, second), float64.

    A layer has shape (tokens, its own width); rows of all layers are the same tokens. InputError
    for fewer than 4 tokens, or for a layer in which all vectors are equal.
    """
    centred = [[_centred(layer) for layer in layers] for layers in (first, second)]
    tokens = len(centred[0][0])
    if tokens < 4:
        raise InputError(f"CKA: found {tokens} tokens; allowed: 4 or more")
    lengths = [_squared_lengths(layers) for layers in centred]
    within = [
        np.diag(_hsic(_own_products(layers), squares, squares))
        for layers, squares in zip(centred, lengths, strict=True)
    ]
    between = _hsic(cross_product_sizes(*centred), *lengths)
    return between / np.sqrt(np.outer(*within))


def _centred(layer: np.ndarray) -> np.ndarray:
    """Centre the vectors, and scale them to a mean squared length of 1, which CKA does not mind."""
    values = layer.astype(np.float64)
    values -= values.mean(axis=0)
    scale = np.sqrt(np.einsum("ij,ij->", values, values) / len(values))
    if scale <= SMALLEST_SHARE * np.linalg.norm(layer[0].astype(np.float64)):
        found = "found a layer whose vectors are all equal"
        raise NoVariationError(f"CKA: {found}; allowed: different ones")
    values /= scale
    return values.astype(np.float32)


def _squared_lengths(layers: Sequence[np.ndarray]) -> np.ndarray:
    """Return the squared length of each token's vector in each layer: (layers, tokens)."""
    return np.stack([np.einsum("ij,ij->i", layer, layer).astype(np.float64) for layer in layers])


def cross_product_sizes(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> np.ndarray:
    """Return the squared Frobenius norm of X'Y for each pair of layers: (first, second)."""
    return np.array([[_squared_norm(x.T @ y) for y in second] for x in first])


def _own_products(layers: Sequence[np.ndarray]) -> np.ndarray:
    return np.diag([_squared_norm(layer.T @ layer) for layer in layers])


def _squared_norm(matrix: np.ndarray) -> float:
    return float(np.einsum("ij,ij->", matrix, matrix, dtype=np.float64))


def _hsic(products: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return n(n-3) HSIC_1 for linear kernels of centred vectors: (first, second).

    products: squared norms of X'Y; first, second: squared lengths (layers, tokens), which are the
    diagonals of the kernels. Since vectors are centred, the rows of a kernel without its diagonal
    sum to minus the diagonal.
    """
    tokens = first.shape[1]
    diagonals = first @ second.T
    sums = np.outer(first.sum(axis=1), second.sum(axis=1))
    correction = sums / ((tokens - 1) * (tokens - 2)) - 2 * diagonals / (tokens - 2)
    result: np.ndarray = products - diagonals + correction
    return result
