"""What each rule of a study took, read from the benchmark files of its jobs."""

import csv
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HEADER = ("rule", "jobs", "total s", "longest s", "peak MiB")


def summary(benchmarks: Path) -> str:
    """Return the table of `rows` as lines of text, below HEADER."""
    table = [HEADER, *rows(benchmarks)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADER))]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  "
        + "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in table
    )


@dataclass(frozen=True)
class Times:
    """What jobs took, in seconds, by the paths of their benchmark files below `benchmarks`."""

    benchmarks: Path

    def of(self, rule: str, path: Path) -> float | None:
        """Give what a job took, or else the mean of its rule's jobs; None where none has run."""
        own = _read(path)["s"] if path.exists() else 0.0
        return own or self._means.get(rule)

    @cached_property
    def _means(self) -> dict[str, float]:
        took = {
            rule: [_read(path)["s"] for path in files] for rule, files in _files(self.benchmarks)
        }
        return {rule: sum(seconds) / len(seconds) for rule, seconds in took.items()}


def rows(benchmarks: Path) -> list[tuple[str, ...]]:
    """Return a row for each rule, then their sum: jobs, total and longest seconds, and peak MiB.

    `benchmarks` holds Snakemake's benchmark files: `<rule>.tsv`, or below a folder `<rule>/`.
    """
    of_rules = [_row(rule, files) for rule, files in _files(benchmarks)]
    sums = (str(sum(int(row[column]) for row in of_rules)) for column in (1, 2))
    return [*of_rules, ("all", *sums, "", "")]


def _files(benchmarks: Path) -> list[tuple[str, list[Path]]]:
    """List the benchmark files of each rule's jobs."""
    jobs: dict[str, list[Path]] = {}
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        jobs.setdefault(rule, []).append(path)
    return sorted(jobs.items())


def _row(rule: str, files: list[Path]) -> tuple[str, ...]:
    jobs = [_read(path) for path in files]
    seconds = [job["s"] for job in jobs]
    memory = max(job["max_rss"] for job in jobs)
    return rule, str(len(jobs)), f"{sum(seconds):.0f}", f"{max(seconds):.0f}", f"{memory:.0f}"


def _read(path: Path) -> dict[str, float]:
    """Read what a job took; where its file is empty or broken it counts without a measurement."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"), {})
    except (OSError, UnicodeDecodeError, csv.Error):
        row = {}
    return {key: _number(row.get(key)) for key in ("s", "max_rss")}


def _number(text: str | None) -> float:
    """Read a number; a job that ended before it was measured has none, which counts as 0."""
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
