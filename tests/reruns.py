"""Which jobs must run again after a change, from the plans before and after it.

A job must if it is new, if what it is told differs (its parameters, the list of its input files),
or if a job must that it reads from. This does not ask Snakemake, which compares parameters as sets
of values, without names, and keeps what it compares in files of its own.
"""

from collections.abc import Iterable

from plans import Plan


def stale(plan: Plan) -> set[str]:
    """Name the jobs that Snakemake would run."""
    return {name for name, job in plan.items() if job.stale}


def told_otherwise(before: Plan, now: Plan) -> set[str]:
    """Name the jobs that are new, or are told something else than before."""

    def told(plan, name):
        job = plan[name]
        return job.rule, job.params, sorted(job.input)

    return {name for name in now if name not in before or told(now, name) != told(before, name)}


def with_all_below(plan: Plan, names: Iterable[str]) -> set[str]:
    """Add to jobs all that read what they make, directly or not."""
    found, waiting = set(names), list(names)
    while waiting:
        above = waiting.pop()
        new = [name for name, job in plan.items() if above in job.before and name not in found]
        found.update(new)
        waiting += new
    return found


def first(plan: Plan, names: set[str]) -> set[str]:
    """Keep those of some jobs that read nothing, directly or not, that another of them makes."""
    return {name for name in names if not names & _above(plan, name)}


def _above(plan: Plan, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(plan[waiting.pop()].before) - found
        found |= new
        waiting += new
    return found
