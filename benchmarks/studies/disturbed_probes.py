"""How far changes of probes move if a finished study is disturbed as little as can be.

Each probe of the pretrained and of the fine-tuned encoders is trained once more: on activations
times 1 + 1 % noise, or on 2 threads, which add in another order. A change that the study reports
should then stay within its interval: less than half the interval's width from where it was.
Not part of `make bench`, since it needs a study:

    python benchmarks/studies/disturbed_probes.py results/default noise|threads [jobs at once] [csv]
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow_scripts"))

from bertology.activations import open_activations
from bertology.claims.evidence import read_changes
from bertology.probing.edge_scores import probe_edges
from bertology.probing.structure_scores import probe_structure
from bertology.probing.training import Schedule
from bertology.statistics import Estimate, Intervals

NOISE, THREADS = 0.01, 2
MOST_OUTSIDE = 5.0
"""Percent of the cells that may move further: what intervals of 95 % promise."""
FILES = ("scores.csv", "sentences.parquet", "predictions.parquet", "summary.json")
Job = tuple[Mapping[str, Any], Path]


def main() -> None:
    results, what = Path(sys.argv[1]).resolve(), sys.argv[2]
    at_once = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    record = json.loads((results / "tables/probe_summary.provenance.json").read_text())
    intervals = Intervals(**record["settings"]["intervals"])
    jobs = list(jobs_of(record, results.parent.parent))
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(at_once) as pool:
        again = list(pool.map(partial(probe_again, what=what, folder=Path(folder)), jobs))
        table = compare(jobs, again, intervals)
    if len(sys.argv) > 4:
        table.to_csv(sys.argv[4], index=False)
    report(table, what)


def jobs_of(record: Mapping[str, Any], base: Path) -> Iterator[Job]:
    """Give the jobs whose scores make changes: their wildcards, and their table of sentences."""
    files = [base / name for name in record["inputs"] if name.endswith("sentences.parquet")]
    for wildcards, file in zip(record["settings"]["probed"], files, strict=True):
        if wildcards["comparison"] in ("pretrained", "tuned"):
            yield wildcards, file


def probe_again(job: Job, what: str, folder: Path) -> Job:
    """Train a job's probes once more, as its record says, but for the disturbance."""
    wildcards, file = job
    record = json.loads((file.parent / "provenance.json").read_text())
    base = Path(str(file).removesuffix(next(n for n in record["outputs"] if n.endswith(file.name))))
    data, cache = (base / name for name in record["inputs"])
    place = folder / str(crc32(str(file).encode()))
    place.mkdir()
    if what == "noise":
        cache = disturb(cache, place / "cache")
    outputs = {name.split(".")[0]: place / name for name in FILES}
    run(record["settings"], data, cache, outputs, THREADS if what == "threads" else 1)
    shutil.rmtree(place / "cache", ignore_errors=True)
    print(f"{'/'.join(file.parts[-8:-1])}", flush=True)
    return wildcards, outputs["sentences"]


def disturb(cache: Path, folder: Path) -> Path:
    """Copy a cache of activations, each of them times 1 + noise."""
    folder.mkdir()
    shutil.copy(cache / "tokens.parquet", folder)
    generator = np.random.default_rng(crc32(str(folder).encode()))
    for number, layer in enumerate(open_activations(cache).layers):
        factors = 1 + NOISE * generator.standard_normal(layer.shape, np.float32)
        np.save(folder / f"layer_{number:02d}.npy", (layer * factors).astype(np.float16))
    return folder


def run(
    settings: Mapping[str, Any], data: Path, cache: Path, outputs: Mapping[str, Path], threads: int
) -> None:
    seed = int(settings["probe_seed"])
    if "schedule" not in settings:
        probe_structure(data, cache, outputs, **settings["settings"], seed=seed, threads=threads)
        return
    schedule = dict(settings["schedule"])
    schedule["most_epochs"] = schedule.pop("epochs")
    chosen = (settings["phenomenon"], Schedule(**schedule), "none", seed, threads)
    probe_edges(data, cache, outputs, *chosen)


def compare(jobs: list[Job], again: list[Job], intervals: Intervals) -> pd.DataFrame:
    """Tabulate each change, half its interval, and how far it moved, in points."""
    rows = []
    for encoder in dict.fromkeys(wildcards["encoder"] for wildcards, _ in jobs):
        found = (read_changes(each, encoder, intervals) for each in (jobs, again))
        for before, after in zip(*found, strict=True):
            estimate = Estimate.of(before.draws)
            place = {"encoder": encoder, "task": before.task, "probe": before.probe}
            place |= {"metric": before.metric, "input": before.input, "layer": before.layer}
            numbers = {"change": estimate.value, "half_interval": estimate.margin(intervals.level)}
            moved = abs(Estimate.of(after.draws).value - estimate.value)
            rows.append({**place, **numbers, "moved": moved})
    return pd.DataFrame(rows)


def report(table: pd.DataFrame, what: str) -> None:
    table = table.assign(outside=100.0 * (table["moved"] >= table["half_interval"]))
    grouped = table.groupby(["metric", "input"], sort=False)
    columns = {"moved": "median", "half_interval": "median", "outside": "mean"}
    summary = grouped.agg(columns).assign(cells=grouped.size())
    print(f"Disturbed by {what}: medians in points, and the percentage of cells that moved further")
    print(summary.round(2).to_string())
    share = table["outside"].mean()
    print(f"All {len(table)} cells: {share:.1f} % moved by half their interval or more")
    if share > MOST_OUTSIDE:
        sys.exit(f"Too many: at most {MOST_OUTSIDE:g} % should")


if __name__ == "__main__":
    main()
