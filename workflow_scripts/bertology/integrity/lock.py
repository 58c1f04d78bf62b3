"""The lock of a study: one file that says all that makes the study anew, and vouches for all of it.

It is written at the end of a study, and sealed with a hash of itself. It holds no absolute path.
"""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.integrity.contents import size_of
from bertology.integrity.portable import portable
from bertology.integrity.records import (
    BrokenRecordError,
    Record,
    lineage,
    read_record,
    record_paths,
)
from bertology.integrity.surroundings import surroundings
from bertology.study.paths import LOCK

Lock = dict[str, Any]

END = "index.provenance.json"
"""The record of the summary page, into which all of a study goes."""
SOURCES = ("downloads/", "corpora/", "encoders/")
"""Where the data and the encoders lie that a study starts from."""
SEAL = '"seal": "{}"'


def write_lock(results: Path, rule: str, config: Mapping[str, Any]) -> None:
    """Write the lock of the finished study in `results`; `config` is canonical.

    Hashes are those of the records, taken when each artifact was made; sizes are taken now.
    InputError for a record that is none.
    """
    records = lineage(END, _records(results))
    artifacts = {path: digest for each in records for path, digest in each.outputs.items()}
    content = {
        "rule": rule,
        "study": config["study"],
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "configuration": portable(dict(config)),
        **surroundings(),
        "jobs": _jobs(records),
        "fingerprints": _fingerprints(records),
        "sources": _sources(records),
        "records": {record.path: record.sha256 for record in records},
        "artifacts": dict(sorted(artifacts.items())),
        "sizes": {p: size_of(results / p) for p in sorted(artifacts) if (results / p).exists()},
    }
    with atomic_file(results / LOCK) as temporary:
        temporary.write_text(sealed(content), encoding="utf-8")


def _records(results: Path) -> list[Record]:
    try:
        return [read_record(results, path) for path in record_paths(results)]
    except BrokenRecordError as error:
        raise InputError(
            f"{results}: {error}; allowed: records as their jobs wrote them"
        ) from error


def _jobs(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Say with what and on what jobs ran, as their records have it, and how many of them so."""
    keys = ("python", "packages", "machine")
    ways = Counter(json.dumps({key: each.content[key] for key in keys}) for each in records)
    return [{"jobs": count, **json.loads(way)} for way, count in sorted(ways.items())]


def _fingerprints(records: Sequence[Record]) -> dict[str, list[str]]:
    """Give the fingerprints of the code with which each rule's jobs ran."""
    of_rules: dict[str, set[str]] = {}
    for each in records:
        of_rules.setdefault(each.content["rule"], set()).add(each.content["settings"]["code"])
    return {rule: sorted(codes) for rule, codes in sorted(of_rules.items())}


def _sources(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Give the hash of each corpus and encoder, and those of the user's files it is made from."""
    return {
        path: {"sha256": digest, **_files_of(each.content["settings"])}
        for each in records
        for path, digest in each.outputs.items()
        if path.startswith(SOURCES)
    }


def _files_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    source = settings.get("source")
    return {"files": source["files"]} if isinstance(source, dict) and "files" in source else {}


def sealed(content: Mapping[str, Any]) -> str:
    """Write a lock as text, with the hash of this text in it."""
    text = json.dumps({**content, "seal": ""}, indent=1, ensure_ascii=False) + "\n"
    return text.replace(SEAL.format(""), SEAL.format(_hash(text)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_lock(path: Path) -> Lock:
    """Read a lock; InputError where there is none, or it is not as it was written."""
    wanted = "the lock of a finished study, as it was written"
    if not path.is_file():
        raise InputError.at(path, None, "no such file", wanted)
    try:
        text = path.read_text(encoding="utf-8")
        content: Lock = json.loads(text)
        seal = SEAL.format(content["seal"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError.at(path, None, "no lock", wanted) from error
    if text.count(seal) != 1 or _hash(text.replace(seal, SEAL.format(""))) != content["seal"]:
        raise InputError.at(path, None, "a lock that was changed (its seal is broken)", wanted)
    return content
