"""What a study shows while it runs, on records as Snakemake's logger makes them."""

import io
import logging
import re

import pytest
import yaml
from snakemake.exceptions import LockException
from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake_interface_logger_plugins.common import LogEvent

from bertology.display import (
    TAIL,
    Display,
    Pace,
    download_lines,
    gpu_line,
    in_words,
    log_tail,
    plan_line,
    show_jobs,
)

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def plan_of(stats):
    return f"A plan of {sum(stats.values())} jobs."


class Run:
    """A display and a clock, fed as Snakemake feeds it."""

    def __init__(self, stream, dry_run=False, quiet=(), **more):
        self.stream, self.now = stream, 1000.0
        self.logger = logging.Logger("run", logging.INFO)
        inner = ColorizingTextHandler(
            stream=stream,
            formatter=DefaultFormatter(),
            filter=DefaultFilter(set(quiet), False, False, dry_run, False),
        )
        inner.name = "DefaultStreamHandler"
        self.logger.addHandler(inner)
        show_jobs(self.logger, dry_run, plan_of, **more)

    def say(self, event, msg="", level=logging.INFO, after=0, **extra):
        self.now += after
        record = logging.LogRecord("run", level, "", 0, msg, None, None)
        record.__dict__.update(extra, event=event, created=self.now)
        self.logger.handle(record)

    def info(self, **rules):
        stats = {**rules, "total": sum(rules.values())}
        self.say(LogEvent.RUN_INFO, "Job stats:\n...", stats=stats)

    def start(self, jobid, rule, after=0, **wildcards):
        files = {"input": ["in.txt"] * 500, "output": ["out.txt"], "log": [], "reason": "Why: x"}
        files |= {"wildcards": wildcards, "jobid": jobid, "rule_name": rule}
        self.say(LogEvent.JOB_INFO, after=after, **files)

    def end(self, jobid, after=0):
        self.say(LogEvent.JOB_FINISHED, "Finished", after=after, job_id=jobid)
        self.say(LogEvent.PROGRESS, None, done=1, total=2)

    def fail(self, jobid, logs, message=None, after=0, **aux):
        text = {"rule_name": "tune", "log": [str(log) for log in logs], "rule_msg": message}
        self.say(LogEvent.JOB_ERROR, "Error", logging.ERROR, after, jobid=jobid, aux=aux, **text)

    def lines(self):
        return [re.sub(r"^\d\d:\d\d:\d\d ", "@ ", line) for line in self.text().splitlines()]

    def text(self):
        return self.stream.getvalue()


@pytest.fixture
def run():
    return Run(io.StringIO())


def test_each_job_that_ends_is_one_line(run):
    run.say(LogEvent.WORKFLOW_STARTED, "Host: mine")
    run.info(tune=3, plot=1)
    run.say(LogEvent.JOB_STARTED, "Execute 2 jobs...", jobs=[1, 2])
    run.start(1, "tune", task="parsing", seed="1")
    run.start(2, "tune", task="parsing", seed="2")
    run.end(1, after=30)
    run.end(2, after=10)
    run.start(3, "tune", task="inference", seed="1")
    run.end(3, after=20)
    run.start(4, "plot")
    run.end(4, after=2)
    # Two jobs of 30 and 40 s in 40 s: 1.75 at a time; one of 35 s is left, and a plot.
    assert run.lines() == [
        "A plan of 4 jobs.",
        "Job stats:",
        "...",
        "@ 1/4 tune task=parsing seed=1, 30 s, more than 15 s left",
        "@ 2/4 tune task=parsing seed=2, 40 s, more than 20 s left",
        "@ 3/4 tune task=inference seed=1, 20 s",
        "@ 4/4 plot, 2 s",
    ]
    assert not CONTROL.search(run.text())


def test_a_failed_job_shows_its_logs_end_and_path(run, tmp_path):
    log = tmp_path / "tune.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    run.info(tune=1, plot=1)
    run.start(1, "tune", seed="1")
    run.fail(1, [log, tmp_path / "none.log"], "Out of\nmemory.", after=120, external_jobid=77)
    assert run.lines()[3:] == [
        "@ 0/2 FAILED: tune seed=1, after 2 min",
        "    Out of",
        "    memory.",
        "    external_jobid: 77",
        f"    log: {log}, its last {TAIL} lines",
        *(f"    | line {number}" for number in range(100 - TAIL, 100)),
        f"    no log: {tmp_path}/none.log",
    ]


def test_a_job_that_is_tried_again_counts_once(run):
    run.info(tune=1, plot=1)
    run.start(1, "tune")
    run.fail(1, [], after=5)
    run.start(1, "tune")
    run.end(1, after=7)
    assert [line.split(",")[0] for line in run.lines()[3:]] == ["@ 0/2 FAILED: tune", "@ 1/2 tune"]


def test_warnings_errors_and_what_it_cannot_read_are_as_snakemake_has_them(run):
    run.say(None, "Select jobs to execute...")
    run.say(None, "Careful.", logging.WARNING)
    run.say(LogEvent.ERROR, "RuleException:\nCalledProcessError in file x", logging.ERROR)
    run.say(LogEvent.ERROR, "RuleException:\nMissing output", logging.ERROR)
    run.say(LogEvent.JOB_FINISHED, "Finished jobid: 9", job_id=9)
    assert run.lines()[:3] == ["Careful.", "RuleException:", "Missing output"]
    assert run.lines()[-1] == "Finished jobid: 9"


def test_a_job_that_the_system_killed_is_told_with_what_needs_less_memory(run):
    text = "RuleException:\nCalledProcessError in file x, line 1:\nCommand 'python tmp1.{}.py' {}"
    killed = "died with <Signals.SIGKILL: 9>."
    run.say(LogEvent.ERROR, text.format("finetune_encoder", killed), logging.ERROR)
    run.say(LogEvent.ERROR, text.format("plot_figure", "returned non-zero exit status 137."))
    run.say(LogEvent.ERROR, text.format("plot_figure", "returned non-zero exit status 1."))
    lines = run.lines()
    assert len(lines) == 4
    assert lines[0].startswith("The system killed a job of finetune_encoder (SIGKILL), most likely")
    assert lines[1].startswith("    lower tasks.<task>.batch_size or tasks.<task>.longest, or run")
    assert lines[3].startswith("    run fewer jobs at a time (--cores); on a cluster")


def test_a_lock_is_told_with_what_to_do(run):
    run.say(LogEvent.ERROR, str(LockException()), logging.ERROR)
    lines = run.lines()
    told = " is locked: another Snakemake makes the same files, or was killed (kill -9)."
    assert lines[0].endswith(told)
    assert "--unlock" in lines[2]
    assert not any("cannot be locked" in line for line in lines)


def test_quiet_still_is_quiet():
    from snakemake.settings.enums import Quietness

    run = Run(io.StringIO(), quiet=[Quietness.PROGRESS])
    run.info(tune=1)
    run.start(1, "tune")
    run.end(1)
    assert run.text() == ""


def test_a_terminal_has_a_last_line_that_is_taken_away(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    run = Run(Terminal())
    run.info(tune=2)
    run.start(1, "tune", seed="1")
    run.start(2, "tune", seed="2")
    status = "0/2 done, running: tune seed=1; tune seed=2"
    assert run.text().endswith(f"\n{status}\x1b[A\r")
    run.start(3, "tune", seed="x" * 100)
    (last,) = re.findall(r"\n([^\n]*)\x1b\[A\r$", run.text())
    assert last == f"{status}; tune seed={'x' * 100}"[:59]
    for job in (1, 2, 3):
        run.end(job, after=1)
    shown = run.text().split("\x1b[J")[-1]
    assert shown == "" or "running" not in shown
    (display,) = run.logger.handlers
    run.start(4, "tune")
    display.close()
    assert run.text().endswith("\r\x1b[J")


def test_a_dry_run_shows_no_files_of_a_target_and_all_else():
    run = Run(io.StringIO(), dry_run=True)
    run.info(all=1)
    files = {"rule_name": "all", "input": ["in.txt"] * 500, "output": [], "reason": "Input: a, b"}
    run.say(LogEvent.JOB_INFO, **files)
    run.info(all=1)
    target = ["target all:", "    500 files", "    reason: Input"]
    assert run.lines() == ["A plan of 1 jobs.", "Job stats:", "...", *target, "Job stats:", "..."]
    run.say(LogEvent.SHELLCMD, "x")
    files = {"output": ["out.txt"], "log": ["a.log"], "jobid": 1, "benchmark": None}
    files |= {"rule_msg": None, "local": False, "is_checkpoint": False, "rule_name": "tune"}
    files |= {"input": ["in.txt"], "reason": "Missing output", "wildcards": {"seed": 1}}
    run.say(LogEvent.JOB_INFO, priority=0, threads=1, resources={}, **files)
    assert "    output: out.txt" in run.lines()


def fetching(dry_run):
    run = Run(io.StringIO(), dry_run=dry_run, downloads=lambda files: [f"fetched: {files}"])
    run.info(fetch_file=2, plot=1)
    shown = {"priority": 0, "threads": 1, "resources": {}, "rule_msg": None, "local": True}
    shown |= {"benchmark": None, "is_checkpoint": False, "input": [], "log": [], "output": ["x"]}
    for jobid, (rule, name) in enumerate(
        [("fetch_file", "b/y"), ("plot", ""), ("fetch_file", "x")]
    ):
        wildcards = {"file": name} if name else {}
        files = {"wildcards": wildcards, "jobid": jobid, "rule_name": rule, "reason": "Missing"}
        run.say(LogEvent.JOB_INFO, **files, **shown)
    run.info(fetch_file=2, plot=1)
    return run.lines()


def test_a_dry_run_ends_with_what_would_be_fetched_and_no_other_run_does():
    assert fetching(dry_run=True)[-1] == "fetched: ['b/y', 'x']"
    assert not any("['b/y'" in line for line in fetching(dry_run=False))


def test_downloads_are_told_with_their_licences():
    licences = {
        "b": "CC BY-NC-SA 4.0",
        "a": "CC BY-SA 4.0",
        "c": "for non-commercial use",
        "d": "x",
    }
    licences["e"] = "ENCUMBERED, see https://a.org/licence"
    urls = {"urls": ["https://a.org/x", "http://b.org/y"]}
    config = {"downloads": {name: {"licence": text, **urls} for name, text in licences.items()}}
    place = "from https://a.org/x or http://b.org/y"
    assert download_lines(config, ["b", "a", "c", "e"]) == [
        "To be fetched: 4 files.",
        f"    a: CC BY-SA 4.0, {place}",
        f"    b: CC BY-NC-SA 4.0 (NON-COMMERCIAL use only), {place}",
        f"    c: for non-commercial use (NON-COMMERCIAL use only), {place}",
        f"    e: ENCUMBERED, see https://a.org/licence, {place}",
    ]
    assert download_lines(config, ["d"])[0] == "To be fetched: 1 file."
    assert download_lines(config, []) == []


def test_a_display_of_another_is_left_alone():
    logger = logging.Logger("run")
    other = logging.StreamHandler(io.StringIO())
    logger.addHandler(other)
    show_jobs(logger, False, str)
    assert logger.handlers == [other]
    assert not isinstance(other, Display)


# --- The rest -------------------------------------------------------------------------------------


def simulated_left(durations, cores, ended):
    """The pace after the first `ended` jobs of a queue that runs on some cores, and the truth."""
    free, ends = [0.0] * cores, []
    for rule, seconds in durations:
        core = free.index(min(free))
        ends.append((free[core] + seconds, rule, seconds))
        free[core] += seconds
    now = sorted(ends)[ended - 1][0]
    pace = Pace()
    for rule, _ in durations:
        pace.waiting[rule] += 1
    for end, rule, seconds in ends:
        if end <= now:
            pace.ended(rule, seconds)
    running = [(rule, now - end + took) for end, rule, took in ends if end - took < now < end]
    return pace.left(running, now), max(free) - now


@pytest.mark.parametrize("cores", [1, 2, 4])
@pytest.mark.parametrize("ended", [24, 60, 100])
def test_the_time_left_is_right_where_rules_take_what_they_took(cores, ended):
    durations = [("tune", 600.0), ("probe", 120.0), ("plot", 60.0)] * 40
    said, truth = simulated_left(durations, cores, ended)
    words = re.fullmatch(r"about (?:(\d+) h )?(\d+) min left", said)
    minutes = 60 * int(words[1] or 0) + int(words[2])
    # At the end fewer jobs run at a time, which it cannot know: half of the longest job.
    assert minutes == pytest.approx(truth / 60, rel=0.05, abs=5)


def test_what_was_never_seen_makes_it_a_lower_bound():
    durations = [("write", 60.0)] * 10 + [("tune", 600.0)] * 10
    said, truth = simulated_left(durations, 1, 5)
    assert (said, truth) == ("more than 5 min left", 300 + 6000)


def test_nothing_is_said_before_the_first_job_has_ended_and_after_the_last():
    pace = Pace()
    assert pace.left([], 5.0) == ""
    pace.waiting["plot"] = 1
    assert pace.left([("plot", 5.0)], 5.0) == ""
    pace.ended("plot", 6.0)
    assert pace.left([], 6.0) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (99, "99 s"), (100, "2 min"), (5940, "99 min"), (7500, "2 h 5 min")],
)
def test_durations_in_words(seconds, words):
    assert in_words(seconds) == words


def test_a_log_is_shown_without_control_characters(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes(b"\x1b[31mred\x1b[0m\n\n 10%\r 100%\r\nname \xff\x07\ta\xc2\x9bx \n")
    shown = [f"    log: {log}", "    | red", "    |  10%", "    |  100%", "    | name �\tax"]
    assert log_tail(log) == shown
    log.write_bytes(b"")
    assert log_tail(log) == [f"    log: {log}, which is empty"]
    assert log_tail(tmp_path) == [f"    no log: {tmp_path}"]


def test_of_a_group_that_fails_the_jobs_that_say_why_are_shown(run, tmp_path):
    logs = {name: tmp_path / f"{name}.log" for name in ("good", "bad", "slurm")}
    logs["good"].write_text("done\n")
    logs["bad"].write_text("working\nError in rule tune: no such file\n")
    logs["slurm"].write_text("slurmstepd: error: Exceeded job memory limit\n")
    run.info(tune=3)
    run.say(LogEvent.GROUP_INFO, "Group job 7 (jobs in lexicogr. order):", group_id="7", jobs=[])
    for jobid in (1, 2, 3):
        run.start(jobid, "tune", seed=str(jobid))
    told = {"groupid": "7", "aux_logs": [str(logs["slurm"])], "job_error_info": [{}] * 3}
    run.say(LogEvent.GROUP_ERROR, "Error in group 7", logging.ERROR, **told)
    for jobid, log in ((1, logs["good"]), (2, logs["bad"]), (3, tmp_path / "never written")):
        text = {"rule_name": "tune", "log": [str(log)], "rule_msg": None, "indent": True}
        run.say(LogEvent.JOB_ERROR, "Error", logging.ERROR, jobid=jobid, aux={}, **text)
    assert run.lines()[-7:] == [
        "@ 0/3 FAILED: a group of 3 jobs",
        f"    log: {logs['slurm']}, what Slurm says in it",
        "    | slurmstepd: error: Exceeded job memory limit",
        "@ 0/3 FAILED: tune seed=2, after 0 s",
        f"    log: {logs['bad']}",
        "    | working",
        "    | Error in rule tune: no such file",
    ]
    assert "Group job" not in run.text()


def test_of_a_log_of_slurm_it_shows_why_slurm_ended_the_job(tmp_path):
    log = tmp_path / "7.log"
    reason = "slurmstepd-node1: error: StepId=7.0 exceeded memory limit (2 > 1), being killed"
    log.write_text("\n".join(["Building DAG", reason, reason, *["WorkflowError:"] * 20]))
    assert log_tail(log) == [f"    log: {log}, what Slurm says in it", f"    | {reason}"]


def test_only_the_end_of_a_long_log_is_read(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * 10**6 + b"\nlast\n")
    head, first, last = log_tail(log)
    assert head.startswith(f"    log: {log}")
    assert (first, last) == (f"    | {'x' * 500}", "    | last")


def test_the_plan_in_one_line():
    config = yaml.safe_load("""
        study: mine
        fine_tuned_encoders: [bert, electra]
        tasks: {parsing: {}, inference: {}}
        seeds: [3]
    """)
    assert plan_line(config, 89) == (
        "Study mine: 2 encoders (bert, electra); 2 tasks (parsing, inference); 1 seed (3); "
        "89 jobs to run."
    )
    assert plan_line(config, 1).endswith("; 1 job to run.")


def test_the_line_about_gpus_says_how_jobs_could_share_them():
    assert gpu_line(1, 1) == (
        "1 GPU, 1 job at a time; "
        "with --resources gpu=4, 4 would share each, if its memory has room."
    )
    assert gpu_line(2, 1).startswith("2 GPUs, 1 job at a time; with --resources gpu=8")
    assert gpu_line(2, 6) == "2 GPUs, 6 jobs at a time."
