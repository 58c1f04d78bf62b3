"""What Snakemake takes to plan a study of 10 encoders, 3 tasks, 10 seeds, all ablations and probes.

A dry run of some 25,000 jobs, which trains nothing; processor time and memory of the process. Run
by `make bench`, or `python benchmarks/large_study.py`.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml
from harness import REPOSITORY, Bar, Report

ENCODERS, SEEDS = 10, 10
SECONDS, MEBIBYTES = 60, 2048
"""The bars."""


def study() -> dict:
    """The default study with more encoders of its architecture, and floors of their own."""
    names = [f"encoder-{number}" for number in range(ENCODERS)]
    random = {"source": "random", "layers": 6}
    tuned = {n: {**random, "like": "minilm", "seed": 1, "floor": f"{n}-floor"} for n in names}
    floors = {f"{n}-floor": {**random, "like": n, "seed": 2} for n in names}
    return {
        "study": "large",
        "encoders": tuned | floors,
        "fine_tuned_encoders": names,
        "seeds": list(range(1, SEEDS + 1)),
        "ablations": {"untuned": True, "freeze": "all", "keep": "all"},
    }


def dry_run(folder: Path) -> str:
    """Plan the study in an empty folder; return what Snakemake printed."""
    (folder / "large.yaml").write_text(yaml.safe_dump(study()))
    told = ["--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", "large.yaml"]
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", *told]
    # Where PWD is another folder than the process's own, Snakemake runs there.
    environment = {**os.environ, "PWD": str(folder)}
    output = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return output.stdout.decode() + output.stderr.decode()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        printed = dry_run(Path(folder))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, mebibytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    jobs = int(re.search(r"^total +(\d+)$", printed, flags=re.MULTILINE)[1])
    print(f"{jobs} jobs: {seconds:.0f} s of processor time, {mebibytes:.0f} MiB")
    report = Report("large_study")
    for of_bar, value in (
        (f"{SECONDS} s", seconds / SECONDS),
        (f"{MEBIBYTES} MiB", mebibytes / MEBIBYTES),
    ):
        report.note(f"plan {jobs} jobs", Bar(of_bar, most=1, name="dry run"), np.array([value]))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
