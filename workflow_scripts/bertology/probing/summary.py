"""One table on all probes: scores and changes with intervals, and controls beside them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bertology.files import atomic_file
from bertology.statistics import Estimate, Intervals, Resamples
from bertology.tables import PROBE_SUMMARY, PROBES

MAIN_METRICS = ("f1", "uuas", "root_accuracy", "dspr", "nspr")
BASELINE = {
    "f1": "majority_f1",
    "uuas": "chain_uuas",
    "root_accuracy": "first_word_root_accuracy",
}
"""What needs no encoder, by the metric it is held against."""
CONTROLS = {
    "control": "control_f1",
    "selectivity": "selectivity",
    "bits": "codelength_bits",
    "uniform_bits": "uniform_bits",
    "compression": "compression",
}
PRETRAINED, RANDOM = "pretrained", "random"
Files = Sequence[tuple[Mapping[str, object], Path]]
Model = tuple[str, ...]
"""The values of MODEL."""
PROBE = ["text", "phenomenon", "encoder"]
MODEL = [*PROBE, "comparison", "task"]
PLACE = ["input", "layer"]


def summarise_probes(
    scores_table: Path,
    sentences: Files,
    path: Path,
    intervals: Intervals,
) -> None:
    """Write the table with the columns PROBE_SUMMARY.

    scores_table: the long table of all probes (columns PROBES). sentences: for each probing job its
    wildcards (MODEL, seed) and its table of sentences (probing.files.SENTENCES). A score is a mean
    over seeds; `lexical` is that of layer 0 of the same model, `random` that of the random encoder
    at the same input, `majority` what needs no encoder.
    """
    scores = pd.read_csv(scores_table, dtype=dict.fromkeys(PROBES[:10], str), keep_default_na=False)
    scores["value"] = pd.to_numeric(scores["value"])
    table = _means(scores)
    bounds = pd.DataFrame(_bounds(sentences, intervals))
    table = table.merge(bounds, how="left", on=[*MODEL, *PLACE, "metric"])
    with atomic_file(path) as temporary:
        table[list(PROBE_SUMMARY)].to_csv(temporary, index=False)


def _means(scores: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds, and put beside each score what it is held against."""
    scores = scores[(scores["label"] == "") & ~scores["metric"].str.startswith("mix_")]
    means = (
        scores.groupby([*MODEL, *PLACE, "metric"], sort=False)
        .agg(score=("value", "mean"), seeds=("seed", "nunique"), n=("n", "max"))
        .reset_index()
    )
    table = means[means["metric"].isin(MAIN_METRICS)]
    for column, metric in CONTROLS.items():
        table = _beside(table, means[means["metric"] == metric], column, [*MODEL, *PLACE])
        table.loc[table["metric"] != "f1", column] = np.nan
    baselines = means.assign(metric=means["metric"].map({v: k for k, v in BASELINE.items()}))
    table = _beside(table, baselines.dropna(subset="metric"), "majority", [*MODEL, "metric"])
    lexical = table[table["layer"] == "0"]
    table = _beside(table, lexical, "lexical", [*MODEL, "metric"])
    random = table[table["comparison"] == RANDOM]
    table = _beside(table, random, "random", [*PROBE, *PLACE, "metric"])
    pretrained = table[table["comparison"] == PRETRAINED]
    table = _beside(table, pretrained, "before", [*PROBE, *PLACE, "metric"])
    tuned = ~table["comparison"].isin([PRETRAINED, RANDOM])
    return table.assign(change=(table["score"] - table["before"]).where(tuned))


def _beside(table: pd.DataFrame, other: pd.DataFrame, name: str, on: list[str]) -> pd.DataFrame:
    """Add the score of `other` as a column, where the columns `on` agree."""
    column = other[[*on, "score"]].rename(columns={"score": name})
    return table.merge(column, how="left", on=on)


def draws_of_probes(
    sentences: Files, intervals: Intervals
) -> Iterator[tuple[dict[str, str], dict[Model, np.ndarray]]]:
    """Give each place (input, layer, metric) of each probe, and its scores: (draws, seeds).

    sentences: as of `summarise_probes`. Scores are by model (MODEL), on the test sentences and in
    resamples of their groups (documents), the same ones for all models and places of a probe.
    """
    probes: dict[tuple[object, ...], list[tuple[Mapping[str, object], Path]]] = {}
    for wildcards, path in sentences:
        probes.setdefault(tuple(wildcards[name] for name in PROBE), []).append((wildcards, path))
    for of_probe in probes.values():
        frames = [_with_wildcards(wildcards, path) for wildcards, path in of_probe]
        counts = pd.concat(frames, ignore_index=True)
        groups = _groups(counts)
        resamples = Resamples.draw(len(groups), intervals.resamples, intervals.seed, groups)
        for place, group in counts.groupby([*PLACE, "metric"], sort=False):
            found = {
                tuple(map(str, model)): _ratios(rows, resamples)
                for model, rows in group.groupby(MODEL, sort=False)
            }
            yield dict(zip([*PLACE, "metric"], map(str, place), strict=True)), found


def _groups(counts: pd.DataFrame) -> list[int]:
    """Give each sentence's group; one that no score counts is a group by itself."""
    groups = np.arange(counts["sentence"].max() + 1)
    groups[counts["sentence"]] = counts["group"]
    return groups.tolist()


def _with_wildcards(wildcards: Mapping[str, object], path: Path) -> pd.DataFrame:
    columns = {name: str(wildcards.get(name, "")) for name in (*MODEL, "seed")}
    return pd.read_parquet(path).assign(**columns)


def _bounds(sentences: Files, intervals: Intervals) -> Iterator[dict[str, Any]]:
    """Give the intervals of each model's scores, and of their changes by fine-tuning."""
    for place, found in draws_of_probes(sentences, intervals):
        before = {model[:3]: draws for model, draws in found.items() if model[3] == PRETRAINED}
        for model, draws in found.items():
            low, high = Estimate.of(draws).interval(intervals.level)
            row = {**dict(zip(MODEL, model, strict=True)), **place, "low": low, "high": high}
            if model[3] not in (PRETRAINED, RANDOM):
                change = Estimate.of(draws - before[model[:3]])
                low, high = change.interval(intervals.level)
                row |= {"change_low": low, "change_high": high}
            yield row


def _ratios(rows: pd.DataFrame, resamples: Resamples) -> np.ndarray:
    """Return the score of each seed in each draw of sentences: (draws, seeds)."""
    every = np.arange(resamples.counts.shape[1])
    parts = [
        rows.pivot_table(index="seed", columns="sentence", values=name, fill_value=0)
        .reindex(columns=every, fill_value=0)
        .to_numpy()
        for name in ("numerator", "denominator")
    ]
    return resamples.ratios(*parts)
