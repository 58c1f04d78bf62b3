"""What lies in the folder of a study's results: its records, its lock, and what these vouch for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bertology.errors import InputError
from bertology.integrity.lock import Lock, read_lock
from bertology.integrity.records import BrokenRecordError, Record, read_record, record_paths
from bertology.study.paths import LOCK


@dataclass(frozen=True)
class Results:
    """The records that can be read, by path; why others cannot; the lock, or why there is none."""

    folder: Path
    records: Mapping[str, Record]
    broken: Mapping[str, str]
    lock: Lock | None
    no_lock: str

    def locked(self, key: str) -> Mapping[str, str]:
        """Give the hashes of `records` or `artifacts` by path, as the lock has them; else none."""
        return self.lock[key] if self.lock else {}

    def is_locked(self, record: Record) -> bool:
        """Tell whether a record is the very one of the lock."""
        return self.locked("records").get(record.path) == record.sha256

    def is_made_again(self, record: Record) -> bool:
        """Tell whether the lock has another record in this place, of an earlier job."""
        other = record.path in self.locked("records") and not self.is_locked(record)
        return other and str(record.content["ended"]) > str(self.lock and self.lock["written"])

    def is_beside_the_lock(self, record: Record) -> bool:
        """Tell whether the lock knows no such record: of another configuration, or without lock."""
        return record.path not in self.locked("records")

    def expected(self) -> dict[str, str]:
        """Give the hash that each artifact must have: the lock decides, but for what is later."""
        beside = self._outputs(self.is_beside_the_lock)
        return {**beside, **self.locked("artifacts"), **self._outputs(self.is_made_again)}

    def _outputs(self, chosen: Callable[[Record], bool]) -> dict[str, str]:
        records = filter(chosen, self.records.values())
        return {path: digest for record in records for path, digest in record.outputs.items()}


def read_results(folder: Path) -> Results:
    """Read all records of a study, and its lock; InputError if the folder holds none of either."""
    records, broken = {}, {}
    for path in record_paths(folder):
        try:
            records[path] = read_record(folder, path)
        except (BrokenRecordError, OSError):
            broken[path] = "no provenance record that can be read"
    lock, no_lock = _lock_of(folder)
    if not (records or broken or lock):
        raise InputError.at(folder, None, "no results of a study", "a folder that a study wrote")
    return Results(folder, records, broken, lock, no_lock)


def _lock_of(folder: Path) -> tuple[Lock | None, str]:
    if not (folder / LOCK).exists():
        return None, "missing: the study is not finished, or its lock is lost"
    try:
        return read_lock(folder / LOCK), ""
    except InputError:
        return None, "a broken seal: not the lock that was written"
