"""Fetch a file that a study gives addresses of, and keep it only if it is the file that is meant.

The connection is the business of the package requests; here stands what is tried, how long, and
what is said when nothing helps.
"""

import fnmatch
import io
import logging
import os
import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bertology.archives import BROKEN_ARCHIVE
from bertology.errors import InputError
from bertology.files import atomic_file
from bertology.provenance import sha256

logger = logging.getLogger(__name__)

Archive = dict[str, Callable[[], Any]]
"""The files of an archive: what opens each for reading, by its name."""

CHUNK = 1 << 16
"""Bytes that are read at once."""
LEAST_SPEED = 100
"""Bytes a second; a server that is slower is given up."""
MOST_REDIRECTS = 10
SHOWN_MEMBERS = 5
"""Members of an archive that a message names."""


@dataclass(frozen=True)
class Patience:
    """How long a download is waited for, in seconds.

    timeout: for a connection, and for the next bytes. pauses: before each further round, in which
    all addresses are tried again. report: between two lines of progress in the log.
    """

    timeout: float = 30
    pauses: tuple[float, ...] = (5, 20)
    report: float = 10


class _UselessError(Exception):
    """What an address gives is not what was asked for; the message says what it is."""


def fetch_file(
    name: str,
    entry: dict[str, Any],
    path: Path | str,
    by_hand: str,
    patience: Patience | None = None,
) -> dict[str, Any]:
    """Fetch the file `name` of `downloads` to `path`, from the first address that gives it.

    `entry` has its `urls`, its `sha256` and, where the addresses give a zip or tar archive, the
    `member` of it that is the file, or the pattern of the `members` that become one (see `_pack`);
    the hash is that of the file itself, not of the archive.
    `by_hand` says to a user where else the file may be put.

    Returns the address that gave it and the file's size in bytes. InputError, with what each
    address gave in the last round, where none gives it; nothing is at `path` then.
    """
    patience = patience or Patience()
    failures: dict[str, str] = {}
    with atomic_file(path) as unfinished:
        for url in _tries(entry["urls"], patience):
            try:
                kind = _download(url, unfinished, patience)
                if entry.get("member") is not None:
                    _unpack(unfinished, kind, partial(_take_member, name=entry["member"]))
                if entry.get("members") is not None:
                    _unpack(unfinished, kind, partial(_pack, pattern=entry["members"]))
                _check(unfinished, entry["sha256"], kind)
            except (requests.RequestException, HTTPError, _UselessError) as error:
                failures[url] = _in_words(error, patience)
                logger.warning("%s: found %s", url, failures[url])
                continue
            size = unfinished.stat().st_size
            logger.info("%s: fetched from %s, %d bytes", name, url, size)
            return {"url": url, "bytes": size}
        raise InputError(_message(name, entry, failures, by_hand, 1 + len(patience.pauses)))


def _tries(urls: list[str], patience: Patience) -> Iterator[str]:
    """Give all addresses in turn, and after each pause again."""
    yield from urls
    for pause in patience.pauses:
        logger.info("trying again in %g s", pause)
        time.sleep(pause)
        yield from urls


def _message(
    name: str, entry: dict[str, Any], failures: dict[str, str], by_hand: str, rounds: int
) -> str:
    found = [f"  {url}: {problem}" for url, problem in failures.items()]
    wanted = f"the file with the sha256 {entry['sha256']}"
    return "\n".join(
        [
            f"downloads, {name}: found at none of its addresses, each of which was tried {rounds} "
            "times; the last time:",
            *found,
            f"allowed: {wanted}, at one of these addresses or put by hand at {by_hand}",
        ]
    )


def _download(url: str, path: Path, patience: Patience) -> str:
    """Write what an address gives to `path`; return how the server calls its type."""
    with requests.Session() as session, path.open("wb") as stream:
        session.max_redirects = MOST_REDIRECTS
        # Not compressed on the way: the bytes are the file's own, and as many as the server says.
        headers = {"Accept-Encoding": "identity"}
        response = session.get(url, headers=headers, stream=True, timeout=patience.timeout)
        with response:
            if response.status_code != requests.codes.ok:
                raise _UselessError(f"the answer {response.status_code} {response.reason}")
            _write(response, stream, url, patience)
        return response.headers.get("Content-Type", "no type").split(";")[0]


def _write(response: requests.Response, stream: BinaryIO, url: str, patience: Patience) -> None:
    """Write an answer as it comes, and say from time to time how much there is of it.

    _UselessError for a server that is slower than LEAST_SPEED.
    """
    total = response.raw.length_remaining
    start = reported = time.monotonic()
    received = 0
    # read1 gives what there is; other ways of reading wait for a whole chunk, as long as it takes.
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        stream.write(chunk)
        received += len(chunk)
        now = time.monotonic()
        if now - start > patience.timeout and received < LEAST_SPEED * (now - start):
            raise _UselessError(
                f"{received} bytes in {now - start:.0f} s, less than {LEAST_SPEED} a second"
            )
        if now - reported > patience.report:
            reported = now
            logger.info("%s of %s from %s", _size(received), _size(total), url)


def _size(count: int | None) -> str:
    return f"{count / 1e6:.1f} MB" if count is not None else "an unknown size"


def _unpack(path: Path, kind: str, take: Callable[[Archive, Path], None]) -> None:
    """Put what is taken from the archive at `path` in the archive's place."""
    try:
        with _opened(path) as archive, atomic_file(path) as unpacked:
            take(archive, unpacked)
    except BROKEN_ARCHIVE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # This machine's trouble, such as a full disk.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        found = f"{_what(path, kind)} that is no zip or tar, or a broken one ({reason})"
        raise _UselessError(found) from None


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    """Give the files of a zip or tar archive: how to open each, by its name."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            yield {name: partial(archive.open, name) for name in names}
    else:
        with tarfile.open(path) as packed:
            files = [member for member in packed.getmembers() if member.isfile()]
            yield {member.name: partial(packed.extractfile, member) for member in files}


def _take_member(archive: Archive, path: Path, name: str) -> None:
    _demand(name in archive, f"the file {name}", archive)
    with archive[name]() as source, path.open("wb") as stream:
        shutil.copyfileobj(source, stream)


def _pack(archive: Archive, path: Path, pattern: str) -> None:
    """Pack the files that match (`*`: any characters) as a tar archive of the same bytes anywhere.

    They have their names below the innermost folder that holds them all, in the order of these,
    and neither date nor owner.
    """
    names = sorted(fnmatch.filter(archive, pattern))
    _demand(bool(names), f"files {pattern}", archive)
    home = os.path.commonpath([PurePosixPath(name).parent for name in names])
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as packed:
        for name in names:
            with archive[name]() as source:
                content = source.read()
            member = tarfile.TarInfo(os.path.relpath(name, home))
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))


def _demand(there: bool, what: str, archive: Archive) -> None:
    if not there:
        names = list(archive)
        shown = ", ".join(names[:SHOWN_MEMBERS])
        more = f" and {len(names) - SHOWN_MEMBERS} more" if len(names) > SHOWN_MEMBERS else ""
        raise _UselessError(f"an archive without {what}; it has {shown or 'none'}{more}")


def _check(path: Path, expected: str, kind: str) -> None:
    found = sha256(path)
    if found != expected:
        raise _UselessError(f"{_what(path, kind)} with the sha256 {found}")


def _what(path: Path, kind: str) -> str:
    return f"{path.stat().st_size} bytes ({kind})"


def _in_words(error: Exception, patience: Patience) -> str:
    """Say why an address gave nothing."""
    if isinstance(error, _UselessError):
        return str(error)
    if isinstance(error, requests.TooManyRedirects):
        return f"more than {MOST_REDIRECTS} redirects"
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return f"no answer for {patience.timeout:g} s"
    root: BaseException = error
    while root.__cause__ or root.__context__:
        root = root.__cause__ or root.__context__ or root
    return f"no connection, or one that was cut ({type(root).__name__}: {root})"
