"""Each file makes the jobs stale that use it: modules, data, templates, captions; no others.

Which modules a job uses is noted while the smoke study runs (`recorder/`); which ones these import,
Python's own finder says (`imports.py`). The fingerprint is asked neither.
"""

import os
import re
from collections import Counter
from contextlib import contextmanager
from pathlib import PurePosixPath

import pytest

from imports import importable
from plans import Planner, Question
from reruns import first, stale, told_otherwise, with_all_below
from stale_jobs import PAGE

pytestmark = pytest.mark.workflow
STUDY = "studies/smoke.yaml"
SHARED_SCRIPT = {"ablate_layers": "finetune_encoder"}
UNDECLARED = {
    "write_summary_page": "benchmarks/",
    "lock_study": "",
}  # all records: docs/integrity.md
"""What a rule reads beside its inputs: what jobs took, which is another each time."""
CONDA = """#!/bin/sh
case "$*" in
    *--version*) echo conda 99.0.0 ;;
    *info*) echo '{"conda_prefix": "/nowhere", "platform": "any"}' ;;
    *) echo '{"channel_priority": "strict", "get": {"channel_priority": "strict"}}' ;;
esac
"""


class Files:
    """The finished smoke study, what its jobs have used, and what would run after an edit."""

    def __init__(self, workflow):
        self.folder, self.used = workflow.folder, workflow.used_by_jobs()
        self.scripts = self.folder / "workflow_scripts"
        self.planner = Planner(self.folder, STUDY)
        self.before = self.planner.plan(STUDY)

    def uses(self):
        """Give the files of code that each job may load, for the job's name."""
        known = {}
        for name, job in self.before.items():
            script = f"{SHARED_SCRIPT.get(job.rule, job.rule)}.py"
            key = script, *self.used[name]["loaded"]
            if key not in known:
                known[key] = importable(self.scripts, *key[:1], key[1:])
            yield name, known[key]

    @contextmanager
    def edited(self, *paths, text):
        """Add text to the end of files while the block runs."""
        kept = {path: path.read_bytes() for path in paths}
        try:
            for path, content in kept.items():
                path.write_bytes(content + text.encode())
            yield
        finally:
            for path, content in kept.items():
                path.write_bytes(content)

    def planned(self, path, text):
        """Plan after an edit of one file."""
        with self.edited(path, text=text):
            return self.planner.plan(STUDY)

    def planned_for_each(self, modules, text):
        """Plan after an edit of each module: all are edited, and each question sees one of them."""
        paths = [self.scripts / module for module in modules]
        with self.edited(*paths, text=text):
            plans = self.planner.plans([Question(STUDY, str(path)) for path in paths])
            yield from zip(modules, plans, strict=True)


@pytest.fixture(scope="module")
def files(smoke):
    files = Files(smoke)
    yield files
    files.planner.close()


def modules(files):
    return sorted(str(path.relative_to(files.scripts)) for path in files.scripts.rglob("*.py"))


def test_each_job_has_noted_what_it_used(files):
    assert set(files.used) == set(files.before)
    for name, used in files.used.items():
        assert {"bertology/job.py", "bertology/files.py"} <= set(used["loaded"]), name
        assert used["opened"], name


def test_jobs_open_nothing_of_the_results_but_what_they_declare(files):
    for name, job in files.before.items():
        declared = (*job.input, *job.output, f"results/smoke/{UNDECLARED.get(job.rule, 'logs/')}")
        opened = files.used[name]["opened"]
        opened = [path.replace(".unfinished-", "") for path in opened if "/.resume-" not in path]
        homes = {str(home) for path in job.output for home in PurePosixPath(path).parents}
        others = [path for path in opened if not path.startswith(declared) and path not in homes]
        assert [path for path in others if "/logs/" not in path] == [], name


def test_a_line_in_a_module_runs_the_jobs_that_may_use_it_and_those_below_them(files):
    uses = dict(files.uses())
    wrong = {}
    for module, plan in files.planned_for_each(modules(files), "\nCHANGED = True\n"):
        told = told_otherwise(files.before, plan)
        using = {name for name, may_use in uses.items() if module in may_use}
        if told != using or stale(plan) != with_all_below(plan, using):
            rules = Counter(files.before[name].rule for name in told ^ using)
            wrong[module] = f"{len(using)} use it, {len(told)} are told: {dict(rules)}"
    assert wrong == {}


def test_other_words_in_the_grammar_run_what_it_writes(files):
    tables = sorted(files.scripts.rglob("data/*"))
    assert len(tables) > 3
    for table in tables:
        plan = files.planned(table, "#\n")
        told = told_otherwise(files.before, plan)
        written = {name for name, job in plan.items() if job.rule == "write_grammar_corpus"}
        assert first(plan, told) == written, table
        assert stale(plan) == with_all_below(plan, told), table


def test_templates_and_captions_run_the_page_that_shows_them(files):
    page = {name for name, job in files.before.items() if job.rule in PAGE}
    shown = {path for name in page for path in files.before[name].input}
    report = sorted((files.folder / "report").iterdir())
    assert len(report) > 10
    for path in report:
        used = f"report/{path.name}" in shown
        assert stale(files.planned(path, "\n")) == (page if used else set()), path.name
    assert {"report/summary_page.html.j2", "report/workflow.rst"} <= shown


@pytest.fixture
def planner_with_conda(smoke, tmp_path):
    """Plans where Snakemake makes environments; all that it asks of conda then is what it is."""
    conda = tmp_path / "conda"
    conda.write_text(CONDA)
    conda.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    planner = Planner(smoke.folder, STUDY, PATH=path)
    yield planner
    planner.close()


def test_another_environment_runs_the_rules_that_name_it(files, planner_with_conda):
    """Where Snakemake makes them, what it compares is their definitions."""
    rules = "\n".join(path.read_text() for path in (files.folder / "rules").glob("*.smk"))
    pattern = r'^rule (\w+):\n(?:(?!^rule ).*\n)*?.*"../envs/(\w+).yaml"'
    named = dict(re.findall(pattern, rules, flags=re.MULTILINE))
    before = planner_with_conda.plan(STUDY, conda=True)
    environments = sorted((files.folder / "envs").glob("*.yaml"))
    assert {path.stem for path in environments} == set(named.values())
    for path in environments:
        with files.edited(path, text="# Another.\n"):
            plan = planner_with_conda.plan(STUDY, conda=True)
        other = {name for name, job in plan.items() if job.environment != before[name].environment}
        assert other == {name for name, job in plan.items() if named[job.rule] == path.stem}
