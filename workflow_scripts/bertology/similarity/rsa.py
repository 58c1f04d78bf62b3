"""Representational similarity analysis between all layers of two models.

Kriegeskorte, Mur & Bandettini (2008), with the measure that Merchant et al. (2020, section 5) use
on encoders: the cosine similarity of every pair of tokens within a model and layer, and the
correlation of two such sets of similarities. It needs no mapping between the two spaces.

The similarities are computed in square tiles of token pairs, for all layers of both models at
once, and only their sums are kept: memory grows with the tile, not with the number of pairs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from bertology.errors import InputError
from bertology.similarity.variation import NoVariationError

CORRELATIONS = ("pearson", "spearman")
TILE = 384
"""Tokens on a side of a tile. 26 layers take 15 MB."""
TOKENS_IN_FLOAT64 = 512
"""Tokens of a layer that are in float64 at one time."""
PAIRS_IN_A_SUM = 4096
"""Pairs of a tile that are added up in its own precision, which few need not be better than."""
SMALLEST_DEVIATION = 1e-6
"""Cosines that vary less than this vary by rounding in float32."""
RANK_STEPS = 2**18
"""Steps of the grid, over the range of a layer's similarities, on which they are ranked."""


@dataclass(frozen=True)
class Centred:
    """Vectors of length 1 as float32, split so that their cosines lose no digits.

    With c the mean of the unit vectors u, and w = u - c, the cosine of two tokens i and j is
    w_i w_j + offset_i + offset_j + c c, where offset_i = c w_i. Vectors of contextual encoders
    share a large c, and a cosine near 1 in float32 would keep few digits of what tells pairs
    apart. The constant c c is left out, since no correlation depends on it.
    """

    vectors: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "Centred":
        """Centre the unit vectors of a layer (tokens, width) without zero vectors.

        Block by block: float64 of a whole layer would be the largest thing in memory.
        """
        blocks = [slice(n, n + TOKENS_IN_FLOAT64) for n in range(0, len(values), TOKENS_IN_FLOAT64)]
        inverse_lengths, centre = np.empty(len(values)), np.zeros(values.shape[1])
        for rows in blocks:
            block = values[rows].astype(np.float64)
            inverse_lengths[rows] = 1 / np.sqrt(np.einsum("ij,ij->i", block, block))
            centre += inverse_lengths[rows] @ block / len(values)
        vectors = np.empty(values.shape, np.float32)
        offsets = np.empty(len(values), np.float32)
        for rows in blocks:
            centred = values[rows] * inverse_lengths[rows, None] - centre
            vectors[rows], offsets[rows] = centred, centred @ centre
        return cls(vectors, offsets)

    def similarities(self, rows: slice, columns: slice, out: np.ndarray) -> None:
        """Write the similarities of some tokens (rows) to some others (columns) into `out`."""
        np.matmul(self.vectors[rows], self.vectors[columns].T, out=out)
        out += self.offsets[rows, None]
        out += self.offsets[columns]

    def largest(self) -> float:
        """Bound the absolute value of a similarity."""
        lengths = np.einsum("ij,ij->i", self.vectors, self.vectors)
        return float(lengths.max() + 2 * np.abs(self.offsets).max())


def correlate_similarities(layers: Iterable[np.ndarray], correlation: str) -> np.ndarray:
    """Correlate the cosines of all pairs of tokens in each layer with those in each other layer.

    A layer has shape (tokens, its own width), without zero vectors, and is not kept. Returns
    float64 of shape (layers, layers). Spearman ranks cosines after rounding them to RANK_STEPS
    values, so that it need not keep them; equal ones share their mean rank.
    """
    if correlation not in CORRELATIONS:
        raise InputError(f"correlation: found {correlation!r}; allowed: {', '.join(CORRELATIONS)}")
    centred = [Centred.of(layer) for layer in layers]
    if correlation == "pearson":
        return _pearson(_tiles(centred), len(centred))
    largest = np.array([[max(layer.largest(), SMALLEST_DEVIATION)] for layer in centred])
    scales = RANK_STEPS / 2 / largest
    ranks = _mean_ranks((_steps(tile, scales) for tile in _tiles(centred)), len(centred))
    tiles = (np.take_along_axis(ranks, _steps(tile, scales), axis=1) for tile in _tiles(centred))
    return _pearson(tiles, len(centred))


def _tiles(layers: Sequence[Centred]) -> Iterator[np.ndarray]:
    """Give the similarities of all pairs of tokens, each pair once, tile by tile.

    A tile is float32 of shape (layers, pairs), and is overwritten by the next one.
    """
    buffer = np.empty((len(layers), TILE * TILE), np.float32)
    for rows, columns in tile_slices(len(layers[0].offsets)):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        tile = buffer[:, : height * width]
        for layer, flat in zip(layers, tile, strict=True):
            layer.similarities(rows, columns, flat.reshape(height, width))
        yield tile if columns != rows else tile[:, _above_diagonal(height)]


def tile_slices(tokens: int) -> Iterator[tuple[slice, slice]]:
    """Give the rows and columns of tiles that hold each pair of tokens once, or on a diagonal."""
    slices = [slice(start, min(start + TILE, tokens)) for start in range(0, tokens, TILE)]
    return combinations_with_replacement(slices, 2)


def _above_diagonal(size: int) -> np.ndarray:
    return np.flatnonzero(np.triu(np.ones((size, size), dtype=bool), k=1))


def _pearson(tiles: Iterator[np.ndarray], size: int) -> np.ndarray:
    """Correlate the `size` rows of a matrix, of means near 0, that comes in tiles of columns."""
    count, sums, products = 0, np.zeros(size), np.zeros((size, size))
    for tile in tiles:
        count += tile.shape[1]
        for start in range(0, tile.shape[1], PAIRS_IN_A_SUM):
            part = tile[:, start : start + PAIRS_IN_A_SUM]
            sums += part.sum(axis=1)
            products += part @ part.T
    covariance = products / count - np.outer(sums, sums) / count**2
    deviations = np.sqrt(np.maximum(np.diag(covariance), 0))
    if not (deviations > SMALLEST_DEVIATION).all():
        constant = int(np.argmin(deviations))
        raise NoVariationError(f"layer {constant} of those compared: its similarities do not vary")
    return covariance / np.outer(deviations, deviations)


def _steps(tile: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Round similarities to whole numbers from 0 to RANK_STEPS."""
    return np.rint(tile * scales + RANK_STEPS / 2).astype(np.int32)


def _mean_ranks(tiles_of_steps: Iterator[np.ndarray], size: int) -> np.ndarray:
    """Give the mean rank of each step in each layer, less the mean of all ranks."""
    counts = np.zeros((size, RANK_STEPS + 1))
    for tile in tiles_of_steps:
        for count, steps in zip(counts, tile, strict=True):
            count += np.bincount(steps, minlength=len(count))
    return np.cumsum(counts, axis=1) - (counts + counts[0].sum()) / 2
