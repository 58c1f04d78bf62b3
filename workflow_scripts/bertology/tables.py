"""Collect the results of single jobs into long tables: one value of one metric a row."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from bertology import left_out
from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.table_files import read_csv, with_reference

FINETUNING = ("encoder", "task", "variant", "seed", "split", "metric", "value", "n")
SIMILARITY = (
    *("encoder", "stimuli", "form", "domain", "comparison", "task", "variant", "seed"),
    *("second_seed", "tokens", "layer", "second_layer", "metric", "value", "n"),
)
SIMILARITY_SUMMARY = (
    *("encoder", "stimuli", "form", "domain", "comparison", "task", "layer", "metric"),
    *("seeds", "n", "similarity", "low", "high"),
)
DOMAINS = (
    *("encoder", "contrast", "task", "stimuli", "other_task", "other_stimuli", "domain", "form"),
    *("layer", "metric", "seeds", "difference", "low", "high"),
)
WEIGHTS = (
    *("encoder", "comparison", "task", "variant", "seed", "second_seed"),
    *("layer", "kind", "metric", "value", "n"),
)
PERTURBED = (
    *("encoder", "task", "seed", "stimuli", "noise", "weight_change", "ratio"),
    *("change", "change_perturbed", "top_share", "top_share_perturbed"),
)
TRAJECTORY = (
    *("encoder", "task", "seed", "step", "end", "measured", "stimuli", "domain"),
    *("layer", "metric", "value", "n"),
)
PROBES = (
    *("text", "phenomenon", "encoder", "comparison", "task", "variant", "seed"),
    *("input", "layer", "label", "metric", "value", "n"),
)
PROBE_SUMMARY = (
    *("text", "phenomenon", "encoder", "comparison", "task", "input", "layer", "metric"),
    *("seeds", "n", "score", "low", "high", "change", "change_low", "change_high"),
    *("change_p", "lexical", "random", "majority", "control", "coverage", "selectivity"),
    *("bits", "uniform_bits", "compression", "unfinished", "shared_corpus"),
)
ABLATIONS = (
    *("encoder", "task", "variant", "frozen", "kept", "metric", "seeds", "n"),
    *("score", "low", "high", "relative", "relative_low", "relative_high"),
    *("recovery", "recovery_low", "recovery_high"),
)
TRAINING_SIZES = (
    *("encoder", "task", "variant", "percent", "examples", "metric", "seeds", "n"),
    *("score", "low", "high", "recovery", "recovery_low", "recovery_high"),
)
REVERTS = (
    *("encoder", "task", "part", "layers", "metric", "seeds", "n", "score", "low", "high"),
    *("loss", "loss_low", "loss_high", "recovery", "recovery_low", "recovery_high"),
    *("kept", "kept_low", "kept_high"),
)
LEFT_OUT = ("step", "name", "split", "unit", "reason", "left_out", "of", "percent")
CLAIMS = (
    *("encoder", "about", "check", "claim", "part", "decides"),
    *("statement", "verdict", "reason"),
)
CLAIM_CELLS = (
    *("encoder", "claim", "part", "task", "other_task", "text", "probe", "layer"),
    *("estimate", "low", "high", "boundary", "direction", "unit", "seeds"),
    *("p_for", "p_against", "verdict", "advice", "table", "rows"),
)
MAIN_METRICS = ("las", "accuracy", "f1")
"""The metric that stands for a task is the first of these that the task has."""
RESULTS = {
    "finetuning": FINETUNING,
    "similarity": SIMILARITY,
    "weights": WEIGHTS,
    "probes": PROBES,
}
"""The tables in long form, each of the results of one kind of job.

In SIMILARITY and WEIGHTS `layer` is the model's and `second_layer` that of what it is compared
with; `encoder` is the pretrained one that a model came from, or to which it is the random one.
"""
LAYER_COLUMNS = {"layer_first": "layer", "layer_second": "second_layer"}

Files = Sequence[tuple[Mapping[str, object], Path]]


def collect_results(table: str, files: Files, path: Path) -> None:
    """Write one of the tables in RESULTS, with its columns.

    `files` pairs what each job was (the columns that its file has not; see the study's plan) with
    its CSV, which has columns metric, value and n at least. Cells stay text, so that no digit of a
    value changes. Raises InputError for a file that lacks a column, and where there is none.
    """
    if not files:
        raise InputError(f"{path}: found no result to collect; allowed: one or more")
    tables = [_with_wildcards(wildcards, file, RESULTS[table]) for wildcards, file in files]
    with atomic_file(path) as temporary:
        pd.concat(tables).to_csv(temporary, index=False)


def collect_left_out(files: Files, path: Path) -> None:
    """Write what the steps of a study left out or had to change, with the columns LEFT_OUT.

    `files` pairs each step and the name of what it made with the JSON summary that holds its list
    `left_out` (see left_out.py), or the folder with a summary.json. A study that leaves nothing out
    has a table without rows.
    """
    rows = [
        {**of_step, **record, "percent": round(left_out.percent(record), 4)}
        for of_step, file in files
        for record in json.loads(_summary(file).read_text(encoding="utf-8"))["left_out"]
    ]
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=LEFT_OUT).to_csv(temporary, index=False)


def _summary(file: Path) -> Path:
    return file / "summary.json" if file.is_dir() else file


def _with_wildcards(
    wildcards: Mapping[str, object], file: Path, columns: Sequence[str]
) -> pd.DataFrame:
    table = read_csv(file, dtype=str, keep_default_na=False).rename(columns=LAYER_COLUMNS)
    if "reference" in table:
        table = with_reference(table, str(wildcards["reference"]), file)
    missing = [column for column in ("metric", "value", "n") if column not in table]
    if missing:
        raise InputError.at(file, 1, f"columns {list(table.columns)}", f"a column {missing[0]!r}")
    own = {column: str(wildcards.get(column, "")) for column in columns if column not in table}
    return table.assign(**own)[list(columns)]
