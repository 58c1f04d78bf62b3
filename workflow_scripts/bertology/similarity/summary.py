"""Similarity with intervals, and how much it differs between texts, forms and tasks."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bertology.files import atomic_file
from bertology.similarity.token_classes import ALL
from bertology.statistics import Intervals, interval, mean_over_seeds
from bertology.tables import DOMAINS, SIMILARITY, SIMILARITY_SUMMARY

Files = Sequence[tuple[Mapping[str, object], Path]]
MODEL = ("encoder", "stimuli", "form", "domain", "comparison", "task")
TUNED = "tuned"
Key = tuple[str, str, str]
"""Encoder, stimuli and task."""


def summarise_similarity(table: Path, resamples: Files, path: Path, intervals: Intervals) -> None:
    """Write the table with the columns SIMILARITY_SUMMARY: RSA of all tokens, same layer of both.

    table: all comparisons (columns SIMILARITY). resamples: for each comparison its wildcards (with
    MODEL) and its table of resamples (`resampling.COLUMNS`). Similarity is the mean over runs, and
    `seeds` their number: the ceiling's are pairs of seeds. Intervals are over items (sentences,
    pairs, questions) crossed with runs.
    """
    means = _means(table, _metric(resamples))
    rows = [
        {**dict(zip(MODEL, model, strict=True)), "layer": layer, "low": low, "high": high}
        for model, values in resampled(resamples).items()
        for layer, of_layer in enumerate(values)
        for low, high in [interval(mean_over_seeds(of_layer, intervals.seed), intervals.level)]
    ]
    summary = pd.DataFrame(rows).merge(means, how="left", on=[*MODEL, "layer"])
    with atomic_file(path) as temporary:
        summary[list(SIMILARITY_SUMMARY)].to_csv(temporary, index=False)


def compare_domains(
    summary: Path,
    resamples: Files,
    contrasts: Sequence[Mapping[str, str]],
    path: Path,
    intervals: Intervals,
) -> None:
    """Write the table with the columns DOMAINS: differences between similarities, by layer.

    summary: what `summarise_similarity` wrote. contrasts: from `contrasts.contrasts`, each for one
    `encoder`. A difference is the similarity of the other less that of the first. Two forms of a
    text have the same resamples, and so has a text for two tasks; other texts have independent
    ones. The seeds drawn are the same where the task is, else independent.
    """
    table = pd.read_csv(summary, dtype=dict.fromkeys(MODEL, str), keep_default_na=False)
    tuned = table[table["comparison"] == TUNED]
    means: dict[Any, pd.DataFrame] = {
        key: of.set_index("layer") for key, of in tuned.groupby(["encoder", "stimuli", "task"])
    }
    values = {
        (model[0], model[1], model[5]): of
        for model, of in resampled(resamples).items()
        if model[4] == TUNED
    }
    rows = [row for each in contrasts for row in _differences(each, means, values, intervals)]
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(DOMAINS)).to_csv(temporary, index=False)


def resampled(files: Files) -> dict[tuple[str, ...], np.ndarray]:
    """Read the resamples of each model (MODEL): (layers, resamples, runs)."""
    runs: dict[tuple[str, ...], list[np.ndarray]] = {}
    for wildcards, path in files:
        table = pd.read_parquet(path).pivot(index="layer", columns="resample", values="value")
        model = tuple(str(wildcards.get(name, "")) for name in MODEL)
        runs.setdefault(model, []).append(table.to_numpy(dtype=float))
    return {model: np.stack(of_model, axis=-1) for model, of_model in runs.items()}


def _metric(files: Files) -> str:
    return str(pd.read_parquet(files[0][1], columns=["metric"])["metric"].iloc[0])


def _means(table: Path, metric: str) -> pd.DataFrame:
    """Average over runs."""
    rows = pd.read_csv(table, dtype=dict.fromkeys(SIMILARITY[:10], str), keep_default_na=False)
    rows["value"] = pd.to_numeric(rows["value"])  # empty where a class of tokens does not vary
    same = (rows["metric"] == metric) & (rows["layer"] == rows["second_layer"])
    return (
        rows[same & (rows["tokens"] == ALL)]
        .groupby([*MODEL, "metric", "layer"], sort=False)
        .agg(similarity=("value", "mean"), seeds=("value", "size"), n=("n", "max"))
        .reset_index()
    )


def _differences(
    contrast: Mapping[str, str],
    means: Mapping[Key, pd.DataFrame],
    values: Mapping[Key, np.ndarray],
    intervals: Intervals,
) -> Iterator[dict[str, Any]]:
    """Give the difference at each layer, with its interval."""
    first, other = (
        (contrast["encoder"], contrast[f"{side}stimuli"], contrast[f"{side}task"])
        for side in ("", "other_")
    )
    seeds_alike = contrast["task"] == contrast["other_task"]
    other_seed = intervals.seed + (0 if seeds_alike else 1)
    change = means[other]["similarity"] - means[first]["similarity"]
    for layer, (before, after) in enumerate(zip(values[first], values[other], strict=True)):
        drawn = mean_over_seeds(after, other_seed) - mean_over_seeds(before, intervals.seed)
        low, high = interval(drawn, intervals.level)
        row = {"layer": layer, "difference": change[layer], "low": low, "high": high}
        yield {**contrast, **row, **means[other].loc[layer, ["metric", "seeds"]]}
