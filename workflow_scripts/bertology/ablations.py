"""What a task's score loses when layers are frozen or left out, with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.statistics import Estimate, Intervals, Resamples
from bertology.table_files import read_parquet
from bertology.tables import ABLATIONS, MAIN_METRICS
from bertology.variants import FULL, UNTUNED, layers_of

Variant = TypeVar("Variant")
Runs = Sequence[tuple[Mapping[str, Any], Path]]


def summarise_ablations(
    runs: Runs, depths: Mapping[str, int], path: Path, intervals: Intervals
) -> None:
    """Write the table with the columns ABLATIONS: a row for each encoder, task and variant.

    runs: the wildcards of each training run (encoder, task, variant, seed) and its
        `examples.parquet`. depths: the layers of each encoder. frozen, kept: numbers of layers; of
        `untuned` all are frozen, and `frozen` is empty where not even the embeddings are fixed.
    Scores are percentages of the task's main metric on test data, means over seeds; `relative` is
    in percent of the score of `full` with the same seed, `recovery` what `recovery` returns (empty
    where there is no `untuned`). Intervals are over groups of test examples (see `corpora.groups`)
    crossed with seeds, the same ones for all variants. InputError for a task without `full`.
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
    recoveries = recovered(scores)
    for variant, draws in scores.items():
        frozen, kept = layers_of(variant, depth)
        yield {
            "variant": variant,
            "frozen": frozen,
            "kept": kept,
            "metric": metric,
            "seeds": draws.shape[1],
            "n": n,
            **bounds("score", 100 * draws, intervals.level),
            **bounds("relative", 100 * (draws / scores[FULL]), intervals.level),
            **bounds("recovery", recoveries.get(variant), intervals.level),
        }


def bounds(name: str, draws: np.ndarray | None, level: float) -> dict[str, float]:
    """Return a quantity of runs, (draws, seeds), as cells of a table: `name`, and its interval.

    Columns of the interval begin with the name, but for those of a score. All are NaN where there
    is no such quantity, and where on the text itself it has no value in some run.
    """
    prefix = "" if name == "score" else f"{name}_"
    value = low = high = np.nan
    if draws is not None and np.isfinite(draws[0]).all():
        estimate = Estimate.of(draws)
        value, (low, high) = estimate.value, estimate.interval(level)
    return {name: value, f"{prefix}low": low, f"{prefix}high": high}


def recovered(scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the recovery of each variant of a task from its scores, both (draws, seeds).

    Empty where there is no `untuned`, which has recovery 0; that of `full` is 100.
    """
    if UNTUNED not in scores:
        return {}
    return {
        variant: recovery(draws, scores[UNTUNED], scores[FULL]) for variant, draws in scores.items()
    }


def recovery(scores: np.ndarray, untuned: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Return how much of what tuning gains is there, in percent: (draws, seeds), as all arguments.

    That is 100 (score - untuned) / (full - untuned), within a seed and a draw: an untuned encoder
    with a trained head already has much of some tasks. It may be below 0 and above 100. Where full
    tuning gains nothing it is NaN, whatever the score. Estimates leave out a resample in which that
    is so for any seed; where it is so on the text itself there is no estimate.
    """
    gained = full - untuned
    shares: np.ndarray = 100 * (scores - untuned) / np.where(gained == 0, np.nan, gained)
    return shares


def scores_of_task(
    task: str, files: Mapping[str, Sequence[Path]], intervals: Intervals
) -> tuple[str, int, dict[str, np.ndarray]]:
    """Return a task's main metric, its n, and the scores of each variant: (draws, seeds).

    files: `examples.parquet` of each variant's runs. A draw is the test data or a resample of it.
    """
    tables = {variant: [read_parquet(file) for file in of] for variant, of in files.items()}
    first = next(iter(files))
    metric = main_metric(tables[first][0], files[first][0])
    return metric, *scores_of_tables(task, tables, metric, intervals)


def scores_of_tables(
    task: str,
    tables: Mapping[Variant, Sequence[pd.DataFrame]],
    metric: str,
    intervals: Intervals,
) -> tuple[int, dict[Variant, np.ndarray]]:
    """Return n of a metric, and the scores of each variant: (draws, seeds).

    tables: what each example adds to each score (as `examples.parquet`), of each variant's runs;
        all of the same examples.
    """
    counts = {variant: _counts(of, metric) for variant, of in tables.items()}
    first = next(iter(counts.values()))
    groups = _of_metric(next(iter(tables.values()))[0], metric)["group"].tolist()
    resamples = Resamples.of([task], len(groups), intervals, groups)
    scores = {variant: resamples.ratios(*of) for variant, of in counts.items()}
    return int(first[1, 0].sum()), scores


def main_metric(table: pd.DataFrame, file: Path) -> str:
    """Name the metric that stands for a task, of those in a table of examples."""
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
