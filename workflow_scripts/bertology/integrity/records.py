"""The provenance records of a study, and the artifacts that they vouch for.

Paths are relative to the folder of the study's results, so that the folder may move.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertology.provenance import sha256
from bertology.study.paths import LOCK

RECORDS = "*provenance.json"
OF_A_STUDY = re.compile(r"results/[^/]+/")
"""What stands before the paths that a study wrote, in its records."""
SAID = ("rule", "outputs", "started", "ended", "python", "packages", "machine")
SHA256 = re.compile(r"[0-9a-f]{64}")


class BrokenRecordError(Exception):
    """A file is no provenance record (any more)."""


@dataclass(frozen=True)
class Record:
    """One job's record: its own hash, all that it says, and what went in and came out, by hash."""

    path: str
    sha256: str
    content: Mapping[str, Any]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def record_paths(results: Path) -> list[str]:
    """List the records below a study's results, but for its lock."""
    paths = (path.relative_to(results).as_posix() for path in results.rglob(RECORDS))
    return sorted(path for path in paths if path != LOCK)


def read_record(results: Path, path: str) -> Record:
    """Read a record; BrokenRecordError if it is none."""
    try:
        content = json.loads((results / path).read_text(encoding="utf-8"))
        inputs, outputs = _files(content["inputs"]), _files(content["outputs"])
        if not all(content[key] for key in SAID) or not content["settings"]["code"]:
            raise ValueError("something is not said")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenRecordError(f"{path}: no provenance record") from error
    return Record(path, sha256(results / path), content, inputs, outputs)


def _files(named: Mapping[str, str]) -> dict[str, str]:
    """Give hashes by path; inputs from outside of the results keep the path that they have."""
    if not all(SHA256.fullmatch(digest) for digest in named.values()):
        raise ValueError("no SHA-256")
    return {OF_A_STUDY.sub("", path, count=1): digest for path, digest in named.items()}


def makers(records: Iterable[Record]) -> dict[str, Record]:
    """Give the record that vouches for each artifact, and for each record itself."""
    known = list(records)
    return {path: record for record in known for path in (record.path, *record.outputs)}


def lineage(end: str, records: Iterable[Record]) -> list[Record]:
    """List the record `end` and those of all that went into it, directly or not, in order of path.

    Artifacts of other configurations that still lie beside them are not among these.
    """
    of = makers(records)
    reached: dict[str, Record] = {}
    waiting = [of[end]]
    while waiting:
        record = waiting.pop()
        if record.path not in reached:
            reached[record.path] = record
            waiting += [of[path] for path in record.inputs if path in of]
    return [reached[path] for path in sorted(reached)]
