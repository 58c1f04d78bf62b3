"""Studies in a real Slurm of one node: from the first job to the last, and when jobs go wrong."""

import os
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

import slurm
from overlays import merged
from stale_jobs import PAGE, figures, tables

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(slurm.reason_to_skip() is not None, reason=str(slurm.reason_to_skip())),
]
REPOSITORY = Path(__file__).resolve().parents[2]
PROFILE = ("--profile", "profiles/slurm", "--latency-wait", "5")
STATUS = (
    *("--slurm-status-command", "squeue"),  # sacct needs a database
    *("--slurm-init-seconds-before-status-checks", "2", "--slurm-keep-successful-logs"),
)
LOCAL = {"all", "fetch_corpus", "fetch_encoder"}
"""Rules of the study below that run where Snakemake runs."""
LONG = 900
"""Seconds after which a run counts as one that waits for ever."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm.cluster(tmp_path_factory.mktemp("slurm"), gpus=2) as running:
        yield running


class Run:
    """Snakemake that submits to a cluster, in the background; what it prints goes to a file."""

    def __init__(self, cluster, folder, *arguments):
        self.printed = folder / "printed.txt"
        self.before = len(cluster.jobs())
        self.cluster = cluster
        with self.printed.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *arguments],
                cwd=folder,
                env={**os.environ, **cluster.environment, "PWD": str(folder)},
                stdout=stream,
                stderr=subprocess.STDOUT,
                # Where the tests run in the background, a shell has Ctrl-C ignored.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def end(self):
        """Wait for its end; give its exit status and all that it printed."""
        try:
            status = self.process.wait(LONG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.cluster.cancel_all()
            raise
        return status, self.printed.read_text()

    def jobs(self):
        """Slurm's records of the jobs that were submitted since this run began."""
        return self.cluster.jobs()[self.before :]

    def job(self, words, state):
        """Wait for a job with these words in its comment and in this state; give its record."""

        def found():
            return [j for j in self.jobs() if words in j["Comment"] and j["JobState"] == state]

        self.cluster.wait_until(lambda: bool(found()), f"{words} is {state}", seconds=LONG)
        return found()[0]


# --- A study, from the first job to the last ------------------------------------------------------


def every_rule_once(workflow):
    """The smoke study with one task, one seed and few texts, and without parts of the data."""
    smaller = {
        **{"study": "cluster", "only": ["encoders", "stimuli", "tasks"], "seeds": [1]},
        "tasks": {"inference": None, "question_answering": None},
        "corpora": {"market": None, "laboratory": None},
        "stimuli": {"laboratory": None},
        "ablations": {"freeze": [], "keep": []},
        "training_sizes": {"percents": []},
        "probes": {"village": {"phenomena": ["dependencies"]}},
        "trajectory": {"steps": [1], "structure": []},
    }
    return merged(workflow.smoke_study(), smaller)


@pytest.fixture(scope="module")
def study(cluster, new_workflow, tmp_path_factory):
    """A copy of the repository in which that study has been run on the cluster, and that run."""
    workflow = new_workflow(tmp_path_factory.mktemp("cluster") / "repository")
    workflow.study("cluster.yaml", every_rule_once(workflow))
    run = submit(cluster, workflow)
    status, printed = run.end()
    assert status == 0, printed[-20000:]
    return workflow, printed, run.jobs()


def submit(cluster, workflow, *targets):
    arguments = (*targets, *PROFILE, *STATUS, "--configfile", "cluster.yaml")
    return Run(cluster, workflow.folder, *arguments)


def rules_of(job):
    """The rules whose jobs have ended in a job of Slurm, by what it printed there."""
    return set(re.findall(r"\(Rule: (\w+)\)", Path(job["StdOut"]).read_text()))


def test_a_study_runs_from_the_first_job_to_the_last(study):
    workflow, printed, jobs = study
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    done = dict(re.findall(r"^(\w+) +(\d+) +\d+ +\d+ +\d+$", printed, flags=re.MULTILINE))
    planned = re.search(r"(\d+) jobs to run", printed)[1]
    assert sum(map(int, done.values())) == int(planned) - 1  # `all` is no job
    assert set().union(*map(rules_of, jobs)) >= set(done) - LOCAL
    assert (workflow.folder / "results/cluster/index.html").exists()
    assert workflow.stale(study="cluster.yaml") == {}


def test_short_jobs_do_not_flood_the_queue(study):
    _, printed, jobs = study
    planned = int(re.search(r"(\d+) jobs to run", printed)[1])
    assert len(jobs) < planned / 3
    (last,) = [job for job in jobs if job["Comment"].startswith("rule_tables")]
    assert {"judge_claims", "plot_figure", "write_summary_page"} <= rules_of(last)
    # As much as the largest of them asks for, judge_claims.
    assert (last["NumCPUs"], last["MinMemoryNode"]) == ("1", "4000M")


def test_what_a_rule_asks_for_is_what_slurm_is_asked_for(study):
    workflow, _, jobs = study
    (training,) = [job for job in jobs if "finetune_encoder" in job["Comment"]]
    assert training["Partition"] == slurm.PARTITION
    assert training["NumCPUs"] == "1"
    shown = workflow.snakemake("--dry-run", "--forceall", study="cluster.yaml").stdout
    rule = shown.split("rule finetune_encoder:")[1]
    minutes, megabytes = (re.search(rf"{name}=(\d+)", rule)[1] for name in ("runtime", "mem_mb"))
    assert training["TimeLimit"] == time.strftime("%H:%M:%S", time.gmtime(60 * int(minutes)))
    assert f"mem={megabytes}M" in training["TRES"]


OF_WEIGHTS = {**tables("weights"), **figures("weights"), **PAGE}
"""What the table of weights invalidates, with the table."""


def test_a_deleted_artifact_submits_what_it_invalidates_and_nothing_else(study, cluster):
    workflow, _, _ = study
    (workflow.folder / "results/cluster/tables/weights.csv").unlink()
    assert workflow.stale(study="cluster.yaml") == OF_WEIGHTS
    run = submit(cluster, workflow)
    status, printed = run.end()
    assert status == 0, printed[-5000:]
    (job,) = run.jobs()
    assert job["JobState"] == "COMPLETED"
    assert rules_of(job) == {rule.split()[0] for rule in OF_WEIGHTS}


# --- What happens to jobs -------------------------------------------------------------------------

FAULTS = """
import time
from itertools import pairwise
from pathlib import Path

from bertology.errors import InputError
from bertology.job import job

corpus = snakemake.wildcards.annotation.replace("/", "_")
tried = Path("tried", corpus)
first = not tried.exists()
tried.parent.mkdir(exist_ok=True)
tried.touch()
if corpus == "market_inference":
    with job(snakemake):
        raise InputError("this one always fails")
if corpus == "village_treebank":
    held = b"x" * (900 * 2**20)
    time.sleep(5)
if first and corpus in ("laboratory_questions", "village_dependencies"):
    time.sleep(900)
"""
"""What jobs of write_grammar_corpus do before their work, by corpus."""
CORPORA = ("harbour/treebank", "market/inference", "laboratory/questions", "village/treebank")
SCANCELLED = "village/dependencies"


OF_ONE_MINUTE = """lambda wildcards, attempt: growing(
            1 if wildcards.annotation == "laboratory/questions" else 20
        )(wildcards, attempt)"""


def faulty(workflow):
    """Plant the faults; these jobs ask for 700 MB at first, and one of them for a minute."""
    script = workflow.folder / "workflow_scripts/write_grammar_corpus.py"
    script.write_text(FAULTS + script.read_text())
    rules = workflow.folder / "rules/corpora.smk"
    text = rules.read_text()
    for old, new in (("growing(1500)", "growing(700)"), ("growing(5)", OF_ONE_MINUTE)):
        assert text.count(old) == 1
        text = text.replace(old, new)
    rules.write_text(text)
    return workflow


def write_corpora(cluster, workflow, *corpora):
    """Submit the jobs that write these corpora, each by itself."""
    targets = [f"results/smoke/corpora/{corpus}" for corpus in corpora]
    alone = ("--groups", "fetch_file=none")
    study = ("--configfile", "studies/smoke.yaml")
    return Run(cluster, workflow.folder, *targets, *PROFILE, *STATUS, *alone, *study)


def wait_until_it_sleeps(cluster, workflow, corpus):
    """Wait until a first try has begun: a job may be at work long before its script is."""
    sleeps = workflow.folder / "tried" / corpus.replace("/", "_")
    cluster.wait_until(sleeps.exists, f"the job of {corpus} sleeps", seconds=LONG)


@pytest.fixture(scope="module")
def troubled(cluster, new_workflow, tmp_path_factory):
    """A run in which jobs go wrong, each in its way, and the controller is away for a while."""
    workflow = faulty(new_workflow(tmp_path_factory.mktemp("troubled") / "repository"))
    run = write_corpora(cluster, workflow, *CORPORA, SCANCELLED)
    sleeping = run.job("village_dependencies", "RUNNING")
    for corpus in ("laboratory/questions", SCANCELLED):
        wait_until_it_sleeps(cluster, workflow, corpus)
    cluster.stop_controller()
    time.sleep(5)
    cluster.start_controller()
    cluster.cancel(sleeping["JobId"])
    status, printed = run.end()
    return workflow, status, printed, run.jobs()


def tries_of(corpus, jobs):
    """Slurm's records of the jobs of one corpus, in order."""
    return [job for job in jobs if job["Comment"].endswith(corpus)]


def test_a_job_that_fails_says_why_and_the_others_go_on(troubled):
    workflow, status, printed, jobs = troubled
    assert status == 1
    states = [job["JobState"] for job in tries_of("market_inference", jobs)]
    assert states == ["FAILED"] * 3
    assert "    | Error in rule write_grammar_corpus: this one always fails" in printed
    assert "Traceback" not in printed
    assert [job["JobState"] for job in tries_of("harbour_treebank", jobs)] == ["COMPLETED"]
    corpora = workflow.folder / "results/smoke/corpora"
    made = {str(path.parent.relative_to(corpora)) for path in corpora.rglob("test.*")}
    assert made == {*CORPORA, SCANCELLED} - {"market/inference"}


def test_a_job_that_lasts_too_long_is_given_more_time(troubled):
    *_, printed, jobs = troubled
    tries = tries_of("laboratory_questions", jobs)
    assert (tries[0]["JobState"], tries[-1]["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert [job["TimeLimit"] for job in tries[:2]] == ["00:01:00", "00:02:00"]
    assert re.search(r"    \| slurmstepd.*CANCELLED AT .* DUE TO TIME LIMIT", printed)


def test_a_job_that_holds_too_much_is_given_more_memory(troubled):
    *_, printed, jobs = troubled
    assert re.search(r"    \| slurmstepd.* exceeded memory limit", printed)
    first, second = tries_of("village_treebank", jobs)
    assert first["JobState"] in ("FAILED", "OUT_OF_MEMORY")
    assert second["JobState"] == "COMPLETED"
    assert [job["MinMemoryNode"] for job in (first, second)] == ["700M", "1400M"]


def test_a_job_that_somebody_cancels_is_submitted_again(troubled):
    *_, printed, jobs = troubled
    states = [job["JobState"] for job in tries_of("village_dependencies", jobs)]
    assert states == ["CANCELLED", "COMPLETED"]
    assert "SLURM status is: 'CANCELLED'" in printed


def test_an_interrupted_run_cancels_its_jobs_and_leaves_no_lock(cluster, fresh):
    workflow = faulty(fresh)
    run = write_corpora(cluster, workflow, "laboratory/questions")
    wait_until_it_sleeps(cluster, workflow, "laboratory/questions")
    run.process.send_signal(signal.SIGINT)
    status, printed = run.end()
    assert status != 0
    assert "Traceback" not in printed
    assert [job["JobState"] for job in run.jobs()] == ["CANCELLED"]
    assert workflow.stale("results/smoke/corpora/laboratory/questions") == {
        "write_grammar_corpus": 1
    }


# --- Other schedulers -----------------------------------------------------------------------------


def test_the_commands_of_another_scheduler_do_as_well(cluster, fresh):
    """Slurm's own here: a job is cancelled, seen to have failed, and submitted again."""
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    workflow = faulty(fresh)
    study = ("--configfile", "studies/smoke.yaml")
    profile = ("--profile", "profiles/generic", "--latency-wait", "5", "--retries", "1")
    target = f"results/smoke/corpora/{SCANCELLED}"
    run = Run(cluster, workflow.folder, target, *profile, *study)
    wait_until_it_sleeps(cluster, workflow, SCANCELLED)
    (job,) = run.jobs()
    cluster.cancel(job["JobId"])
    status, printed = run.end()
    assert status == 0, printed[-5000:]
    assert [job["JobState"] for job in run.jobs()] == ["CANCELLED", "COMPLETED"]
    assert [job["MinMemoryNode"] for job in run.jobs()] == ["700M", "1400M"]


# --- GPUs -----------------------------------------------------------------------------------------

SNAKEFILE = """
rule all:
    input:
        expand("{number}.txt", number=range(3)),

rule compute:
    output:
        "{number}.txt",
    log:
        "{number}.log",
    resources:
        gpu=1,
        mem_mb=500,
        runtime=5,
    script:
        "compute.py"
"""
SCRIPT = """
from bertology.job import job

with job(snakemake):
    import os
    import time
    from pathlib import Path

    start = time.time()
    time.sleep(4)
    line = f"{os.environ['CUDA_VISIBLE_DEVICES']} {start} {time.time()}"
    Path(snakemake.output[0]).write_text(line)
"""
USABLE = "class cuda:\n    is_available = staticmethod(lambda: True)\n"


def on_gpus(cluster, folder, monkeypatch, *arguments):
    """Run jobs that ask for a GPU, with a PyTorch that can use it: by GPU, from when to when."""
    for name, text in (("Snakefile", SNAKEFILE), ("compute.py", SCRIPT), ("stub/torch.py", USABLE)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    library = REPOSITORY / "workflow_scripts"
    monkeypatch.setenv("PYTHONPATH", f"{folder / 'stub'}{os.pathsep}{library}")
    profile = ("--profile", str(REPOSITORY / "profiles/slurm"), "--latency-wait", "5")
    status, printed = Run(cluster, folder, *profile, *STATUS, *arguments).end()
    assert status == 0, printed[-5000:]
    lines = [path.read_text().split() for path in sorted(folder.glob("[0-9].txt"))]
    assert len(lines) == 3
    return [(gpu, float(start), float(end)) for gpu, start, end in lines]


def one_after_the_other(jobs):
    times = sorted((start, end) for _, start, end in jobs)
    return all(end <= start for (_, end), (start, _) in pairwise(times))


def test_jobs_spread_over_the_gpus_of_a_node(cluster, tmp_path, monkeypatch):
    jobs = on_gpus(cluster, tmp_path, monkeypatch)
    gpus = {gpu for gpu, *_ in jobs}
    assert len(gpus) == 2
    assert not one_after_the_other(jobs)
    for each in gpus:
        assert one_after_the_other([job for job in jobs if job[0] == each])


def test_no_more_gpus_are_used_than_the_user_allows(cluster, tmp_path, monkeypatch):
    assert one_after_the_other(on_gpus(cluster, tmp_path, monkeypatch, "--resources", "gpu=1"))
