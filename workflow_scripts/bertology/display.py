"""What a study shows while it runs: a line for each job that ends, and what is left.

Snakemake's own display lists the files of every job. This one stands in its place; all that
Snakemake says otherwise is still in its log file (.snakemake/log). It reads the log records that
Snakemake hands to logger plugins, by their names, and adds no control characters but, in a
terminal, those that keep a last line up to date.
"""

import logging
import re
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bertology.shortage import less_memory
from bertology.study.cost import Account, account
from bertology.study.plan import Study

Plan = Callable[[Mapping[str, int]], str]
Why = Callable[[], list[str]]
Downloads = Callable[[Sequence[str]], list[str]]

DEFAULT_HANDLER = "DefaultStreamHandler"
"""The name that Snakemake gives to the handler of its own display."""
TAIL = 12
"""Lines of a failed job's log that are shown."""
TAIL_BYTES = 50_000
TAIL_WIDTH = 500
"""Characters of each of these lines that are shown."""
LEAST = 10
"""Seconds from which on a lower bound of the time left is shown."""
UNSAID = ("workflow_started", "job_started", "resources_info", "progress")
"""Records that say nothing to a user beyond the lines of jobs."""
ROUTINE = (
    *("Select jobs to execute", "Using shell:", "Conda environments: ignored"),
    *(
        "Storing in storage",
        "Finished upload",
        "Removing local copy of",
        "Skipped removing non-empty",
    ),
    "RuleException:\nCalledProcessError in file",
)
"""Messages of which the same holds: of a script that fails, its log says why."""
KILLED = re.compile(
    r"\.(\w+)\.py' (?:died with <Signals\.SIGKILL|returned non-zero exit status 137)"
)
"""How Snakemake says that the script of a rule was killed; the system does so to free memory."""
LOCKED = "Directory cannot be locked"
"""How it says that another Snakemake is at work, or was killed."""
NOTHING = "Nothing to be done"
CLEAR = "\r\x1b[J"
BELOW = "\n{}\x1b[A\r"
"""The last line, below an empty one in which the cursor waits for what a job itself may print."""
FETCHES = "fetch_file"
"""The rule whose jobs a dry run lists with the licences of what they fetch."""
NON_COMMERCIAL = re.compile(r"\bnc\b|non-?\s?commercial", flags=re.IGNORECASE)
FAILURE = re.compile(r"^    \| (Error in rule|Traceback|\w+Error\b)")
"""How a line of a log is shown that says why its job failed."""
SLURM_SAYS = re.compile(r"^slurmstepd\S*: error: ")
"""In a log of Slurm, why it ended a job: its memory, its time, scancel."""
NOT_PRINTED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plan_line(config: Mapping[str, Any], jobs: int) -> str:
    """Return the one line that says what a study (a checked configuration) will do."""
    parts = [
        _counted("encoder", config["fine_tuned_encoders"]),
        _counted("task", list(config["tasks"])),
        _counted("seed", config["seeds"]),
        f"{jobs} job{'s' * (jobs != 1)} to run",
    ]
    return f"Study {config['study']}: {'; '.join(parts)}."


def plan_lines(
    study: Study, jobs: Mapping[str, int], cores: int | None, gpus: int, at_a_time: int | None
) -> str:
    """Say what so many jobs of each rule will do, and what they will take or which GPUs they use.

    gpus: of this machine, 0 where jobs run elsewhere. at_a_time: how many jobs may use them, None
    where none is needed.
    """
    lines = [plan_line(study.config, sum(jobs.values()))]
    if jobs and not study.config["gpus"]:
        lines.append(cost_line(account(study, jobs), cores or 1))
    elif jobs and gpus and at_a_time:
        lines.append(gpu_line(gpus, at_a_time))
    return "\n".join(lines)


def gpu_line(gpus: int, at_a_time: int) -> str:
    """Return the line that says how many jobs share the GPUs, and how more could."""
    line = f"{gpus} GPU{'s' * (gpus != 1)}, {at_a_time} job{'s' * (at_a_time != 1)} at a time"
    if at_a_time > gpus:
        return f"{line}."
    return f"{line}; with --resources gpu={4 * gpus}, 4 would share each, if its memory has room."


def cost_line(needs: Account, cores: int) -> str:
    """Return the line that says what this will take, on so many cores of this machine."""
    parts = [
        f"{in_words(needs.seconds / cores)} on {cores} core{'s' * (cores != 1)}",
        *([f"{in_gigabytes(needs.memory)} of memory a job"] if needs.memory else []),
        f"{in_gigabytes(needs.disk)} of disk",
    ]
    return f"It will take {'about' if needs.whole else 'more than'} {', '.join(parts)}."


def in_gigabytes(mebibytes: float) -> str:
    """Return a size as people say it: 0.3 GB, 2.1 GB, 18 GB."""
    size = mebibytes * 2**20 / 1e9
    return f"{size:.0f} GB" if size >= 9.5 else f"{size:.1f} GB"


def download_lines(config: Mapping[str, Any], files: Sequence[str]) -> list[str]:
    """Return the lines that say which files a study will fetch, and under what licences.

    `files` are names of `downloads` in a checked configuration. No files, no lines.
    """
    lines = [f"To be fetched: {len(files)} file{'s' * (len(files) != 1)}."] if files else []
    for name in sorted(files):
        entry = config["downloads"][name]
        mark = " (NON-COMMERCIAL use only)" if NON_COMMERCIAL.search(entry["licence"]) else ""
        lines.append(f"    {name}: {entry['licence']}{mark}, from {' or '.join(entry['urls'])}")
    return lines


def _counted(thing: str, names: Sequence[Any]) -> str:
    return f"{len(names)} {thing}{'s' * (len(names) != 1)} ({', '.join(map(str, names))})"


def in_words(seconds: float) -> str:
    """Return a duration as people say it: 8 s, 3 min, 2 h 5 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


@dataclass
class Job:
    """A job that runs: its rule, that and its wildcards in words, and since when, in seconds."""

    rule: str
    name: str
    start: float


@dataclass
class Pace:
    """How long jobs of each rule took so far, in seconds, and how many are still to come."""

    waiting: Counter[str] = field(default_factory=Counter)
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def ended(self, rule: str, seconds: float) -> None:
        """Count a job that has ended well."""
        self.waiting[rule] -= 1
        self.took[rule].append(seconds)

    def left(self, running: Sequence[tuple[str, float]], elapsed: float) -> str:
        """Say how long the rest will take; `running` is rule and age of each job that runs.

        Jobs take as long as those of their rule did, as many at a time as so far. It is a lower
        bound, and says so, while more than a tenth of what is left is of rules that no job has
        been seen of. Empty before the first job has ended, after the last, and for a bound below
        LEAST.
        """
        waiting = {rule: count for rule, count in self.waiting.items() if count > 0}
        if not waiting or not self.took or elapsed <= 0:
            return ""
        means = {rule: sum(times) / len(times) for rule, times in self.took.items()}
        work = sum(means.get(rule, 0) * count for rule, count in waiting.items())
        work -= sum(min(age, means.get(rule, 0)) for rule, age in running)
        done = sum(map(sum, self.took.values())) + sum(age for _, age in running)
        unseen = sum(count for rule, count in waiting.items() if rule not in means)
        sure = unseen <= sum(waiting.values()) / 10
        seconds = max(work, 0) * elapsed / max(done, 1e-9)
        if sure:
            return f"about {in_words(seconds)} left"
        return f"more than {in_words(seconds)} left" if seconds >= LEAST else ""


class Display(logging.Handler):
    """Shows Snakemake's records as lines of jobs, in the place of its own handler `inner`.

    What it has no line for, warnings and errors above all, `inner` shows. With `why`, lines that
    say what would run and why stand in the place of all else but these.
    """

    def __init__(
        self, inner: Any, dry_run: bool, plan: Plan, downloads: Downloads, why: Why | None = None
    ) -> None:
        super().__init__(inner.level)
        self.filters = [] if why else inner.filters
        self.inner, self.dry_run, self.plan, self.downloads = inner, dry_run, plan, downloads
        self.why = why
        self.terminal = bool(inner.stream.isatty()) and not dry_run
        self.jobs: dict[int, Job] = {}
        self.fetched: list[str] = []
        self.pace = Pace()
        self.start, self.total, self.done = 0.0, 0, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record: as its lines, not at all, or as `inner` does."""
        event = str(getattr(getattr(record, "event", None), "value", ""))
        shown = getattr(self, f"_{event}", None)
        try:
            lines = shown(record) if shown else self._other(event, record)
        except (AttributeError, KeyError):
            lines = None  # A record without what we read, of another version or under --quiet.
        if self.terminal:
            self._write(CLEAR, end="")
        if lines is None:
            self.inner.emit(record)
        elif lines:
            self._write("\n".join(lines))
        if self.terminal and self.jobs:
            self._write(BELOW.format(self._status(record.created)), end="")

    def close(self) -> None:
        """Take the last line away."""
        if self.terminal:
            self._write(CLEAR, end="")
        super().close()

    def _write(self, text: str, end: str = "\n") -> None:
        self.inner.stream.write(text + end)
        self.inner.stream.flush()

    def _other(self, event: str, record: logging.LogRecord) -> list[str] | None:
        if event in UNSAID and not self.dry_run:
            return []
        message = str(record.msg)
        if killed := KILLED.search(message):
            return list(_killed(killed[1]))
        if LOCKED in message:
            return list(_locked(Path.cwd()))
        if self.why and record.levelno < logging.WARNING:
            return [message] if message.startswith(NOTHING) else []
        return [] if message.startswith(ROUTINE) else None

    def _run_info(self, record: Any) -> list[str]:
        stats = dict(record.stats)
        first, self.total = self.total == 0, stats.pop("total")
        self.pace.waiting = Counter(stats)
        self.start = record.created
        # A dry run has its table a second time, at the end, when all its jobs are known.
        before = [self.plan(stats)] if first else []
        if self.why:
            return [*before, *self.why()]
        return [*before, str(record.msg), *self.downloads(self.fetched)]

    def _job_info(self, record: Any) -> list[str] | None:
        if self.dry_run:
            if record.rule_name == FETCHES:
                self.fetched.append(record.wildcards["file"])
            return None if record.output else [f"target {record.rule_name}:", *_target(record)]
        name = " ".join([record.rule_name, *(f"{k}={v}" for k, v in record.wildcards.items())])
        self.jobs[record.jobid] = Job(record.rule_name, name, record.created)
        return []

    def _job_finished(self, record: Any) -> list[str]:
        job = self.jobs.pop(record.job_id)
        seconds = record.created - job.start
        self.pace.ended(job.rule, seconds)
        self.done += 1
        parts = [job.name, in_words(seconds), self._left(record.created)]
        return [f"{self._count(record.created)} {', '.join(filter(None, parts))}"]

    def _group_info(self, record: Any) -> list[str]:
        return []

    def _group_error(self, record: Any) -> list[str]:
        """Show what the scheduler says of a group; its jobs come after it, one by one."""
        jobs = len(record.job_error_info)
        line = f"{self._count(record.created)} FAILED: a group of {jobs} job{'s' * (jobs != 1)}"
        return [line, *(line for log in record.aux_logs for line in log_tail(Path(log)))]

    def _job_error(self, record: Any) -> list[str]:
        job = self.jobs.pop(record.jobid)
        self.pace.waiting[job.rule] -= 1
        if getattr(record, "indent", False) and not any(map(says_why, map(Path, record.log))):
            return []  # One of a group: another one failed, and all are reported.
        seconds = in_words(record.created - job.start)
        lines = [f"{self._count(record.created)} FAILED: {job.name}, after {seconds}"]
        if record.rule_msg:
            lines += [f"    {line}" for line in str(record.rule_msg).splitlines()]
        lines += [f"    {key}: {value}" for key, value in record.aux.items()]
        return [*lines, *(line for log in record.log for line in log_tail(Path(log)))]

    def _count(self, now: float) -> str:
        width = len(str(self.total))
        return f"{time.strftime('%H:%M:%S', time.localtime(now))} {self.done:{width}}/{self.total}"

    def _left(self, now: float) -> str:
        running = [(job.rule, now - job.start) for job in self.jobs.values()]
        return self.pace.left(running, now - self.start)

    def _status(self, now: float) -> str:
        """Return the last line of a terminal: what runs, and how long the rest will take."""
        names = [job.name for job in self.jobs.values()]
        parts = [f"{self.done}/{self.total} done", self._left(now), f"running: {'; '.join(names)}"]
        return ", ".join(filter(None, parts))[: shutil.get_terminal_size().columns - 1]


def _killed(rule: str) -> Iterator[str]:
    yield f"The system killed a job of {rule} (SIGKILL), most likely because memory was short:"
    yield f"    {less_memory(rule)}."


def _locked(folder: Path) -> Iterator[str]:
    yield f"{folder} is locked: another Snakemake makes the same files, or was killed (kill -9)."
    yield "    If one is at work (ps -u $USER | grep snakemake): wait for its end."
    yield "    If none is: call it with --unlock added to the same command, then without it again."
    yield "    What was half done is then done anew, and training goes on after its last epoch."


def _target(record: Any) -> Iterator[str]:
    yield f"    {len(record.input)} files"
    yield f"    reason: {str(record.reason).split(':')[0]}"


def says_why(log: Path) -> bool:
    """Whether a job's log says that it failed; a job of a group that did not fail has another."""
    return any(FAILURE.match(line) for line in log_tail(log))


def log_tail(log: Path) -> list[str]:
    """Return the path of a log and its last lines, indented, without control characters.

    Of a log of Slurm, where Slurm ended the job, what it says of that.
    """
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return [f"    no log: {log}"]
    lines = [NOT_PRINTED.sub("", line).rstrip() for line in re.split(r"[\r\n]+", text)]
    lines = [line for line in lines if line]
    said = list(dict.fromkeys(line for line in lines if SLURM_SAYS.match(line)))
    shown = (said or lines)[-TAIL:]
    more = f", its last {TAIL} lines" if len(lines) > TAIL else "" if lines else ", which is empty"
    more = ", what Slurm says in it" if said else more
    return [f"    log: {log}{more}", *(f"    | {line[:TAIL_WIDTH]}" for line in shown)]


def show_jobs(
    logger: logging.Logger,
    dry_run: bool,
    plan: Plan,
    downloads: Downloads = lambda files: [],
    why: Why | None = None,
) -> None:
    """Put the display in the place of Snakemake's own, where a plugin has not done so already.

    `plan` says what a run of so many jobs of each rule will do, `downloads` what a dry run says of
    files that would be fetched, `why` what a quiet one says of each rule in the place of
    Snakemake's jobs.
    """
    for handler in [handler for handler in logger.handlers if handler.name == DEFAULT_HANDLER]:
        logger.removeHandler(handler)
        logger.addHandler(Display(handler, dry_run, plan, downloads, why))
