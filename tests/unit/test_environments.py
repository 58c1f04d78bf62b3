"""Environments: conda's files, the lock file, and that each rule's has what its script imports."""

import ast
import asyncio
import json
import re
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import Channel, MatchSpec, Subdir, solve

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = REPOSITORY / "workflow_scripts"
RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", flags=re.MULTILINE | re.DOTALL)
JOBS = [
    (name, re.search(r"envs/(\w+)\.yaml", body)[1], re.search(r"(\w+)\.py\"", body)[1])
    for path in sorted((REPOSITORY / "rules").glob("*.smk"))
    for name, body in RULE.findall(path.read_text())
    if "script:" in body
]
ENVIRONMENTS = {
    path.stem: yaml.safe_load(path.read_text()) for path in (REPOSITORY / "envs").glob("*.yaml")
}
LOCKED = (REPOSITORY / "requirements.lock").read_text()
VERSIONS = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCKED, flags=re.MULTILINE)
}


def pulled_in(packages):
    """The names of packages and of all that they need here, by what is installed."""
    found, waiting = set(), [Requirement(package) for package in packages]
    while waiting:
        package = waiting.pop()
        if (name := canonicalize_name(package.name)) not in found:
            found.add(name)
            needed = map(Requirement, requires(name) or [])
            waiting += [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def pinned(name):
    return [
        line
        for line in (REPOSITORY / name).read_text().splitlines()
        if re.match(r"[\w.-]+==", line)
    ]


# --- The lock file --------------------------------------------------------------------------------


def test_the_lock_file_has_what_is_required_in_the_same_version():
    for line in pinned("requirements.txt"):
        name, version = line.split("==")
        assert VERSIONS[canonicalize_name(name)] == version


def test_the_lock_file_has_all_that_is_pulled_in():
    assert pulled_in(pinned("requirements.txt")) - set(VERSIONS) == set()


def test_every_locked_package_has_a_hash_and_no_address():
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", LOCKED, flags=re.MULTILINE).strip())
    for entry in entries:
        first, *hashes = entry.replace(" \\\n", "\n").split("\n")
        assert re.fullmatch(r"[\w.-]+==[\w.]+", first), first
        assert hashes
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", each) for each in hashes), first
    assert len(entries) == len(VERSIONS)
    assert "://" not in LOCKED and "index" not in LOCKED


# --- conda ----------------------------------------------------------------------------------------


def channel(folder):
    """A channel with several versions of python and pip, as a solver reads it."""
    versions = {"python": ("3.10.19", "3.11.9", "3.11.14", "3.12.12"), "pip": ("24.0", "25.3")}
    packages = {
        f"{name}-{version}-0.conda": {
            **{"name": name, "version": version, "build": "0", "build_number": 0, "depends": []},
            **{"subdir": "linux-64", "sha256": "0" * 64},
        }
        for name, each in versions.items()
        for version in each
    }
    for subdir in ("linux-64", "noarch"):
        (folder / subdir).mkdir()
        content = packages if subdir == "linux-64" else {}
        text = json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": content})
        (folder / subdir / "repodata.json").write_text(text)
    return Channel(folder.as_uri())


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_solver_reads_the_environment_and_gives_our_python(name, tmp_path):
    environment = ENVIRONMENTS[name]
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *of_conda, of_pip = environment["dependencies"]
    assert list(of_pip) == ["pip"] and "pip" in of_conda, "conda wants to be told of pip"
    specs = [MatchSpec(text) for text in of_conda]
    platforms = [Subdir("linux-64"), Subdir("noarch")]
    found = asyncio.run(solve([channel(tmp_path)], specs, platforms=platforms))
    versions = {str(record.name.normalized): str(record.version) for record in found}
    assert versions == {"python": "3.11.14", "pip": "25.3"}


def imported(path):
    """Dotted names that a module imports when it is itself imported, and `a.b` for a b of a."""
    for node in ast.parse(path.read_text()).body:
        # Of a script, all is in one block.
        for each in node.body if isinstance(node, ast.With) else [node]:
            if isinstance(each, ast.Import):
                yield from (alias.name for alias in each.names)
            elif isinstance(each, ast.ImportFrom):
                yield from (f"{each.module}.{alias.name}" for alias in each.names)


def local_file(name):
    """The file of a module of ours, of which `name` may be something inside."""
    path = SCRIPTS.joinpath(*name.split("."))
    return next(
        (p for p in (path.with_suffix(".py"), path.parent.with_suffix(".py")) if p.is_file()), None
    )


def foreign(script):
    """The packages of others that are loaded with a script, and the file that imports each."""
    found, seen, waiting = {}, set(), [script]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for name in imported(path):
            if name.startswith("bertology."):
                waiting += [file for file in [local_file(name)] if file and file not in seen]
            else:
                found.setdefault(name.split(".")[0], path.name)
    return found


@pytest.mark.parametrize(("rule", "environment", "script"), JOBS, ids=lambda value: value)
def test_an_environment_has_what_the_rules_script_imports(rule, environment, script):
    there = pulled_in(ENVIRONMENTS[environment]["dependencies"][-1]["pip"])
    packages = packages_distributions()
    for name, file in foreign(SCRIPTS / f"{script}.py").items():
        provided = {canonicalize_name(each) for each in packages.get(name, [])}
        assert not provided or provided & there, f"{rule}: {file} imports {name}"
