"""Similarity with intervals, and how much it differs between texts, forms and tasks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bertology.files import atomic_file
from bertology.similarity.names import RESAMPLED_COLUMNS
from bertology.statistics import Estimate, Intervals, over_pairs
from bertology.table_files import read_parquet, with_reference
from bertology.tables import DOMAINS, SIMILARITY_SUMMARY

Files = Sequence[tuple[Mapping[str, object], Path]]
MODEL = ("encoder", "stimuli", "form", "domain", "comparison", "task")
TUNED, CEILING = "tuned", "ceiling"
Model = tuple[str, ...]
"""The values of MODEL."""
Key = tuple[str, str, str]
"""Encoder, stimuli and task."""


def summarise_similarity(files: Files, path: Path, intervals: Intervals) -> None:
    """Write the table with the columns SIMILARITY_SUMMARY: RSA of all tokens, same layer of both.

    files: for each comparison its wildcards (with MODEL and reference; seed, second_seed of a
    ceiling) and its model's table of resamples (RESAMPLED_COLUMNS). Similarity is the mean over
    runs; a ceiling's are pairs of seeds, without an interval where there is one pair alone, which
    has no variance. Intervals are over groups (see `corpora.groups`) crossed with seeds.
    """
    measured = {_model(wildcards): _measured(wildcards, file) for wildcards, file in files}
    rows = [
        {
            **dict(zip(MODEL, model, strict=True)),
            **measured[model],
            **{"layer": layer, **_bounds(of_layer, "similarity", intervals)},
            **({"low": None, "high": None} if _is_one_pair(model, draws) else {}),
        }
        for model, draws in read_draws(files).items()
        for layer, of_layer in enumerate(draws)
    ]
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(SIMILARITY_SUMMARY)).to_csv(temporary, index=False)


def compare_domains(
    files: Files, contrasts: Sequence[Mapping[str, str]], path: Path, intervals: Intervals
) -> None:
    """Write the table with the columns DOMAINS: differences between similarities, by layer.

    files: as of `summarise_similarity`. contrasts: from `contrasts.contrasts`, each for one
    `encoder`. A difference is the similarity of the other less that of the first, of runs with the
    same seed. Two forms of a text have the same resamples, and so has a text for two tasks; other
    texts have independent ones, as long as their groups have other names.
    """
    metric = _measured(*files[0])["metric"]
    draws = {
        (model[0], model[1], model[5]): of
        for model, of in read_draws(files).items()
        if model[4] == TUNED
    }
    rows = [
        {**contrast, "layer": layer, "metric": metric, **_bounds(of_layer, "difference", intervals)}
        for contrast in contrasts
        for layer, of_layer in enumerate(contrasted(contrast, draws))
    ]
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(DOMAINS)).to_csv(temporary, index=False)


def read_draws(files: Files) -> dict[Model, np.ndarray]:
    """Read the RSA of each model (MODEL) by layer: (layers, draws, seeds).

    The first draw is the text itself. Runs are in the order of their seeds, whatever that of the
    files, so that those of two models can be held against each other. Of a ceiling, pairs of seeds
    are turned into seeds.
    """
    runs: dict[Model, list[tuple[Mapping[str, object], Path]]] = {}
    for wildcards, path in files:
        runs.setdefault(_model(wildcards), []).append((wildcards, path))
    return {model: _draws_of_model(model, of_model) for model, of_model in runs.items()}


def contrasted(contrast: Mapping[str, str], draws: Mapping[Key, np.ndarray]) -> np.ndarray:
    """Subtract the first side of a contrast from the other: (layers, draws, seeds)."""
    first, other = (
        draws[contrast["encoder"], contrast[f"{side}stimuli"], contrast[f"{side}task"]]
        for side in ("", "other_")
    )
    difference: np.ndarray = other - first
    return difference


def _is_one_pair(model: Model, draws: np.ndarray) -> bool:
    return model[4] == CEILING and draws.shape[-1] == 1


def _model(wildcards: Mapping[str, object]) -> Model:
    return tuple(str(wildcards.get(name, "")) for name in MODEL)


def _draws_of_model(model: Model, files: Files) -> np.ndarray:
    files = sorted(files, key=lambda file: int(str(file[0].get("seed") or 0)))
    tables = [
        _resamples(*file).pivot(index="layer", columns="resample", values="value") for file in files
    ]
    draws = np.stack([table.to_numpy(dtype=float) for table in tables], axis=-1)
    if model[4] != CEILING:
        return draws
    pairs = [(str(wildcards["seed"]), str(wildcards["second_seed"])) for wildcards, _ in files]
    seeds = sorted({seed for pair in pairs for seed in pair}, key=int)
    return np.stack([over_pairs(of_layer, pairs, seeds) for of_layer in draws])


def _resamples(wildcards: Mapping[str, object], file: Path) -> pd.DataFrame:
    return with_reference(read_parquet(file, RESAMPLED_COLUMNS), str(wildcards["reference"]), file)


def _measured(wildcards: Mapping[str, object], file: Path) -> dict[str, Any]:
    """Say by what measure, and on how many tokens (n), a comparison was resampled."""
    first = _resamples(wildcards, file).iloc[0]
    return {"metric": first["metric"], "n": first["n"]}


def _bounds(draws: np.ndarray, name: str, intervals: Intervals) -> dict[str, Any]:
    estimate = Estimate.of(draws)
    low, high = estimate.interval(intervals.level)
    return {name: estimate.value, "low": low, "high": high, "seeds": estimate.seeds}
