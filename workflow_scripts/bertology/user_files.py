"""Files of the user's: where they are, however that is written, and what is in them.

A rule takes such a file as an input under one canonical path, its age left out of account, and the
hash of its content as a parameter. So another spelling of the path costs nothing, and other
content is noticed even in a file that is older or as large as the one it replaced. A file with
addresses (`downloads`) that is not there yet has a place of its own, and its hash is known.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bertology.corpora.shapes import SPLITS
from bertology.corpora.spans.formats import ANNOTATIONS
from bertology.encoder_files import is_encoder_file
from bertology.errors import InputError
from bertology.provenance import sha256

CORPUS_FILES = (*SPLITS, ANNOTATIONS)
"""Keys of a corpus from files that name one."""
NO_HASHES: Mapping[str, str] = MappingProxyType({})
VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})")


def expanded(path: str) -> Path:
    """Fill in `~` and $VARIABLES; InputError names a variable that is not set."""
    for plain, braced in VARIABLE.findall(path):
        if (plain or braced) not in os.environ:
            raise InputError(
                f"found {path!r}, and no variable {plain or braced} in the environment; "
                "allowed: variables that are set"
            )
    return Path(os.path.expandvars(path)).expanduser()


def canonical_folder(path: str) -> str:
    """Return the one path of a folder: relative below the working folder, else absolute.

    InputError for a path that cannot be: a variable that is not set, or braces in it.
    """
    return _canonical(Path(os.path.realpath(expanded(path))))


def data_file(data_dir: str | None, name: str) -> str:
    """Return the one path of a file, named absolutely or from `data_dir`.

    Links of folders are followed. The file keeps its own name, which messages show.
    """
    path = expanded(data_dir or "") / expanded(name)
    return _canonical(Path(os.path.realpath(path.parent), path.name))


def download_name(name: str) -> str:
    """Return how `downloads` names a file of a corpus."""
    return os.path.normpath(name)


def located(
    name: str, data_dir: str | None, downloads: Mapping[str, Mapping[str, Any]], fetched: str
) -> str:
    """Return the one path of a corpus's file: where the user has it, or where it is fetched to.

    `fetched` is the pattern of the latter, with {file}. A file of `downloads` is fetched unless it
    is below `data_dir` with the content that it must have.
    """
    entry = downloads.get(download_name(name))
    if entry is None or (data_dir and _has_content(data_file(data_dir, name), entry["sha256"])):
        return data_file(data_dir, name)
    return fetched.format(file=download_name(name))


def corpus_files(corpora: Mapping[str, Any]) -> list[tuple[tuple[str, str, str], str]]:
    """List the files that corpora name: corpus, kind and key, and the file as it is written."""
    return [
        ((name, kind, key), source[key])
        for name, kinds in corpora.items()
        for kind, source in kinds.items()
        for key in CORPUS_FILES
        if source["source"] == "files" and key in source
    ]


def other_content(config: Mapping[str, Any]) -> list[str]:
    """List files below `data_dir` that have the name of one of `downloads` and another content.

    `config` is checked, and its paths are as the user wrote them.
    """
    data_dir, downloads = config["data_dir"], config["downloads"]
    named = {download_name(name) for _, name in corpus_files(config["corpora"])} & set(downloads)
    paths = {data_file(data_dir, name): downloads[name]["sha256"] for name in named if data_dir}
    return [
        path
        for path, digest in sorted(paths.items())
        if Path(path).exists() and not _has_content(path, digest)
    ]


def _has_content(path: str, digest: str) -> bool:
    readable = Path(path).is_file() and os.access(path, os.R_OK)
    return readable and _content(path) == digest


def _canonical(path: Path) -> str:
    if set("{}") & set(str(path)):
        found = f"found '{path}', with braces, which Snakemake takes for a wildcard"
        raise InputError(f"{found}; allowed: a path without them")
    here = Path(os.path.realpath(Path.cwd()))
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def source_files(source: dict[str, Any]) -> dict[str, str]:
    """Return the user's files that an encoder or corpus is made from, by file name or key.

    `source` is its block of a canonical configuration. There are none where the source is another.
    A corpus's `annotations` may be a folder, which counts as one file here.
    """
    if source["source"] == "folder":
        folder = Path(source["path"])
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
        return {path.name: str(path) for path in files if is_encoder_file(path.name)}
    if source["source"] == "files":
        return {key: source[key] for key in CORPUS_FILES if key in source}
    return {}


def by_content(source: dict[str, Any], known: Mapping[str, str] = NO_HASHES) -> dict[str, Any]:
    """Return the block of an encoder or corpus with its files' hashes in the place of their paths.

    The hashes are below `files`, by file name or key. Those of files that need not be there yet
    are `known`, by path.
    """
    files = source_files(source)
    if not files:
        return source
    settings = {key: value for key, value in source.items() if key not in ("path", *CORPUS_FILES)}
    hashes = {name: known.get(path) or _content(path) for name, path in files.items()}
    return {**settings, "files": hashes}


@cache
def _content(path: str) -> str:
    """Hash a file or folder, once for each run of Snakemake."""
    return sha256(Path(path))
