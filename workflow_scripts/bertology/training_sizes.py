"""What a task's score, and its recovery with frozen layers, owe to the number of training examples.

Merchant et al. (2020, section 5) froze layers with all of MNLI and SQuAD. Where recovery rises with
the data, what is lost by freezing is lost for want of them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bertology.ablations import Runs, bounds, files_by_task, recovery, scores_of_task
from bertology.files import atomic_file
from bertology.statistics import Intervals
from bertology.tables import TRAINING_SIZES
from bertology.variants import FULL, UNTUNED, on_part, part_of


def summarise_training_sizes(runs: Runs, path: Path, intervals: Intervals) -> None:
    """Write the table TRAINING_SIZES: a row for each encoder, task, variant and part of the data.

    runs: as of `summarise_ablations`, those on all of the data too; beside each `examples.parquet`
        lies the run's `summary.json`. Scores are in percent, means over seeds. Recovery is that of
        `ablations.recovery` among the runs on the same part of the data, and empty where `full` or
        `untuned` was not trained on it. Intervals are those of the table of ablations.
    """
    rows = [
        {"encoder": encoder, "task": task, **row}
        for (encoder, task), files in files_by_task(runs).items()
        for row in _rows_of_task(task, files, intervals)
    ]
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(TRAINING_SIZES)).to_csv(temporary, index=False)


def _rows_of_task(
    task: str, files: Mapping[str, Sequence[Path]], intervals: Intervals
) -> Iterator[dict[str, Any]]:
    metric, n, scores = scores_of_task(task, files, intervals)
    for variant, draws in scores.items():
        name, percent = part_of(variant)
        untuned, full = (scores.get(on_part(end, percent)) for end in (UNTUNED, FULL))
        recovered = None
        if untuned is not None and full is not None:
            recovered = recovery(draws, untuned, full)
        yield {
            "variant": name,
            "percent": percent,
            "examples": _training_examples(files[variant][0]),
            "metric": metric,
            "seeds": draws.shape[1],
            "n": n,
            **bounds("score", 100 * draws, intervals.level),
            **bounds("recovery", recovered, intervals.level),
        }


def _training_examples(examples_file: Path) -> int:
    summary = json.loads((examples_file.parent / "summary.json").read_text(encoding="utf-8"))
    return int(summary["training_examples"])
