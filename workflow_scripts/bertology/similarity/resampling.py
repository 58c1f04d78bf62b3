"""RSA in resamples of a text, for intervals over its groups (documents, premises, passages).

RSA is a correlation over pairs of tokens. A resample in which a group occurs w times weights them:
a pair of tokens from two groups by the product of the two weights, a pair within a group by its
weight, since copies of a group are not compared with one another (as rsatoolbox leaves out the
similarity of a condition to itself: Schütt et al. 2023, "Statistical inference on representational
geometries"). So the sums over the pairs of tokens of each two groups give the RSA of any resample.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bertology.corpora.stimuli import read_stimuli
from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.similarity.measures import CachedLayers, Reference, open_both, partners
from bertology.similarity.names import RESAMPLED_COLUMNS
from bertology.similarity.preparation import PREPARATION
from bertology.similarity.rsa import SMALLEST_DEVIATION, Centred, tile_slices
from bertology.similarity.tokens import read_token_sample
from bertology.statistics import Draws, Resamples


def write_resamples(
    folder: Path,
    references: Sequence[Reference],
    stimuli_file: Path,
    path: Path,
    measure: str,
    draws: Draws,
) -> None:
    """Write a cache's RSA with each reference, same layer of both, in each resample of groups.

    Parquet with the columns RESAMPLED_COLUMNS, value as float32, n the number of tokens; resample 0
    is the text itself. measure: one that can be resampled. Both forms of a text have the same
    groups, hence the same resamples. Otherwise as `measures.write_comparisons`.
    """
    groups_of_items = resampled_groups(stimuli_file)
    names = list(dict.fromkeys(groups_of_items.values()))
    resamples = Resamples.of(names, len(names), draws)
    tables = []
    for reference in references:
        first, second = open_both(folder, reference.folder)
        rows = read_token_sample(reference.sample_file, first.tokens)
        groups = group_numbers(first.tokens["item"].iloc[rows], groups_of_items, stimuli_file)
        others = partners(rows, reference.permutation_seed)
        pairs = zip(
            CachedLayers(first, rows, folder),
            CachedLayers(second, others, reference.folder),
            strict=False,  # the layers that both have
        )
        prepare = PREPARATION[measure]
        sums = (pair_sums(prepare(x), prepare(y), groups, len(names)) for x, y in pairs)
        values = np.array([resampled_rsa(each, resamples) for each in sums])
        tables.append(_as_table(values).assign(reference=reference.name, n=len(rows)))
    with atomic_file(path) as temporary:
        table = pd.concat(tables).assign(metric=measure)
        table[list(RESAMPLED_COLUMNS)].to_parquet(temporary, index=False)


def resampled_groups(stimuli_file: Path) -> dict[str, str]:
    """Give each item's group; where all are of one, each is its own, as in `Resamples.draw`."""
    groups = {each.item: each.group for each in read_stimuli(stimuli_file)}
    return groups if len(set(groups.values())) > 1 else {item: item for item in groups}


def group_numbers(
    items: pd.Series, groups_of_items: Mapping[str, str], stimuli_file: Path
) -> np.ndarray:
    """Give each token's group as its number in the stimuli, where some may have no token.

    items: each token's. groups_of_items: the group of each item, in the order of the stimuli.
    """
    names = dict.fromkeys(groups_of_items.values())
    places = {name: number for number, name in enumerate(names)}
    numbers = items.map({item: places[group] for item, group in groups_of_items.items()})
    if numbers.isna().any():
        found = f"no item {items[numbers.isna()].iloc[0]!r}"
        raise InputError.at(stimuli_file, None, found, "the stimuli that the caches were made of")
    return numbers.to_numpy(dtype=np.int64)


def pair_sums(first: np.ndarray, second: np.ndarray, groups: np.ndarray, size: int) -> np.ndarray:
    """Sum over the pairs of tokens of each two groups: (6, size, size), float64.

    first, second: (tokens, width), a row of one with the same row of the other; groups: (tokens,),
    below `size`. With a and b the similarities of two tokens in the first and the second, the sums
    are of 1, a, b, a², b² and ab. Each pair is in one place: [s, t] with s <= t.
    """
    order = np.argsort(groups, kind="stable")
    groups = groups[order]
    both = Centred.of(first[order]), Centred.of(second[order])
    sums = np.zeros((6, size, size))
    for rows, columns in tile_slices(len(groups)):
        names, members = _members(groups[rows])
        other_names, other_members = _members(groups[columns])
        part = members @ _terms(both, rows, columns) @ other_members.T
        sums[:, names[:, None], other_names] += part
    return sums


def resampled_rsa(sums: np.ndarray, resamples: Resamples) -> np.ndarray:
    """Return the RSA in each draw, (draws,), from what `pair_sums` returns.

    NaN where a draw has too few pairs for their similarities to vary.
    """
    weights = resamples.counts.astype(float)
    count, *totals = (_weighted(each, weights) for each in sums)
    pairs = np.where(count > 0, count, np.nan)
    a, b, squares_a, squares_b, products = (total / pairs for total in totals)
    variances = np.minimum(squares_a - a**2, squares_b - b**2)
    vary = variances > SMALLEST_DEVIATION**2
    spread = np.sqrt(np.where(vary, (squares_a - a**2) * (squares_b - b**2), np.nan))
    correlations: np.ndarray = (products - a * b) / spread
    return correlations


def _members(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the different groups, and which tokens each of them has: 1 or 0, (groups, tokens)."""
    names, places = np.unique(groups, return_inverse=True)
    return names, np.eye(len(names), dtype=np.float32)[:, places]


def _terms(both: tuple[Centred, Centred], rows: slice, columns: slice) -> np.ndarray:
    """Return what is summed, for all pairs of a tile, and 0 for those that are in it twice."""
    terms = np.ones((6, rows.stop - rows.start, columns.stop - columns.start), np.float32)
    for layer, similarities in zip(both, terms[1:3], strict=True):
        layer.similarities(rows, columns, similarities)
    np.square(terms[1:3], out=terms[3:5])
    np.multiply(terms[1], terms[2], out=terms[5])
    return np.triu(terms, k=1) if rows == columns else terms


def _weighted(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight pairs of groups by the product of their weights, and each group's own pairs once."""
    between, within = np.triu(sums, k=1), np.diag(sums)
    total: np.ndarray = ((weights @ between) * weights).sum(axis=1) + weights @ within
    return total


def _as_table(values: np.ndarray) -> pd.DataFrame:
    """Put values (layers, draws) in long form."""
    layers, resamples = np.indices(values.shape)
    columns = {"layer": layers.ravel(), "resample": resamples.ravel()}
    return pd.DataFrame({**columns, "value": values.ravel().astype(np.float32)})
