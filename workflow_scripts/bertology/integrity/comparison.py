"""A finished study beside another run of it, whose lock and tables are published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertology.errors import InputError
from bertology.integrity.lock import Lock, read_lock
from bertology.integrity.table_differences import tables_apart
from bertology.provenance import sha256
from bertology.study.paths import LOCK

ASKED = ("configuration", "sources")
"""Parts of locks that say what the study is: what differs there is another study."""
SURROUNDINGS = ("commit", "modules", "python", "packages", "machine")
"""Parts that say what it was like when the study was locked."""
JOBS = ("fingerprints", "jobs")
"""Parts that say with what code, packages and machines the jobs ran."""
NOTHING = object()


@dataclass(frozen=True)
class Difference:
    """What differs between a run here and another one; minor: as it may between two machines."""

    place: str
    found: str
    minor: bool = False


def flat(value: Any, *key: str) -> dict[str, Any]:
    """Give what nested mappings hold by their keys, joined with dots."""
    if not isinstance(value, Mapping):
        return {".".join(key): value}
    return {k: v for name, inner in value.items() for k, v in flat(inner, *key, str(name)).items()}


def differences(
    here: Mapping[str, Any], there: Mapping[str, Any], parts: tuple[str, ...], minor: bool = False
) -> Iterator[Difference]:
    """Yield what differs between parts of two locks, or of a lock and what it is like here."""
    one, other = (flat({part: lock.get(part, {}) for part in parts}) for lock in (here, there))
    for place in sorted({*one, *other}):
        a, b = one.get(place, NOTHING), other.get(place, NOTHING)
        if a != b:
            yield Difference(place, _in_words(a, b), minor)


def _in_words(here: Any, there: Any) -> str:
    if NOTHING in (here, there):
        return f"only there: {there}" if here is NOTHING else f"only here: {here}"
    return f"{here} here, {there} there"


def compare(results: Path, published: Path) -> list[Difference]:
    """Hold a finished study against a published one: what was asked, with what, and its tables.

    With the same code and packages on the same machine, tables must be equal to the bit.

    InputError where one of them has no lock, or what is published is not what its lock says.
    """
    here, there = read_lock(results / LOCK), read_published(published)
    same = not list(differences(here, there, (*JOBS, "machine")))
    tables = [path for path in there["artifacts"] if _is_table(path)]
    only_here = [path for path in here["artifacts"] if _is_table(path) and path not in tables]
    return [
        *differences(here, there, ASKED),
        *differences(here, there, (*SURROUNDINGS, *JOBS), minor=True),
        *(
            each
            for path in tables
            for each in _of_table(results, here, published, there, path, same)
        ),
        *(Difference(path, "here, not there") for path in only_here),
    ]


def read_published(folder: Path) -> Lock:
    """Read the lock of a published study; InputError for a file that is not of its run."""
    lock = read_lock(folder / LOCK)
    for path, digest in lock["artifacts"].items():
        file = folder / Path(path).name
        if _may_be_published(path) and file.is_file() and sha256(file) != digest:
            allowed = f"{path} of the run that {folder / LOCK} describes"
            raise InputError.at(file, None, "another content", allowed)
    return lock


def _may_be_published(path: str) -> bool:
    return path.startswith("tables/") or (path.startswith("figures/") and path.endswith(".png"))


def _is_table(path: str) -> bool:
    return path.startswith("tables/") and path.endswith(".csv")


def _of_table(
    results: Path, here: Lock, published: Path, there: Lock, path: str, same: bool
) -> Iterator[Difference]:
    file = published / Path(path).name
    if path not in here["artifacts"]:
        yield Difference(path, "there, not here")
    elif here["artifacts"][path] == there["artifacts"][path]:
        return
    elif not file.is_file():
        yield Difference(path, "differs; its values are not published", minor=not same)
    else:
        apart = tables_apart(results / path, file)
        if apart is not None:
            exact = ", on the same machine with the same code" if same else ""
            yield Difference(path, f"{apart.found}{exact}", minor=apart.agrees and not same)


def same_artifacts(results: Path, published: Path) -> tuple[int, int]:
    """Count artifacts of the published study that are the same here to the bit, and all of them."""
    here, there = (read_lock(folder / LOCK)["artifacts"] for folder in (results, published))
    return sum(here.get(path) == digest for path, digest in there.items()), len(there)
