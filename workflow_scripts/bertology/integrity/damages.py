"""What of a study is not as it was made: artifacts by their records, records by the lock.

A study that is not finished has no lock. Then nothing vouches for the records themselves, and what
is missing together with its record is not missed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bertology.integrity.contents import TIMESTAMP, Content, contents
from bertology.integrity.records import Record
from bertology.integrity.results import Results
from bertology.study.paths import LOCK, goes

NO_ARTIFACTS = ("logs", "benchmarks", "report.html")
"""What is new with each run, and no artifact."""
MISSING = "missing"
OTHER = "other content"


@dataclass(frozen=True)
class Finding:
    """A path below the results, and what is wrong with it; or only to be known (no damage)."""

    path: str
    found: str
    damage: bool = True


Read = Mapping[str, Content | OSError]


def find_damages(
    results: Results, done: Callable[[int], object] = lambda _: None
) -> tuple[list[Finding], Read]:
    """Read all artifacts and return what is found, in order of path, and what was read.

    `done` is told the bytes of each artifact when it was read.
    """
    expected = results.expected()
    there = [path for path in expected if (results.folder / path).exists()]
    found = contents([results.folder / path for path in there], done)
    read = {path: found[results.folder / path] for path in there}
    findings = [
        *_of_the_lock(results),
        *_of_records(results),
        *_of_artifacts(results, expected, read),
        *_of_lineage(results, expected, read),
        *_strays(results, expected),
    ]
    return sorted(findings, key=lambda finding: finding.path), read


def _of_the_lock(results: Results) -> Iterator[Finding]:
    if results.lock is None:
        yield Finding(LOCK, results.no_lock)


def _of_records(results: Results) -> Iterator[Finding]:
    places = {digest: path for path, digest in results.locked("records").items()}
    for path, why in results.broken.items():
        yield Finding(path, why)
    for path in results.locked("records"):
        if path not in results.records and path not in results.broken:
            yield Finding(path, MISSING)
    for record in results.records.values():
        if results.is_made_again(record):
            yield Finding(record.path, "made again after the study was locked")
        elif results.is_beside_the_lock(record):
            if results.lock is not None:
                yield Finding(record.path, "not of the study as it was locked", damage=False)
        elif not results.is_locked(record):
            yield Finding(record.path, _held(places, record.sha256) or OTHER)


def _held(places: Mapping[str, str], digest: str) -> str:
    """Say whose content something has, if it is that of another."""
    return f"holds {places[digest]}" if digest in places else ""


def _of_artifacts(results: Results, expected: Mapping[str, str], read: Read) -> Iterator[Finding]:
    places = {digest: path for path, digest in expected.items()}
    for path, digest in expected.items():
        content = read.get(path)
        if content is None:
            yield from _missing(results, path)
        elif isinstance(content, OSError):
            yield Finding(path, f"cannot be read: {content.strerror}")
        elif content.sha256 != digest:
            size = results.lock["sizes"].get(path) if results.lock else None
            yield Finding(path, _held(places, content.sha256) or _other(content.size, size))


def _missing(results: Results, path: str) -> Iterator[Finding]:
    """Tell of what is gone, unless the study says that it goes when it was read."""
    if not goes(path) or (results.lock and results.lock["configuration"]["activations"]["keep"]):
        yield Finding(path, MISSING)
    elif results.lock is None:
        yield Finding(path, "gone, as it may be where activations.keep is false", damage=False)


def _other(size: int, locked: int | None) -> str:
    if locked is None:
        return OTHER
    return f"{size:,} bytes instead of {locked:,}" if size != locked else f"{OTHER}, as long"


def _of_lineage(results: Results, expected: Mapping[str, str], read: Read) -> Iterator[Finding]:
    """Find jobs that read something else than what their inputs' records vouch for.

    Only of inputs that are as they should be: others are found by themselves.
    """
    whole = {
        path: {content.sha256, content.as_input}
        for path, content in read.items()
        if isinstance(content, Content) and content.sha256 == expected[path]
    }
    trusted = [each for each in results.records.values() if _is_trusted(results, each)]
    whole |= {each.path: {each.sha256} for each in trusted}
    for record in trusted:
        for path, digest in record.inputs.items():
            if path in whole and digest not in whole[path]:
                yield Finding(record.path, f"made from another {path} than is there")


def _is_trusted(results: Results, record: Record) -> bool:
    return results.is_locked(record) or results.is_beside_the_lock(record)


def _strays(results: Results, expected: Mapping[str, str]) -> Iterator[Finding]:
    """List files that are neither artifacts, nor in one, nor records."""
    known = {LOCK, *NO_ARTIFACTS, *expected, *results.records, *results.broken}
    for path in sorted(results.folder.rglob("*")):
        name = path.relative_to(results.folder)
        places = {place.as_posix() for place in (name, *name.parents)}
        if path.is_file() and path.name != TIMESTAMP and not places & known:
            yield Finding(name.as_posix(), "no record names it", damage=False)
