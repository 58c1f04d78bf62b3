# What rules share: the checked configuration, the plan of the study over it, and the wiring between
# Snakemake and these. No other file of rules defines a function.

import os
import re
import sys

SCRIPTS = Path(workflow.basedir, "workflow_scripts")
# Our library, here and in every script, whatever else of that name the user's PYTHONPATH has.
sys.path.insert(0, str(SCRIPTS))
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [str(SCRIPTS), os.environ.get("PYTHONPATH")]))
)

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from bertology import run_times
from bertology.canonical import canonical
from bertology.claims.terminal import claims_summary
from bertology.configuration import check, with_latest_sources, with_only, without_removed
from bertology.display import FETCHES, download_lines, plan_line, show_jobs
from bertology.errors import InputError
from bertology.figures.registry import FIGURES, SECTIONS
from bertology.fingerprint import fingerprint, reached
from bertology.report.captions import captions
from bertology.study.memory import probing_mb, running_mb, training_mb
from bertology.study.paths import PERTURBED, TRANSPLANTED
from bertology.study.plan import STRUCTURE, Study, probe_kind, reader_module
from bertology.user_files import by_content, other_content, source_files
from bertology.variants import ABLATION
from bertology.why import Planned, why_table

# Snakemake lists the files of the command line first, though they are merged last.
DEFAULT = Path(workflow.basedir, "config.yaml")
OVERLAYS = [Path(name) for name in workflow.configfiles if Path(name) != DEFAULT]

FILES = [Path(os.path.relpath(path)) for path in (DEFAULT, *OVERLAYS)]
SCHEMA = Path(workflow.basedir, "schemas", "config.schema.yaml")

try:
    config = with_only(config, FILES, SCHEMA, dict(workflow.config_settings.config))
    config = with_latest_sources(without_removed(config), FILES)
    check(config, FILES, SCHEMA)
except InputError as error:
    raise WorkflowError(f"The configuration has mistakes.\n{error}")
if workflow.is_main_process:
    for path in other_content(config):
        logger.warning(f"{path} is not the file that `downloads` means, and is not used.")
STUDY = Study(canonical(config))
PATHS = STUDY.paths
# For the report: what it fills into captions, and, since Snakemake takes one caption for a rule, the
# figures' own ones, which the rule for all figures looks up.
config = {
    **STUDY.config,
    "captions": captions(Path(workflow.basedir, "report"), FIGURES, STUDY.config),
}
CODE = {}  # which script and modules a fingerprint is of

# The same pattern as in the schema.
NAME = "[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*"
TUNED = f"{NAME}/{NAME}/full/seed-[0-9]+"
ENCODER = (
    f"{NAME}|{TUNED}(?:/(?:step-[0-9]+|{PERTURBED}))?"  # models that are a Hugging Face folder
)


wildcard_constraints:
    annotation=f"{NAME}/{NAME}",
    encoder=NAME,
    figure="|".join(FIGURES),
    model=f"{ENCODER}|{TUNED}/{TRANSPLANTED}",
    reference=f"(?:permuted/)?{NAME}(?:/{NAME}/full/seed-[0-9]+)?",
    phenomenon=NAME,
    probe_seed="[0-9]+",
    seed="[0-9]+",
    stimuli=f"(?:probes/)?{NAME}",
    task=NAME,
    text=NAME,
    variant=ABLATION,


def code(script, *modules):
    """The fingerprint of the code that a rule's script can reach; `modules` it imports by name."""
    value = fingerprint(SCRIPTS / f"{script}.py", modules)
    CODE[value] = script, modules
    return value


def edited(job):
    """The files of a job's code, below the library, that are newer than what it has made."""
    made = [Path(path).stat().st_mtime for path in job.output if Path(path).is_file()]
    script, modules = CODE[job.params.code]
    files = reached(SCRIPTS / f"{script}.py", modules) if made else []
    newer = [path for path in files if path.stat().st_mtime > min(made)]
    return [str(path.relative_to(SCRIPTS.resolve())).removeprefix("bertology/") for path in newer]


def any_of(names):
    """A pattern for a wildcard that has one of these values."""
    return "|".join(names) or "(?!)"


def large(output):
    """An output that goes when it was read for the last time, if the study says so."""
    return output if config["activations"]["keep"] else temp(output)


def corpus_files(wildcards):
    """The files that a corpus is read from, by key; none for one from the hub.

    The age of those that are fetched counts: otherwise Snakemake does not look at what reads them.
    """
    files = source_files(STUDY.origin(wildcards.annotation))
    fetched = STUDY.hashes()
    return {key: path if path in fetched else ancient(path) for key, path in files.items()}


def encoder_files(wildcards):
    """The user's own files that an encoder is made from; none for one from elsewhere."""
    return [
        ancient(path) for path in source_files(STUDY.encoder_source(wildcards.encoder)).values()
    ]


def report_source(name):
    """A file of the report's templates and captions, relative to where Snakemake runs."""
    return os.path.relpath(os.path.realpath(Path(workflow.basedir, "report", name)))


def report_category(section):
    """A section of Snakemake's report, numbered in order; claims are the first."""
    return f"{SECTIONS.index(section) + 2} {section}"


def print_results():
    """Print what each rule took, the verdicts on the claims, and where the results are."""
    print(run_times.summary(Path(PATHS.benchmarks)))
    verdicts = Path(STUDY.table("claims"))
    if verdicts.exists():
        print(claims_summary(verdicts))
    first = ": look at index.html first" if Path(PATHS.results, "index.html").exists() else ""
    print(f"Results are in {PATHS.results}{first}.")


def reasons():
    """Say what would run and why, and which files would be fetched."""
    dag = workflow.dag
    levels = (sorted(level, key=str) for level in dag.toposorted())
    jobs = [job for level in levels for job in level if job.output and dag.needrun(job)]
    before = {job: frozenset(map(str, filter(dag.needrun, dag.dependencies[job]))) for job in jobs}
    planned = [
        Planned(job.rule.name, dag.reason(job), before[job], Path(job.benchmark), edited(job))
        for job in jobs
    ]
    fetched = [job.wildcards.file for job in jobs if job.rule.name == FETCHES]
    table = why_table(planned, run_times.Times(Path(PATHS.benchmarks)))
    return [*table, *download_lines(STUDY.config, fetched)]


# Jobs of a cluster, and scripts, read this file again and show nothing; --verbose has all of
# Snakemake's own display.
if workflow.is_main_process and not workflow.output_settings.verbose:
    show_jobs(
        logger,
        workflow.output_settings.dryrun,
        lambda jobs: plan_line(STUDY.config, jobs),
        lambda files: download_lines(STUDY.config, files),
        # `snakemake --dry-run --quiet`
        reasons if workflow.output_settings.dryrun and workflow.output_settings.quiet else None,
    )
