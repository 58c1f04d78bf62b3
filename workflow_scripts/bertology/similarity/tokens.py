"""The sample of tokens on which representations are compared: the same for all models."""

from pathlib import Path

import numpy as np
import pandas as pd

from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.table_files import read_csv, read_parquet

COLUMNS = ["row", "sentence", "position"]


def sample_tokens(tokens: pd.DataFrame, size: int, seed: int) -> np.ndarray:
    """Draw rows of a token table without replacement, special tokens excluded.

    Returns `size` row numbers in ascending order, or all rows that are not special tokens where
    there are fewer. Raises InputError for fewer than 3, since 2 tokens have a single similarity.
    """
    candidates = np.flatnonzero(~tokens["special"].to_numpy(dtype=bool))
    if min(size, len(candidates)) < 3:
        raise InputError(f"token sample: found {size} of {len(candidates)}; allowed: 3 or more")
    if size >= len(candidates):
        return candidates
    return np.sort(np.random.default_rng(seed).choice(candidates, size, replace=False))


def write_token_sample(activations_folder: Path, path: Path, size: int, seed: int) -> None:
    """Write a sample as CSV: row in the cache, sentence and position of each token."""
    columns = ("sentence", "position", "special")
    tokens = read_parquet(activations_folder / "tokens.parquet", columns)
    tokens["row"] = np.arange(len(tokens))
    sample = tokens.loc[sample_tokens(tokens, size, seed), COLUMNS]
    with atomic_file(path) as temporary:
        sample.to_csv(temporary, index=False)


def read_token_sample(path: Path, tokens: pd.DataFrame) -> np.ndarray:
    """Read the rows of a sample; InputError where it was drawn from another token table."""
    sample = read_csv(path, COLUMNS, dtype={"sentence": str}, keep_default_na=False)
    rows = sample["row"].to_numpy()
    if rows.size == 0 or rows.min() < 0 or rows.max() >= len(tokens):
        raise InputError.at(path, None, "rows that the cache lacks", f"rows 0 to {len(tokens) - 1}")
    same_sentence = tokens["sentence"].to_numpy()[rows] == sample["sentence"].to_numpy()
    same_position = tokens["position"].to_numpy()[rows] == sample["position"].to_numpy()
    if not (same_sentence & same_position).all():
        line = int(np.argmin(same_sentence & same_position)) + 2
        raise InputError.at(path, line, "another token than in the cache", "a sample of this cache")
    return rows
