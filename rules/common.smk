# What rules share: the checked configuration, the plan of the study over it, and the wiring between
# Snakemake and these. No other file of rules defines a function.

import os
import re
import sys
from functools import cache

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
from bertology.display import download_lines, plan_line, show_jobs
from bertology.errors import InputError
from bertology.figures.registry import FIGURES, SECTIONS
from bertology.fingerprint import fingerprint
from bertology.gpus import check_slurm, check_this_machine, visible_gpus
from bertology.report.captions import captions
from bertology.study.memory import probing_mb, running_mb, training_mb
from bertology.study.paths import PERTURBED, TRANSPLANTED
from bertology.study.runtime import (
    perturbing_minutes,
    probing_minutes,
    reverting_minutes,
    running_minutes,
    training_minutes,
)
from bertology.study.plan import STRUCTURE, Study, probe_kind, reader_module
from bertology.user_files import by_content, other_content, source_files
from bertology.variants import ABLATION

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
# Jobs of a cluster, and scripts, read this file again and show nothing; --verbose has all of
# Snakemake's own display.
if workflow.is_main_process and not workflow.output_settings.verbose:
    show_jobs(
        logger,
        workflow.output_settings.dryrun,
        lambda jobs: plan_line(STUDY.config, jobs),
        lambda files: download_lines(STUDY.config, files),
    )

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


# Rules ask for it by a function, so that each job of a cluster, which reads this file again, looks at the
# code of its own rule alone: a sixth of the time until it starts.
@cache
def code(script, *modules):
    """The fingerprint of the code that a rule's script can reach; `modules` it imports by name."""
    return fingerprint(SCRIPTS / f"{script}.py", modules)


def any_of(names):
    """A pattern for a wildcard that has one of these values."""
    return "|".join(names) or "(?!)"


def large(output):
    """An output that goes when it was read for the last time, if the study says so."""
    return output if config["activations"]["keep"] else temp(output)


def growing(amount):
    """So much of a resource, and as much again each time that the job is tried again."""
    return lambda wildcards, attempt: attempt * amount


def corpus_files(wildcards):
    """The files that a corpus is read from, by key; none for one from the hub."""
    files = source_files(STUDY.origin(wildcards.annotation))
    return {split: ancient(path) for split, path in files.items()}


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


def gpus_allowed():
    """How many GPUs jobs may use at a time, if the user says so: `--resources gpu=N`."""
    return workflow.global_resources.get("gpu").value


def check_gpus():
    """Stop where the study asks for a GPU and none is there."""
    try:
        if workflow.local_exec and not workflow.touch:
            check_this_machine(gpus_allowed())
        elif workflow.executor_plugin.name == "slurm":
            check_slurm()
    except InputError as error:
        raise WorkflowError(str(error))


def print_results():
    """Print what each rule took, the verdicts on the claims, and where the results are."""
    print(run_times.summary(Path(PATHS.benchmarks)))
    verdicts = Path(STUDY.table("claims"))
    if verdicts.exists():
        print(claims_summary(verdicts))
    first = ": look at index.html first" if Path(PATHS.results, "index.html").exists() else ""
    print(f"Results are in {PATHS.results}{first}.")


# On a machine of one's own, which no number of jobs is said for, each GPU is used by one job at a time.
if config["gpus"] and workflow.is_main_process and workflow.resource_settings.nodes is None:
    if gpus_allowed() is None and visible_gpus():
        workflow.register_resource("gpu", len(visible_gpus()))


onstart:
    if config["gpus"]:
        check_gpus()
