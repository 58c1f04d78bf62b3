"""Representational similarity analysis between all layers of two models.

Kriegeskorte, Mur & Bandettini (2008), with the measure that Merchant et al. (2020, section 5) use
on encoders: the cosine similarity of every pair of tokens within a model and layer, and the
correlation of two such sets of similarities. It needs no mapping between the two spaces.

The similarities are computed in square tiles of token pairs, for all layers of both models at
once, and only their sums are kept: memory grows with the tile, not with the number of pairs.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bertology.activations import Activations, open_activations
from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.similarity.tokens import read_token_sample

CORRELATIONS = ("pearson", "spearman")
TILE = 512
"""Tokens on a side of a tile. 26 layers take 82 MB in float32 and float64 together."""
SMALLEST_DEVIATION = 1e-6
"""Cosines that vary less than this vary by rounding in float32."""
RANK_STEPS = 2**17
"""Steps of the grid, per unit of cosine, on which similarities are ranked."""


def write_comparison(
    first_folder: Path, second_folder: Path, sample_file: Path, path: Path, correlation: str
) -> None:
    """Compare two caches on a token sample; write one CSV row for each pair of layers.

    Columns: layer_first, layer_second, metric (`rsa_pearson` or `rsa_spearman`), value, and n,
    the number of tokens.
    """
    rows = read_token_sample(sample_file, open_activations(first_folder).tokens)
    values = compare(first_folder, second_folder, rows, correlation)
    layer_first, layer_second = np.indices(values.shape)
    table = pd.DataFrame(
        {
            "layer_first": layer_first.ravel(),
            "layer_second": layer_second.ravel(),
            "metric": f"rsa_{correlation}",
            "value": values.ravel(),
            "n": len(rows),
        }
    )
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False)


def compare(
    first_folder: Path, second_folder: Path, rows: np.ndarray, correlation: str = "pearson"
) -> np.ndarray:
    """Return the RSA of each layer of the first cache with each layer of the second.

    `rows` are the token rows to use, the same in both. The result is float64 of shape (layers of
    the first, layers of the second). Raises InputError where the two caches do not hold the same
    tokens, where a vector is zero and so has no cosine, and for an unknown correlation.
    """
    first, second = open_activations(first_folder), open_activations(second_folder)
    _check_same_tokens(first, second, first_folder, second_folder)
    vectors = [
        _unit_vectors(layer[rows], f"{folder}, layer {number}")
        for cache, folder in ((first, first_folder), (second, second_folder))
        for number, layer in enumerate(cache.layers)
    ]
    matrix = correlate_similarities(vectors, correlation)
    return matrix[: len(first.layers), len(first.layers) :]


def correlate_similarities(vectors: Sequence[np.ndarray], correlation: str) -> np.ndarray:
    """Correlate the pairwise similarities of each set of vectors with those of each other set.

    Each set is float32 of shape (tokens, its own width), its rows of length 1. Returns float64 of
    shape (sets, sets). Spearman ranks similarities rounded to steps of 1 / RANK_STEPS, which bounds
    its memory; equal ones share their mean rank.
    """
    if correlation not in CORRELATIONS:
        raise InputError(f"correlation: found {correlation!r}; allowed: {', '.join(CORRELATIONS)}")
    if correlation == "spearman":
        ranks = _mean_ranks(vectors)
        tiles = (_ranked(tile, ranks) for tile in _tiles(vectors))
        return _pearson(tiles, np.zeros(len(vectors)))
    return _pearson(_tiles(vectors), np.array([_mean_similarity(one) for one in vectors]))


def _check_same_tokens(
    first: Activations, second: Activations, first_folder: Path, second_folder: Path
) -> None:
    columns = ["sentence", "segment", "position", "wordpiece"]
    if not first.tokens[columns].equals(second.tokens[columns]):
        raise InputError(
            f"{first_folder} and {second_folder}: found different tokens; allowed: two models run "
            "on the same stimuli with the same tokenizer"
        )


def _unit_vectors(values: np.ndarray, place: str) -> np.ndarray:
    vectors = values.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not lengths.all():
        row = int(np.argmin(lengths))
        raise InputError(f"{place}: found a zero vector (sampled token {row}); it has no cosine")
    return vectors / lengths


def _tiles(vectors: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Give the similarities of all pairs of tokens, each pair once, tile by tile.

    A tile is float32 of shape (sets, pairs) and is overwritten by the next one.
    """
    tokens = len(vectors[0])
    buffer = np.empty((len(vectors), TILE * TILE), np.float32)
    for top in range(0, tokens, TILE):
        for left in range(top, tokens, TILE):
            height, width = min(TILE, tokens - top), min(TILE, tokens - left)
            tile = buffer[:, : height * width]
            for one, flat in zip(vectors, tile, strict=True):
                np.matmul(
                    one[top : top + height],
                    one[left : left + width].T,
                    out=flat.reshape(height, width),
                )
            yield tile if left > top else tile[:, _above_diagonal(height)]


def _above_diagonal(size: int) -> np.ndarray:
    return np.flatnonzero(np.triu(np.ones((size, size), dtype=bool), k=1))


def _mean_similarity(vectors: np.ndarray) -> float:
    """Mean cosine of all pairs, from the length of the vectors' sum."""
    count = len(vectors)
    total = vectors.sum(axis=0, dtype=np.float64)
    return float((total @ total - count) / (count * (count - 1)))


def _pearson(tiles: Iterator[np.ndarray], shift: np.ndarray) -> np.ndarray:
    """Correlate the rows of a matrix that comes in tiles of columns.

    `shift`, near the rows' means, is subtracted first: cosines of contextual vectors can have a
    mean far above their spread, and sums of their raw products would lose the digits that count.
    """
    count, sums, products = 0, np.zeros(len(shift)), np.zeros((len(shift), len(shift)))
    for tile in tiles:
        centred = np.subtract(tile, shift[:, None], dtype=np.float64)
        count += tile.shape[1]
        sums += centred.sum(axis=1)
        products += centred @ centred.T
    covariance = products - np.outer(sums, sums) / count
    spread = np.sqrt(np.diag(covariance))
    deviations = spread / np.sqrt(count)
    if not (deviations > SMALLEST_DEVIATION).all():
        constant = int(np.argmin(deviations))
        raise InputError(f"set of vectors {constant}: its similarities do not vary")
    return covariance / np.outer(spread, spread)


def _steps(tile: np.ndarray) -> np.ndarray:
    """Round cosines to the grid on which they are ranked; the result counts from 0."""
    return np.rint((np.clip(tile, -1, 1) + 1) * RANK_STEPS).astype(np.int32)


def _mean_ranks(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """Give the centred mean rank of each step of the grid, shape (sets, steps)."""
    counts = np.zeros((len(vectors), 2 * RANK_STEPS + 1))
    for tile in _tiles(vectors):
        for row, steps in zip(counts, _steps(tile), strict=True):
            row += np.bincount(steps, minlength=len(row))
    total = counts[0].sum()
    return np.cumsum(counts, axis=1) - (counts + total) / 2


def _ranked(tile: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    return np.take_along_axis(ranks, _steps(tile), axis=1)
