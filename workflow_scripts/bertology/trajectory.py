"""How an encoder changes while it is fine-tuned: what was measured on it after each saved step."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.table_files import read_csv, with_reference
from bertology.tables import TRAJECTORY

SIMILARITY, STRUCTURE = "similarity", "structure"
Jobs = Sequence[tuple[Mapping[str, Any], Path]]


def collect_trajectory(similarity: Jobs, structure: Jobs, training: Jobs, path: Path) -> None:
    """Write the table with the columns TRAJECTORY, all layers of all encoders in training.

    similarity, structure: what was looked at (encoder, task, seed, step, stimuli, domain) with its
        CSV from `measures.write_comparisons`, in which `reference` is the pretrained encoder, or of
        structural probes (`probing.files.SCORES`). Step 0 is the pretrained encoder; an empty step
        is the encoder that fine-tuning kept: `step` is then the one that `training` names, and
        `end` is 1.
    training: each run (encoder, task, seed) with its `training.csv`.
    Of similarity it takes what is measured on all tokens, at the same layer of both encoders.
    """
    ends = {_run(wildcards): _chosen_step(file) for wildcards, file in training}
    tables = [*_rows(SIMILARITY, similarity, ends), *_rows(STRUCTURE, structure, ends)]
    with atomic_file(path) as temporary:
        pd.concat(tables)[list(TRAJECTORY)].to_csv(temporary, index=False)


def _run(wildcards: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(wildcards[name]) for name in ("encoder", "task", "seed"))


def _chosen_step(training: Path) -> int:
    table = read_csv(training, ("step", "chosen"))
    chosen = table.loc[table["chosen"] == 1, "step"]
    if len(chosen) != 1:
        raise InputError.at(training, None, f"{len(chosen)} chosen rows", "1")
    return int(chosen.iloc[0])


def _rows(measured: str, jobs: Jobs, ends: Mapping[tuple[str, ...], int]) -> Iterator[pd.DataFrame]:
    # Cells stay text, so that no digit of a value changes.
    for wildcards, file in jobs:
        table = read_csv(file, dtype=str, keep_default_na=False)
        if measured == SIMILARITY:
            table = with_reference(table, wildcards["reference"], file)
            same = table["layer_first"] == table["layer_second"]
            table = table[same & (table["tokens"] == "all")]
            table = table.rename(columns={"layer_first": "layer"})
        else:
            table = table[(table["input"] == "layer") & (table["label"] == "")]
        end = wildcards["step"] == ""
        own = {name: wildcards[name] for name in ("encoder", "task", "seed", "stimuli", "domain")}
        step = ends[_run(wildcards)] if end else wildcards["step"]
        yield table.assign(**own, step=step, end=int(end), measured=measured)
