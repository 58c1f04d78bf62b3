"""What a study runs with and on: the commit, the code, the packages, the machine."""

import os
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from bertology.fingerprint import module_hashes

SCRIPTS = Path(__file__).resolve().parents[2]


def surroundings() -> dict[str, Any]:
    """Describe the code, the environment and the machine of this process, without absolute paths.

    modules: a hash of each of our modules, in which comments and docstrings do not count. packages:
    all that are installed, by version.
    """
    return {
        "commit": commit(SCRIPTS.parent),
        "modules": module_hashes(SCRIPTS),
        "python": platform.python_version(),
        "packages": packages(),
        "machine": {
            "system": platform.platform(),
            "processor": processor(),
            "cpus": os.cpu_count(),
        },
    }


def packages() -> dict[str, str]:
    """Give the version of every package that is installed, by its name in lower case."""
    # What pip left of an installation that failed has no name.
    named = [each for each in distributions() if each.metadata["Name"]]
    found = {each.metadata["Name"].lower().replace("_", "-"): each.version for each in named}
    return dict(sorted(found.items()))


def processor() -> str | None:
    """Name the processor, on Linux with its family and model; None where the system does not."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    numbers = [f"{key} {said[key]}" for key in ("cpu family", "model") if key in said]
    name = said.get("model name") or platform.processor()
    return ", ".join([name, *numbers]) or None


def commit(repository: Path) -> dict[str, Any] | None:
    """Give the commit that is checked out, and which of its files are changed; None without git.

    Modules that git does not know are among the hashes of all modules.
    """
    if not (repository / ".git").exists():
        return None
    head = _git(repository, "rev-parse", "HEAD")
    status = _git(repository, "status", "--porcelain", "--untracked-files=no")
    if head is None or status is None:
        return None
    return {"hash": head.strip(), "changed": sorted(line[3:] for line in status.splitlines())}


def _git(repository: Path, *arguments: str) -> str | None:
    try:
        command = ["git", "--no-optional-locks", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
