"""Why jobs would run: Snakemake's reasons in words, in a table with the time that they take.

The reasons are read by their names, as Snakemake's objects have them, and so are settings: as the
texts that Snakemake compares.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertology.display import in_words
from bertology.run_times import Times

HEADER = ("rule", "jobs", "time", "why")
SHOWN = 40
"""Characters of a value that a line shows."""
ABOVE, EDITED = 3, 3
"""Rules before another, and edited files, that a line shows."""
NUMBERS = ("jobs", "seconds", "unknown")
"""What lines are summed by."""
CODE = re.compile(r"[0-9a-f]{16}")
"""What `fingerprint` gives."""
WORDS = {
    "forced": "asked for",
    "incomplete_output": "not finished",
    "missing_output": "not there yet",
    "software_stack_changed": "another environment",
    "input_changed": "made from other files",
}
"""What Snakemake's reasons mean, but for settings, files and other jobs."""


@dataclass(frozen=True)
class Planned:
    """A job that would run.

    reason: Snakemake's. after: the rules of the jobs before it that would run too. benchmark: the
    file that says how long it took. edited: files of its code that are newer than what it made.
    """

    rule: str
    reason: Any
    after: frozenset[str]
    benchmark: Path
    edited: Sequence[str] = ()


@dataclass(frozen=True)
class Line:
    """Jobs of a rule that would run for one reason. unknown: of how many the time is not known."""

    rule: str
    why: str
    jobs: int
    seconds: float
    unknown: int

    def time(self) -> str:
        """Say how long they take: of the jobs alone that have been seen, if there are any."""
        if self.unknown == self.jobs:
            return "?"
        return f"{'> ' if self.unknown else ''}{in_words(self.seconds)}"


def why_table(jobs: Sequence[Planned], times: Times) -> list[str]:
    """Return a table of what would run, with a line for each rule and reason, and their sum.

    Rules are in the order of `jobs`. A job takes as long as it took, or else as jobs of its rule
    did; the time is that of all jobs one after another.
    """
    lines = list(_lines(jobs, times))
    total = Line("all", "", *(sum(getattr(line, key) for line in lines) for key in NUMBERS))
    cells = [HEADER, *((x.rule, str(x.jobs), x.time(), x.why) for x in (*lines, total))]
    rule, count, time = (max(len(row[column]) for row in cells) for column in range(3))
    return [f"{a:<{rule}}  {b:>{count}}  {c:>{time}}  {d}".rstrip() for a, b, c, d in cells]


def _lines(jobs: Sequence[Planned], times: Times) -> Iterator[Line]:
    groups: dict[str, dict[str, list[Planned]]] = {}
    for job in jobs:
        groups.setdefault(job.rule, {}).setdefault(own_reason(job), []).append(job)
    for rule, by_reason in groups.items():
        for why, alike in by_reason.items():
            above = sorted(frozenset().union(*(job.after for job in alike)))
            took = [times.of(rule, job.benchmark) for job in alike]
            known = [seconds for seconds in took if seconds is not None]
            text = why or f"after {_some(above, ABOVE)}"
            yield Line(rule, text, len(alike), sum(known), len(took) - len(known))


def own_reason(job: Planned) -> str:
    """Say why a job would run by itself; nothing where it is only because jobs before it do."""
    found = [words for name, words in WORDS.items() if getattr(job.reason, name)]
    if job.reason.params_changed:
        before, now = (getattr(job.reason.params_changed, f"only_{x}") for x in ("old", "new"))
        found += changed_settings(before, now, job.edited)
    if job.reason.updated_input:
        found.append(f"newer: {_some(sorted(map(str, job.reason.updated_input)), 1)}")
    return "; ".join(found)


def _some(names: Sequence[str], most: int) -> str:
    """List so many of some names, and say how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def changed_settings(before: set[str], now: set[str], edited: Sequence[str] = ()) -> list[str]:
    """Say how settings differ that are in one of two sets alone, as Python writes them.

    edited: files of code of which some have changed, if the fingerprint of the code has.
    """
    old, new = ([_read(text) for text in sorted(each)] for each in (before, now))
    codes = any(_is_code(value) for value in (*old, *new))
    old, new = ([value for value in each if not _is_code(value)] for each in (old, new))
    said = [f"its code{': ' if edited else ''}{_some(edited, EDITED)}"] if codes else []
    while old and new:
        first = old.pop()
        second = max(new, key=lambda value: _likeness(first, value))
        new.remove(second)
        said += _differences("", first, second)
    return said + [f"no more {_shown(value)}" for value in old] + [f"now {_shown(x)}" for x in new]


def _read(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # such as nan


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and bool(CODE.fullmatch(value))


def _likeness(first: Any, second: Any) -> tuple[bool, int]:
    """Say how much two values look like one setting: their type, and keys that both have."""
    both = isinstance(first, dict) and isinstance(second, dict)
    return type(first) is type(second), len(first.keys() & second.keys()) if both else 0


def _differences(key: str, old: Any, new: Any) -> Iterator[str]:
    """Give each setting that differs, by its dotted key."""
    if isinstance(old, dict) and isinstance(new, dict):
        for part in sorted(old.keys() | new.keys(), key=str):
            if old.get(part) != new.get(part):
                yield from _differences(
                    f"{key}.{part}" if key else part, old.get(part), new.get(part)
                )
    elif _are_rows(old) and _are_rows(new):
        yield f"{len(old)} rows → {len(new)}" if len(old) != len(new) else "other rows"
    else:
        yield f"{key} {_shown(old)} → {_shown(new)}".strip()


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
