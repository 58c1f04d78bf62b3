"""Compare two models' layers on the same tokens, by every measure and for classes of tokens."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from bertology.activations import Activations, open_activations
from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.similarity.cka import unbiased_cka
from bertology.similarity.preparation import standardised
from bertology.similarity.procrustes import procrustes_distances
from bertology.similarity.rsa import correlate_similarities
from bertology.similarity.token_classes import ALL, FIRST, token_classes
from bertology.similarity.tokens import read_token_sample
from bertology.similarity.variation import NoVariationError


class Layers(Protocol):
    """Vectors of the same tokens in each layer, (tokens, width): a list, or CachedLayers."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[np.ndarray]: ...


Function = Callable[[Layers, Layers], np.ndarray]
COLUMNS = ("reference", "tokens", "layer_first", "layer_second", "metric", "value", "n")


@dataclass(frozen=True)
class Reference:
    """What a model is compared with: the cache in `folder`, on a sample of tokens.

    With a permutation_seed its tokens are permuted: a comparison of nothing (null).
    """

    name: str
    folder: Path
    sample_file: Path
    permutation_seed: int | None = None


@dataclass(frozen=True)
class Measure:
    """A function of two models' layers that returns (first, second), and for which layers to ask.

    all_pairs: for every layer with every other, or (where that takes long) the same layer alone.
    """

    function: Function
    all_pairs: bool


def references(
    names: Sequence[str],
    folders: Sequence[str],
    sample_files: Sequence[str],
    permutation_seeds: Sequence[int | None],
) -> list[Reference]:
    """Put together what a job is told of its references, each list in the same order."""
    together = zip(names, folders, sample_files, permutation_seeds, strict=True)
    return [
        Reference(name, Path(folder), Path(sample), seed) for name, folder, sample, seed in together
    ]


def rsa(first: Layers, second: Layers, correlation: str = "pearson") -> np.ndarray:
    """Return the RSA of each layer of one model with each of another."""
    return _between(chain(first, second), len(first), correlation)


def rsa_standardised(first: Layers, second: Layers) -> np.ndarray:
    """Return the RSA after each dimension of each layer has been standardised."""
    return _between(map(standardised, chain(first, second)), len(first), "pearson")


def _between(layers: Iterable[np.ndarray], first: int, correlation: str) -> np.ndarray:
    """Correlate the similarities of the `first` so many layers with those of the others."""
    return correlate_similarities(layers, correlation)[:first, first:]


MEASURES = {
    "rsa_pearson": Measure(rsa, True),
    "rsa_spearman": Measure(lambda a, b: rsa(a, b, "spearman"), True),
    "rsa_standardised": Measure(rsa_standardised, True),
    "cka": Measure(unbiased_cka, True),
    "procrustes": Measure(procrustes_distances, False),
}
"""Similarities, but for `procrustes`, which is a distance."""


def write_comparisons(
    folder: Path, references: Sequence[Reference], path: Path, measures: Sequence[str]
) -> None:
    """Compare a cache with each reference; write CSV with the columns COLUMNS.

    The first layer is the cache's. `tokens` is a class of tokens (token_classes) and n their
    number: `all` has the pairs of layers that each measure asks for, the other classes the same
    layers alone (`first_token` without the embeddings). A class has no value (NaN) in a layer where
    its vectors or their similarities do not vary, as the first token's in low layers; `all` must
    vary, else InputError. Tokens are permuted within each class.
    """
    tables = [
        _compared(folder, reference, measures).assign(reference=reference.name)
        for reference in references
    ]
    with atomic_file(path) as temporary:
        pd.concat(tables)[list(COLUMNS)].to_csv(temporary, index=False)


def _compared(folder: Path, reference: Reference, measures: Sequence[str]) -> pd.DataFrame:
    first, second = open_both(folder, reference.folder)
    sample = read_token_sample(reference.sample_file, first.tokens)
    tables = []
    for name, rows in token_classes(first.tokens, sample).items():
        other = partners(rows, reference.permutation_seed)
        # The first token of all stimuli has one and the same embedding.
        start = 1 if name == FIRST else 0
        layers = (
            CachedLayers(first, rows, folder, start),
            CachedLayers(second, other, reference.folder, start),
        )
        for measure in measures:
            table = compare_layers(*layers, measure, all_pairs=name == ALL)
            table[["layer_first", "layer_second"]] += start
            tables.append(table.assign(tokens=name, n=len(rows)))
    return pd.concat(tables)


def partners(rows: np.ndarray, permutation_seed: int | None) -> np.ndarray:
    """Give the row of the second cache that each row of the first is compared with."""
    if permutation_seed is None:
        return rows
    return np.random.default_rng(permutation_seed).permutation(rows)


def compare(first_folder: Path, second_folder: Path, rows: np.ndarray, measure: str) -> np.ndarray:
    """Return a measure of each layer of the first cache with each of the second, on some rows."""
    first, second = open_both(first_folder, second_folder)
    layers = (CachedLayers(first, rows, first_folder), CachedLayers(second, rows, second_folder))
    return MEASURES[measure].function(*layers)


def compare_layers(first: Layers, second: Layers, name: str, all_pairs: bool) -> pd.DataFrame:
    """Apply a measure: a row for each pair of layers, or (all_pairs False) for each same layer.

    Without all_pairs, NaN in a layer where what is compared does not vary.
    """
    measure = MEASURES[name]
    numbers: tuple[np.ndarray, ...]
    if not (all_pairs and measure.all_pairs) and len(first) == len(second):
        pairs = zip(first, second, strict=True)
        apply = measure.function if all_pairs else _or_nan(measure.function)
        values = np.array([apply([x], [y])[0, 0] for x, y in pairs])
        numbers = (np.arange(len(values)),) * 2
    else:
        values = measure.function(first, second)
        numbers = tuple(np.indices(values.shape))
    columns = {"layer_first": numbers[0], "layer_second": numbers[1], "value": values}
    return pd.DataFrame({key: each.ravel() for key, each in columns.items()}).assign(metric=name)


def _or_nan(function: Function) -> Function:
    """Give NaN in place of NoVariationError, for one layer of each model."""

    def checked(first: Layers, second: Layers) -> np.ndarray:
        try:
            return function(first, second)
        except NoVariationError:
            return np.array([[np.nan]])

    return checked


def open_both(first_folder: Path, second_folder: Path) -> tuple[Activations, Activations]:
    """Open two caches; InputError unless they hold the same tokens in the same order."""
    first, second = open_activations(first_folder), open_activations(second_folder)
    columns = ["sentence", "segment", "position", "wordpiece"]
    if not first.tokens[columns].equals(second.tokens[columns]):
        raise InputError(
            f"{first_folder} and {second_folder}: found different tokens; allowed: two models run "
            "on the same stimuli with the same tokenizer"
        )
    return first, second


@dataclass(frozen=True)
class CachedLayers:
    """Some tokens' vectors in the layers of a cache from `start` on, each read when its turn comes.

    InputError for a zero vector, which has no cosine.
    """

    cache: Activations
    rows: np.ndarray
    folder: Path
    start: int = 0

    def __len__(self) -> int:
        """Count the layers."""
        return len(self.cache.layers) - self.start

    def __iter__(self) -> Iterator[np.ndarray]:
        """Read them, in order: (tokens, width), float16."""
        for number, layer in enumerate(self.cache.layers[self.start :], start=self.start):
            values = layer[self.rows]
            zero = np.flatnonzero(~values.any(axis=1))
            if zero.size:
                found = f"found a zero vector (sampled token {zero[0]})"
                raise InputError(f"{self.folder}, layer {number}: {found}: it has no cosine")
            yield values
