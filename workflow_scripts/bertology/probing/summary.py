"""One table on all probes: scores and changes with intervals, and controls beside them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.statistics import Estimate, Intervals, Resamples
from bertology.table_files import read_csv, read_parquet
from bertology.tables import PROBE_SUMMARY, PROBES

MAIN_METRICS = ("f1", "f1_unseen", "uuas", "root_accuracy", "dspr", "nspr")
BASELINE = {
    "f1": "majority_f1",
    "uuas": "chain_uuas",
    "root_accuracy": "first_word_root_accuracy",
}
"""What needs no encoder, by the metric it is held against."""
CONTROLS = {  # of F1
    "control": "control_f1",
    "coverage": "control_coverage",
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
SHARED = "shared_corpus"
PLACE = ["input", "layer"]


def summarise_probes(
    scores_table: Path,
    sentences: Files,
    path: Path,
    intervals: Intervals,
) -> None:
    """Write the table with the columns PROBE_SUMMARY.

    scores_table: the long table of all probes (columns PROBES). sentences: for each probing job its
    wildcards (MODEL, seed, and of a tuned model SHARED) and its table of sentences
    (probing.files.SENTENCES). A score is a mean over seeds; `lexical` is that of layer 0 of the
    same model, `random` that of the random encoder at the same input, `majority` what needs no
    encoder. A change is what a tuned model scores less what the pretrained one scores with the
    probe of the same seed; `change_p` tests, two-sided and uncorrected, that it is 0. `unfinished`
    is the share of seeds whose best epoch was the last one allowed.

    Raises InputError if two models of a probe were not probed with the same seeds.
    """
    texts = dict.fromkeys(PROBES[:10], str)
    scores = read_csv(scores_table, PROBES, ["value"], dtype=texts, keep_default_na=False)
    table = _means(scores)
    bounds = pd.DataFrame(_bounds(sentences, intervals))
    table = table.merge(bounds, how="left", on=[*MODEL, *PLACE, "metric"])
    table = table.merge(_shared_corpora(sentences), how="left", on=MODEL)
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
    last = means[means["metric"] == "last_epoch"]
    table = _beside(table, last, "unfinished", [*MODEL, *PLACE])
    baselines = means.assign(metric=means["metric"].map({v: k for k, v in BASELINE.items()}))
    table = _beside(table, baselines.dropna(subset="metric"), "majority", [*MODEL, "metric"])
    lexical = table[table["layer"] == "0"]
    table = _beside(table, lexical, "lexical", [*MODEL, "metric"])
    random = table[table["comparison"] == RANDOM]
    return _beside(table, random, "random", [*PROBE, *PLACE, "metric"])


def _shared_corpora(sentences: Files) -> pd.DataFrame:
    """Say of each model whether its task was tuned on the text's corpus; columns MODEL, SHARED."""
    names = [*MODEL, SHARED]
    rows = ([str(wildcards.get(name, "")) for name in names] for wildcards, _ in sentences)
    return pd.DataFrame(rows, columns=names).drop_duplicates()


def _beside(table: pd.DataFrame, other: pd.DataFrame, name: str, on: list[str]) -> pd.DataFrame:
    """Add the score of `other` as a column, where the columns `on` agree."""
    column = other[[*on, "score"]].rename(columns={"score": name})
    return table.merge(column, how="left", on=on)


def draws_of_probes(
    sentences: Files, intervals: Intervals
) -> Iterator[tuple[dict[str, str], dict[Model, np.ndarray]]]:
    """Give each place (input, layer, metric) of each probe, and its scores: (draws, seeds).

    sentences: as of `summarise_probes`. Scores are by model (MODEL), on the test sentences and in
    resamples of their groups (documents), the same ones for all models and places of a probe. All
    models of a place have the same seeds, in the same order, so that what one gains over another
    within a seed is the difference. InputError if they were not probed with the same seeds.
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
            _same_seeds(group)
            found = {
                tuple(map(str, model)): _ratios(rows, resamples)
                for model, rows in group.groupby(MODEL, sort=False)
            }
            yield dict(zip([*PLACE, "metric"], map(str, place), strict=True)), found


def _same_seeds(rows: pd.DataFrame) -> None:
    """Raise InputError unless all models were probed with the same seeds."""
    seeds = {model: sorted(set(of["seed"])) for model, of in rows.groupby(MODEL, sort=False)}
    first = next(iter(seeds.values()))
    for model, found in seeds.items():
        if found != first:
            name = "/".join(filter(None, map(str, model)))
            raise InputError(f"{name}: found probe seeds {found}; allowed: those of all, {first}")


def _groups(counts: pd.DataFrame) -> list[int]:
    """Give each sentence's group; one that no score counts is a group by itself."""
    groups = np.arange(counts["sentence"].max() + 1)
    groups[counts["sentence"]] = counts["group"]
    return groups.tolist()


def _with_wildcards(wildcards: Mapping[str, object], path: Path) -> pd.DataFrame:
    columns = {name: str(wildcards.get(name, "")) for name in (*MODEL, "seed")}
    return read_parquet(path).assign(**columns)


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
                row |= {"change": change.value, "change_low": low, "change_high": high}
                row |= {"change_p": p_of_no_change(change)}
            yield row


def p_of_no_change(change: Estimate) -> float:
    """Test two-sided that there is no change; NaN where it is not known."""
    if np.isnan(change.value):
        return np.nan
    return min(1.0, 2 * min(change.p_above(0), change.p_below(0)))


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
