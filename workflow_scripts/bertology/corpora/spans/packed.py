"""Annotation that is published packed: text files in a .tar.gz or .tar, in a .zip, or unpacked."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from bertology.archives import BROKEN_ARCHIVE
from bertology.errors import InputError

TAR, ZIP = (".tar.gz", ".tgz", ".tar"), (".zip",)
END_OF_TAR = bytes(1024)


def packed_texts(path: Path | str, suffix: str) -> Iterator[tuple[str, str]]:
    """Give place and text of each file whose name ends in `suffix`, in the order of their names.

    path: a .tar.gz or .tar, a .zip, a folder, or one such file. A file's place is for messages: the
    path of the archive, and that of the file in it. Hidden files are no annotation: macOS puts one
    beside each file into an archive ("._name").

    Raises InputError for what is none of these, for an archive that is broken or cut off or has no
    such file, and with file and line for text that is not UTF-8.
    """
    path = Path(path)
    try:
        contents = _contents(path, suffix)
    except BROKEN_ARCHIVE as error:
        reason = getattr(error, "strerror", None) or error
        found = f"what cannot be read ({reason})"
        raise InputError.at(path, None, found, _allowed(suffix)) from error
    if not contents:
        raise InputError.at(path, None, f"no file named *{suffix} in it", _allowed(suffix))
    for name in sorted(contents):
        place = str(path / name)
        yield place, _decoded(contents[name], place)


def _allowed(suffix: str) -> str:
    return (
        f"a whole .tar.gz, .tar or .zip with files *{suffix}, a folder with them, or one such file"
    )


def _contents(path: Path, suffix: str) -> dict[str, bytes]:
    """Give the bytes of the files that are asked for by their names, as they are in the archive."""
    if path.is_dir():
        return {
            file.relative_to(path).as_posix(): file.read_bytes()
            for file in path.rglob(f"*{suffix}")
            if _is_wanted(file.name, suffix) and file.is_file()
        }
    if path.name.endswith(TAR):
        return _in_tar(path, suffix)
    if path.name.endswith(ZIP):
        return _in_zip(path, suffix)
    # A path joined with an empty name is that path.
    return {"": path.read_bytes()} if path.name.endswith(suffix) else {}


def _in_tar(path: Path, suffix: str) -> dict[str, bytes]:
    # All of it is unpacked first, so that its checksum is compared and its end is not missed:
    # tarfile takes an archive that is cut off between two files for a whole one.
    with path.open("rb") if path.name.endswith(".tar") else gzip.open(path) as stream:
        whole = stream.read()
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        if not whole.endswith(END_OF_TAR):
            raise tarfile.ReadError("it is cut off")
        files = {
            member.name: archive.extractfile(member)
            for member in archive
            if member.isfile() and _is_wanted(member.name, suffix)
        }
        return {name: file.read() for name, file in files.items() if file is not None}


def _in_zip(path: Path, suffix: str) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if _is_wanted(name, suffix)}


def _is_wanted(name: str, suffix: str) -> bool:
    return name.endswith(suffix) and not PurePosixPath(name).name.startswith(".")


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError.at(place, line, "bytes that are not UTF-8", "UTF-8 text") from error
