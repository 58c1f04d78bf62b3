"""A finished smoke study in a copy of the repository, run once for all workflow tests."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from served import content, serving

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "config.yaml", "rules", "studies", "schemas", "envs", "profiles", "report")
PROFILE = REPOSITORY / "profiles" / "local"
MORE_NOTES = b"A further line, which is fetched.\n"
RECORDER = REPOSITORY / "tests" / "recorder"
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc")


DIFFERENT = {"plot_figure": r"figure=(\w+)", "tabulate_results": r"table=(\w+)"}
"""Rules that make different things, and where a job says which."""


class Workflow:
    """A copy of the workflow in a folder of its own, and Snakemake in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.printed = ""
        folder.mkdir(parents=True)
        for part in (*PARTS, "workflow_scripts"):
            origin = REPOSITORY / part
            if origin.is_dir():
                shutil.copytree(origin, folder / part, ignore=NOT_COPIED)
            else:
                shutil.copy(origin, folder / part)

    @classmethod
    def finished(cls, folder: Path, printed: str):
        """The workflow in a folder in which a study has been run, and what Snakemake printed."""
        workflow = cls.__new__(cls)
        workflow.folder, workflow.printed = folder, printed
        return workflow

    def start(self, *arguments, study="studies/smoke.yaml", **environment):
        """Start Snakemake in a process group of its own; all that it prints goes to `stdout`."""
        command = [sys.executable, "-m", "snakemake", "--profile", str(PROFILE), *arguments]
        return subprocess.Popen(
            [*command, "--configfile", study],
            cwd=self.folder,
            env={**os.environ, "PWD": str(self.folder), **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def snakemake(self, *arguments, study="studies/smoke.yaml", **environment):
        """Run Snakemake; return the finished process with all that it printed in `stdout`."""
        process = self.start(*arguments, study=study, **environment)
        printed, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, printed)

    def finish(self, *arguments, study="studies/smoke.yaml", **environment):
        """Run Snakemake on two cores and demand success."""
        process = self.snakemake("--cores", "2", *arguments, study=study, **environment)
        assert process.returncode == 0, process.stdout[-20000:]
        self.printed = process.stdout
        return process

    def finish_with_notes(self):
        """Do that, and have each job note what it uses."""
        notes = self.folder / "notes"
        notes.mkdir()
        path = os.pathsep.join(filter(None, [str(RECORDER), os.environ.get("PYTHONPATH")]))
        self.finish(PYTHONPATH=path, USED_BY_JOBS=str(notes))

    def used_by_jobs(self) -> dict[str, dict[str, list[str]]]:
        """Return what each job has noted, by its first output."""
        notes = [json.loads(path.read_text()) for path in (self.folder / "notes").iterdir()]
        return {note.pop("job"): note for note in notes}

    def stale(self, *arguments, study="studies/smoke.yaml", **environment) -> dict[str, int]:
        """Return how many jobs of each rule a dry run would do; `all` is not counted.

        Jobs of a rule in DIFFERENT are counted by the value of its wildcard too.
        """
        process = self.snakemake("--dry-run", *arguments, study=study, **environment)
        assert process.returncode == 0, process.stdout[-20000:]
        if "Nothing to be done" in process.stdout:
            return {}
        table = process.stdout.split("Job stats:")[1].split("total")[0]
        jobs = re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
        counts = {rule: int(count) for rule, count in jobs if rule not in ("all", *DIFFERENT)}
        blocks = re.findall(r"^rule (\w+):\n((?: .*\n)*)", process.stdout, flags=re.MULTILINE)
        for rule, block in blocks:
            if rule in DIFFERENT:
                counts[f"{rule} {re.search(DIFFERENT[rule], block)[1]}"] = 1
        return counts

    @contextmanager
    def edited(self, name: str, old: str, new: str) -> Iterator[None]:
        """Replace `old` by `new` in one file while the block runs."""
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} must hold {old!r} once"
        path.write_text(text.replace(old, new))
        try:
            yield
        finally:
            path.write_text(text)

    def read_more_notes_from(self, url: str):
        """Make the smoke study's notes have a second split, which is fetched; nothing uses it."""
        path = self.folder / "studies/smoke.yaml"
        digest = hashlib.sha256(MORE_NOTES).hexdigest()
        entry = {"urls": [url], "sha256": digest, "licence": "Apache-2.0"}
        text, first = path.read_text(), "test: smoke.txt"
        assert text.count(first) == 1
        added = yaml.safe_dump({"downloads": {"more/notes.txt": entry}})
        path.write_text(f"{text.replace(first, f'{first}, dev: more/notes.txt')}\n{added}")

    def smoke_study(self) -> dict:
        """Return the smoke study as it is written beside `studies`, not in it."""
        text = (self.folder / "studies/smoke.yaml").read_text()
        return {**yaml.safe_load(text), "data_dir": "studies"}

    def study(self, name: str, overlay: dict) -> str:
        """Write a study and return its path in this copy."""
        (self.folder / name).write_text(yaml.safe_dump(overlay))
        return name


@pytest.fixture(scope="session")
def smoke(tmp_path_factory, worker_id) -> Workflow:
    """A copy of the repository in which the smoke study has been run, one file of it fetched.

    It is run once, by the first of several processes that needs it, and each has a copy of that.
    """
    together = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        together = together.parent
    origin = together / "smoke-study"
    with FileLock(together / "smoke-study.lock"):
        if not (origin / "printed.txt").exists():
            run_smoke_study(origin)
    copy = shutil.copytree(origin, tmp_path_factory.mktemp("smoke") / "study", symlinks=True)
    return Workflow.finished(copy / "repository", (copy / "printed.txt").read_text())


def run_smoke_study(folder: Path) -> None:
    """Run it in folder/repository; what Snakemake prints is in folder/printed.txt when it is whole.

    Where it failed in another process it begins anew, so that each test says why.
    """
    shutil.rmtree(folder, ignore_errors=True)
    workflow = Workflow(folder / "repository")
    with serving() as server:
        workflow.read_more_notes_from(server.url("notes.txt", content(MORE_NOTES)))
        workflow.finish_with_notes()
    (folder / "printed.txt").write_text(workflow.printed)


@pytest.fixture
def fresh(tmp_path) -> Workflow:
    """A copy of the repository in which nothing has been run."""
    return Workflow(tmp_path / "repository")


@pytest.fixture(scope="session")
def new_workflow() -> type[Workflow]:
    """What makes a copy of the repository in a folder, for studies that several tests look at."""
    return Workflow
