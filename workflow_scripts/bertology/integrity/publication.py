"""A study's publication: its lock, tables, claims and figures in one small folder.

No data, no predictions, no models; no text of data sets is in any of it. What the run was made
from, and what else it gave, is in the lock.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from bertology.errors import InputError
from bertology.files import atomic_folder
from bertology.integrity.lock import read_lock
from bertology.provenance import sha256
from bertology.study.paths import LOCK

TABLES = ("tables/*.csv", "tables/claims.md")
FIGURES = "figures/{}.png"
LARGEST = 1_000_000
"""Bytes of a file that is published; the lock has the hash of larger tables."""
KEPT = "README.md"
"""What people write into the folder, and is kept."""
ABSOLUTE = re.compile(r"""(?:^|[\s"'=,(])(/(?:[\w.+-]+/)+[\w.+-]+)""", flags=re.MULTILINE)


def publish(results: Path, published: Path, figures: Iterable[str]) -> list[str]:
    """Put a finished study's publication in the place of an older one; list tables left out.

    figures: names, or patterns as `*`. InputError where the study has no lock, a file is not as it
    was locked, there is no such figure, or a text holds an absolute path. Then nothing changes.
    """
    locked = read_lock(results / LOCK)["artifacts"]
    chosen = [*_chosen(results, TABLES), *_chosen(results, map(FIGURES.format, figures))]
    large = [path for path in chosen if path.stat().st_size > LARGEST and path.suffix == ".csv"]
    files = [path for path in chosen if path not in large]
    for path in files:
        _check(path, locked.get(path.relative_to(results).as_posix()))
    with atomic_folder(published) as folder:
        for path in [results / LOCK, *files, *published.glob(KEPT)]:
            shutil.copyfile(path, folder / path.name)
    return [path.name for path in large]


def _chosen(results: Path, patterns: Iterable[str]) -> list[Path]:
    chosen = []
    for pattern in patterns:
        found = sorted(results.glob(pattern))
        if not found:
            there = ", ".join(sorted(path.stem for path in results.glob(FIGURES.format("*"))))
            raise InputError.at(results / pattern, None, "no such file", f"the figures {there}")
        chosen += found
    return chosen


def _check(path: Path, locked: str | None) -> None:
    if sha256(path) != locked:
        raise InputError.at(path, None, "another file than the study was locked with", "that one")
    found = ABSOLUTE.search(path.read_text(encoding="utf-8")) if path.suffix != ".png" else None
    if found:
        raise InputError.at(path, None, f"the path {found[1]}", "texts without absolute paths")
