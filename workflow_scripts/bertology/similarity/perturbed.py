"""What fine-tuning changed, beside the same amount of change by noise: how much, and where."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bertology.depth import share_of_top
from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.similarity.token_classes import ALL
from bertology.table_files import read_csv, with_reference
from bertology.tables import PERTURBED

Runs = Sequence[tuple[Mapping[str, Any], Path, Path, Path]]


def collect_perturbed(runs: Runs, measure: str, path: Path) -> None:
    """Write the table with the columns PERTURBED, a row for each run.

    runs: encoder, task, seed and stimuli of each, what `perturbation.match` says of it as JSON,
    and the comparisons (CSV of `measures.write_comparisons`) of the run's encoder and of the
    perturbed one, with the pretrained encoder among others, on these stimuli.

    change is 1 - `measure` (same layer of both, all tokens), mean over layers from 1 to the last;
    top_share the share of its sum that lies in the top third of layers, empty where nothing
    changed. noise and weight_change are relative to the weights, and ratio is of these two.
    """
    rows = []
    for run, description, tuned, perturbed in runs:
        found = json.loads(description.read_text(encoding="utf-8"))
        changes = [read_change(file, run["encoder"], measure) for file in (tuned, perturbed)]
        rows.append(
            {
                **{name: run[name] for name in ("encoder", "task", "seed", "stimuli")},
                **{name: found[name] for name in ("noise", "weight_change", "ratio")},
                **dict(zip(("change", "change_perturbed"), map(np.mean, changes), strict=True)),
                "top_share": share_of_top(changes[0]),
                "top_share_perturbed": share_of_top(changes[1]),
            }
        )
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(PERTURBED)).to_csv(temporary, index=False)


def read_change(comparisons: Path, reference: str, measure: str) -> np.ndarray:
    """Read 1 - similarity on all tokens, same layer of both, from layer 1 up: (layers,)."""
    columns = ("reference", "layer_first", "layer_second", "metric", "tokens", "value")
    table = with_reference(read_csv(comparisons, columns), reference, comparisons)
    same = (table["layer_first"] == table["layer_second"]) & (table["layer_first"] > 0)
    chosen = table[same & (table["metric"] == measure) & (table["tokens"] == ALL)]
    if chosen.empty:
        raise InputError.at(comparisons, None, f"no {measure} of layers", "a row for each layer")
    change: np.ndarray = 1 - chosen.sort_values("layer_first")["value"].to_numpy()
    return change
