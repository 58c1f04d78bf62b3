"""What Snakemake would run of a study, asked again and again of one process.

`snakemake -n` spends most of its time on starting, and on reading code that is as it was when it
was last asked. So a process imports Snakemake, plans once, and answers each question in a fork of
itself. As a script this is that process: it reads a list of Questions a line, as JSON, and writes
their plans, one a line.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

AT_ONCE = 2
"""Questions that are answered side by side."""


@dataclass(frozen=True)
class Question:
    """What to plan: a configuration laid over config.yaml, and the module edited since.

    conda: whether jobs would run in environments of their own, which then count.
    """

    study: str
    edited: str = ""
    conda: bool = False


@dataclass(frozen=True)
class Job:
    """A job of a plan; its name is its first output. environment: a hash of it, with conda.

    params: by name, as Snakemake compares them (repr). stale, why: whether Snakemake would run it,
    and its own words for that, "" where it is only because a job before it runs.
    """

    rule: str
    wildcards: dict[str, str]
    input: list[str]
    output: list[str]
    params: dict[str, str]
    stale: bool
    why: str = ""
    environment: str = ""
    before: list[str] = field(default_factory=list)


Plan = dict[str, Job]


class Planner:
    """The process that plans, for a folder with the workflow in it."""

    def __init__(self, folder: Path, study: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, study],
            cwd=folder,
            env={
                **{**os.environ, "PWD": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
                **environment,
            },
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def plan(self, study: str, conda: bool = False) -> Plan:
        """Return the plan of one study; RuntimeError with Snakemake's words if there is none."""
        return next(self.plans([Question(study, conda=conda)]))

    def plans(self, questions: Sequence[Question]) -> Iterator[Plan]:
        """Answer questions in order."""
        self.process.stdin.write(json.dumps([asdict(each) for each in questions]) + "\n")
        self.process.stdin.flush()
        for question in questions:
            answer = json.loads(self.process.stdout.readline())
            if isinstance(answer, str):
                raise RuntimeError(f"{question}: {answer}")
            yield {name: Job(**job) for name, job in answer.items()}

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def _plan(study: str, conda: bool = False) -> dict[str, Any]:
    """Plan as `snakemake -n` does, with the triggers of profiles/default; nothing is shown."""
    import yaml
    from snakemake.api import SnakemakeApi
    from snakemake.settings.enums import ChangeType, Quietness, RerunTrigger
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        DeploymentMethod,
        DeploymentSettings,
        OutputSettings,
        ResourceSettings,
    )

    profile = yaml.safe_load(Path("profiles/default/config.yaml").read_text())
    triggers = RerunTrigger.parse_choices_set(profile["rerun-triggers"])
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, verbose=True)) as api:
        workflow = api.workflow(
            ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[Path(study)]),
            deployment_settings=DeploymentSettings({DeploymentMethod.CONDA} if conda else set()),
            snakefile=Path("Snakefile"),
        )
        dag = workflow.dag(DAGSettings(rerun_triggers=triggers, force_incomplete=True))
        dag.list_changes(ChangeType.PARAMS)
        planned = workflow._workflow.dag
        jobs = [job for job in planned.jobs if job.output]
        persistence = workflow._workflow.persistence
        return {
            str(job.output[0]): {
                "rule": job.rule.name,
                "wildcards": dict(job.wildcards.items()),
                "input": [str(path) for path in job.input],
                "output": [str(path) for path in job.output],
                "params": {
                    key: persistence._serialize_param(value) for key, value in job.params.items()
                },
                "stale": planned.needrun(job),
                "why": _why(planned.reason(job)),
                "environment": persistence._software_stack_hash(job),
                "before": [
                    str(other.output[0]) for other in planned.dependencies[job] if other.output
                ],
            }
            for job in jobs
        }


def _why(reason: Any) -> str:
    names = [name for name in reason.get_names() if name != "input files updated by another job"]
    return ", ".join(names)


def _answer(question: dict[str, str], channel: int) -> None:
    """Plan in a fork: write the plan, or what went wrong, into a pipe."""
    from bertology import fingerprint

    edited = Path(question["edited"]).resolve() if question["edited"] else None
    known = fingerprint._code
    fingerprint._code = lambda root, path: (known.__wrapped__ if path == edited else known)(
        root, path
    )
    fingerprint._data.cache_clear()
    with os.fdopen(channel, "w") as stream:
        try:
            json.dump(_plan(question["study"], question["conda"]), stream)
        except BaseException as error:
            json.dump(f"{type(error).__name__}: {error}", stream)


def _fork(question: dict[str, str]) -> int:
    """Answer a question in a process of its own; return the end of the pipe to read it from."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        _answer(question, writing)
        os._exit(0)
    os.close(writing)
    return reading


def _serve(study: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what Snakemake prints
    _plan(study)
    for line in sys.stdin:
        waiting: list[int] = []
        for question in json.loads(line):
            if len(waiting) == AT_ONCE:
                _pass_on(waiting.pop(0), answers)
            waiting.append(_fork(question))
        for channel in waiting:
            _pass_on(channel, answers)


def _pass_on(channel: int, answers: Any) -> None:
    with os.fdopen(channel) as stream:
        answers.write(stream.read() + "\n")
    answers.flush()
    os.wait()


if __name__ == "__main__":
    _serve(sys.argv[1])
