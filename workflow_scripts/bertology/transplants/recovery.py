"""What putting parts of tuned encoders back costs their tasks, with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bertology.ablations import (
    Runs,
    bounds,
    files_by_task,
    main_metric,
    recovery,
    scores_of_tables,
)
from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.statistics import Intervals
from bertology.table_files import read_parquet
from bertology.tables import REVERTS
from bertology.transplants.names import FIRST, NONE
from bertology.variants import FULL, UNTUNED

Reverted = tuple[str, int]
"""What is put back: a part and a number of layers, as of `transplants.names`."""
TUNED: Reverted = (NONE, 0)
WITHOUT: Reverted = (UNTUNED, 0)


@dataclass(frozen=True)
class RevertDraws:
    """A task's scores with parts put back, from 0 to 1, on the text and in resamples of it.

    n: units of the metric (words, pairs, questions) on the examples that reverts are scored on.
    scores: by what is put back, TUNED (nothing) among it: (draws, seeds). untuned: with the encoder
        fixed, on the same examples, or None where that was not run.
    """

    metric: str
    n: int
    scores: Mapping[Reverted, np.ndarray]
    untuned: np.ndarray | None

    def losses(self) -> dict[Reverted, np.ndarray]:
        """Return by how many points each is below the tuned model of its seed: (draws, seeds)."""
        return {key: 100 * (self.scores[TUNED] - of) for key, of in self.scores.items()}

    def recoveries(self) -> dict[Reverted, np.ndarray]:
        """Return what is left of what tuning gained, in percent (see `ablations.recovery`).

        Empty where there are no scores with the encoder fixed.
        """
        if self.untuned is None:
            return {}
        full = self.scores[TUNED]
        return {key: recovery(of, self.untuned, full) for key, of in self.scores.items()}

    def kept(self) -> dict[Reverted, np.ndarray]:
        """Return what is left of what tuning the encoder gives its head, in percent.

        That is 100 (score - whole) / (full - whole), within a seed and a draw, where `whole` has
        the embeddings and all layers put back: 100 is the tuned encoder and 0 the pretrained one,
        both under the tuned head. `recoveries` has another head at 0, trained on the pretrained
        encoder, and so falls below 0 where the tuned head can do nothing with what it gets.
        """
        whole = max(key for key in self.scores if key[0] == FIRST)
        return {
            key: recovery(of, self.scores[whole], self.scores[TUNED])
            for key, of in self.scores.items()
        }


def revert_draws(
    task: str, reverts: Sequence[Path], untuned: Sequence[Path], intervals: Intervals
) -> RevertDraws:
    """Read `examples.parquet` of a task's reverts, one file a seed, and of its `untuned` runs.

    untuned: of the same seeds in the same order, or none. All is resampled alike: the examples that
    reverts were scored on. InputError for other numbers of files, and for an untuned run that lacks
    one of these examples.
    """
    if untuned and len(untuned) != len(reverts):
        raise InputError(f"reverts: found {len(untuned)} untuned runs; allowed: {len(reverts)}")
    read = [read_parquet(file, ("part", "layers", "example")) for file in reverts]
    tables: dict[Reverted, list[pd.DataFrame]] = {}
    for table in read:
        for part, layers in table[["part", "layers"]].drop_duplicates().itertuples(index=False):
            of = table[(table["part"] == part) & (table["layers"] == layers)]
            tables.setdefault((part, layers), []).append(of)
    if untuned:
        tables[WITHOUT] = [_same_examples(file, read[0]) for file in untuned]
    metric = main_metric(read[0], reverts[0])
    n, scores = scores_of_tables(task, tables, metric, intervals)
    return RevertDraws(metric, n, scores, scores.pop(WITHOUT, None))


def _same_examples(file: Path, reverted: pd.DataFrame) -> pd.DataFrame:
    table = read_parquet(file, ("example",))
    wanted = set(reverted["example"])
    missing = sorted(wanted - set(table["example"]))
    if missing:
        raise InputError.at(file, None, f"no example {missing[0]}", "all that reverts have")
    return table[table["example"].isin(wanted)]


def summarise_reverts(reverts: Runs, untuned: Runs, path: Path, intervals: Intervals) -> None:
    """Write the table with the columns REVERTS: a row for each encoder, task and what is put back.

    reverts, untuned: the wildcards of each run (encoder, task, variant, seed) and the
        `examples.parquet` of its reverts, or of the run with the encoder fixed.
    Scores are percentages of the task's main metric, means over seeds; `loss` is in points below
    the tuned model with the same seed on the same examples, `recovery` as in `ablations.recovery`
    (empty without untuned runs), `kept` as in `RevertDraws.kept`. Intervals are over these examples
    crossed with seeds. There is none where no resample differs: that none of so many examples
    changed does not say that none would.
    """
    fixed = files_by_task(untuned)
    rows = [
        {"encoder": key[0], "task": key[1], **row}
        for key, files in files_by_task(reverts).items()
        for row in _rows_of_task(
            revert_draws(key[1], files[FULL], fixed.get(key, {}).get(UNTUNED, []), intervals),
            intervals.level,
        )
    ]
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(REVERTS)).to_csv(temporary, index=False)


def _rows_of_task(draws: RevertDraws, level: float) -> Iterator[dict[str, Any]]:
    losses, recoveries, kept = draws.losses(), draws.recoveries(), draws.kept()
    for key, scores in draws.scores.items():
        if key == TUNED:
            continue
        yield {
            "part": key[0],
            "layers": key[1],
            "metric": draws.metric,
            "seeds": scores.shape[1],
            "n": draws.n,
            **bounds("score", 100 * scores, level),
            **_bounds("loss", losses[key], level),
            **_bounds("recovery", recoveries.get(key), level),
            **_bounds("kept", kept[key], level),
        }


def _bounds(name: str, draws: np.ndarray | None, level: float) -> dict[str, float]:
    """Return what `ablations.bounds` does, without an interval where no resample differs."""
    cells = bounds(name, draws, level)
    if draws is not None and np.allclose(draws, draws[0], rtol=1e-9):
        cells |= {f"{name}_low": np.nan, f"{name}_high": np.nan}
    return cells
