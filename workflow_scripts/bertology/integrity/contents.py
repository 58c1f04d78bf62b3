"""What files and folders hold: hash and size, read side by side."""

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bertology.provenance import sha256

TIMESTAMP = ".snakemake_timestamp"
"""An empty file that Snakemake puts into a folder after the job that made it."""
EMPTY = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class Content:
    """What a file or folder holds.

    sha256: as the job that made it hashed it. as_input: as a job that reads it does, of a folder
    with Snakemake's timestamp. size: bytes, of a folder of all its files.
    """

    sha256: str
    as_input: str
    size: int


def content_of(path: Path) -> Content:
    """Hash a file or folder; OSError if it cannot be read."""
    if path.is_file():
        digest = sha256(path)
        return Content(digest, digest, path.stat().st_size)
    parts = _files(path)
    hashes = {part.relative_to(path): sha256(part) for part in parts}
    stamped = {**hashes, Path(TIMESTAMP): EMPTY}
    size = sum(part.stat().st_size for part in parts)
    return Content(_of_folder(hashes), _of_folder(stamped), size)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and file.name != TIMESTAMP]


def _of_folder(hashes: dict[Path, str]) -> str:
    """Put hashes together as `provenance.sha256` does."""
    lines = (f"{name.as_posix()} {hashes[name]}\n" for name in sorted(hashes))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def size_of(path: Path) -> int:
    """Give the bytes of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else _files(path)))


def contents(
    paths: Iterable[Path], done: Callable[[int], object] = lambda _: None
) -> dict[Path, Content | OSError]:
    """Hash files and folders on all processors; what cannot be read has its error instead.

    `done` is told the bytes of each when it has been read.
    """
    named = list(paths)
    read = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, content in zip(named, pool.map(_read, named), strict=True):
            read[path] = content
            done(content.size if isinstance(content, Content) else 0)
    return read


def _read(path: Path) -> Content | OSError:
    try:
        return content_of(path)
    except OSError as error:
        return error
