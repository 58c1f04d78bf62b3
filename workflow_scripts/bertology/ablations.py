"""What a task's score loses when layers are frozen or left out, with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.statistics import Estimate, Intervals, Resamples
from bertology.tables import ABLATIONS, MAIN_METRICS
from bertology.variants import FULL, layers_of

Runs = Sequence[tuple[Mapping[str, Any], Path]]


def summarise_ablations(
    runs: Runs, depths: Mapping[str, int], path: Path, intervals: Intervals
) -> None:
    """Write the table with the columns ABLATIONS: a row for each encoder, task and variant.

    runs: the wildcards of each training run (encoder, task, variant, seed) and its
        `examples.parquet`. depths: the layers of each encoder. frozen, kept: numbers of layers; of
        `untuned` all are frozen, and `frozen` is empty where not even the embeddings are fixed.
    Scores are percentages of the task's main metric on test data, means over seeds; `relative` is
    in percent of the score of `full` with the same seed. Intervals are over groups of test examples
    (see `corpora.groups`) crossed with seeds, the same ones for a variant and for `full`.
    InputError for a task without `full`.
    """
    rows = [
        {"encoder": encoder, "task": task, **row}
        for (encoder, task), files in files_by_task(runs).items()
        for row in _rows_of_task(task, files, depths[encoder], intervals)
    ]
    with atomic_file(path) as temporary:
        table = pd.DataFrame(rows, columns=list(ABLATIONS)).astype({"frozen": "Int64"})
        table.to_csv(temporary, index=False)


def files_by_task(runs: Runs) -> dict[tuple[str, str], dict[str, list[Path]]]:
    """Sort the runs' files by (encoder, task), and by variant."""
    tasks: dict[tuple[str, str], dict[str, list[Path]]] = {}
    for run, file in runs:
        of_task = tasks.setdefault((run["encoder"], run["task"]), {})
        of_task.setdefault(run["variant"], []).append(file)
    return tasks


def _rows_of_task(
    task: str, files: Mapping[str, Sequence[Path]], depth: int, intervals: Intervals
) -> Iterator[dict[str, Any]]:
    if FULL not in files:
        raise InputError(f"ablations: found {', '.join(files)}; allowed: {FULL} among them")
    metric, n, scores = scores_of_task(task, files, intervals)
    for variant, draws in scores.items():
        frozen, kept = layers_of(variant, depth)
        score = Estimate.of(100 * draws)
        relative = Estimate.of(100 * (draws / scores[FULL]))
        low, high = score.interval(intervals.level)
        relative_low, relative_high = relative.interval(intervals.level)
        yield {
            "variant": variant,
            "frozen": frozen,
            "kept": kept,
            "metric": metric,
            "seeds": score.seeds,
            "n": n,
            "score": score.value,
            "low": low,
            "high": high,
            "relative": relative.value,
            "relative_low": relative_low,
            "relative_high": relative_high,
        }


def scores_of_task(
    task: str, files: Mapping[str, Sequence[Path]], intervals: Intervals
) -> tuple[str, int, dict[str, np.ndarray]]:
    """Return a task's main metric, its n, and the scores of each variant: (draws, seeds).

    files: `examples.parquet` of each variant's runs. A draw is the test data or a resample of it.
    """
    tables = {variant: [pd.read_parquet(file) for file in of] for variant, of in files.items()}
    first = next(iter(files))
    metric = _main_metric(tables[first][0], files[first][0])
    counts = {variant: _counts(of, metric) for variant, of in tables.items()}
    groups = _of_metric(tables[first][0], metric)["group"].tolist()
    resamples = Resamples.of([task], len(groups), intervals, groups)
    scores = {variant: resamples.ratios(*of) for variant, of in counts.items()}
    return metric, int(counts[first][1, 0].sum()), scores


def _main_metric(table: pd.DataFrame, file: Path) -> str:
    for metric in MAIN_METRICS:
        if metric in set(table["metric"]):
            return metric
    found = f"no metric of {', '.join(MAIN_METRICS)}"
    raise InputError.at(file, None, found, "one of them")


def _counts(tables: Sequence[pd.DataFrame], metric: str) -> np.ndarray:
    """Return numerators and denominators of a metric: (2, seeds, examples)."""
    chosen = [_of_metric(table, metric) for table in tables]
    return np.stack(
        [[table[name].to_numpy(float) for table in chosen] for name in ("numerator", "denominator")]
    )


def _of_metric(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of a metric, in the order of the examples."""
    return table[table["metric"] == metric].sort_values("example")
