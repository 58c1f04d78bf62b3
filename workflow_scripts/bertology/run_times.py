"""What each rule of a study took, read from the benchmark files of its jobs."""

import csv
from pathlib import Path

HEADER = ("rule", "jobs", "total s", "longest s", "peak MiB")


def summary(benchmarks: Path) -> str:
    """Return a table, one line a rule: jobs, total and longest seconds, and peak memory in MiB.

    `benchmarks` holds one folder per rule with Snakemake's benchmark files below it.
    """
    rows = [_row(folder) for folder in sorted(benchmarks.iterdir()) if folder.is_dir()]
    total = ("all", *(str(sum(int(row[column]) for row in rows)) for column in (1, 2)), "", "")
    table = [HEADER, *rows, total]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADER))]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  "
        + "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in table
    )


def _row(folder: Path) -> tuple[str, ...]:
    jobs = [_read(path) for path in sorted(folder.rglob("*.tsv"))]
    seconds = [job["s"] for job in jobs]
    # A job that ended before it was measured has no memory in its file.
    memory = max(job["max_rss"] for job in jobs)
    return (folder.name, str(len(jobs)), f"{sum(seconds):.0f}", f"{max(seconds):.0f}", f"{memory:.0f}")


def _read(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8") as stream:
        row = next(csv.DictReader(stream, delimiter="\t"))
    return {key: _number(row[key]) for key in ("s", "max_rss")}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
