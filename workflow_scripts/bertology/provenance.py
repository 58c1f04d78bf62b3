"""What made an artifact: rule, settings, versions, and hashes of what went in and came out."""

import datetime
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bertology.files import atomic_file

PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "numpy",
    "scipy",
    "pandas",
    "seaborn",
    "sentencex",
)


def write_record(
    path: Path,
    rule: str,
    settings: Mapping[str, Any],
    inputs: Iterable[str],
    outputs: Iterable[str],
    started: datetime.datetime,
    findings: Mapping[str, Any],
) -> None:
    """Write the provenance record of one job as JSON; times are UTC, hashes are SHA-256.

    `findings` is what the job found out about its input; without any, the record has no such key.
    """
    record = {
        "rule": rule,
        "settings": dict(settings),
        "inputs": {name: sha256(Path(name)) for name in inputs},
        "outputs": {name: sha256(Path(name)) for name in outputs},
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": package_versions(),
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "gpu": _gpu()},
        **({"findings": dict(findings)} if findings else {}),
    }
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Hash a file, or a folder as the names and hashes of all files in it, in order of name."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for part in sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(f"{part.relative_to(path).as_posix()} {sha256(part)}\n".encode())
    return digest.hexdigest()


def package_versions() -> dict[str, str | None]:
    """Return the versions of the packages that results depend on; None for one that is missing."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _gpu() -> str | None:
    """Name the GPU in use; None without one, or where the job did not import torch."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name())
