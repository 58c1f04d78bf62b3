# What rules share: the checked configuration, the plan of the study over it, and the wiring between
# Snakemake and these. No other file of rules defines a function.

import copy
import gc
import os
import re
import sys
from functools import cache

from snakemake.exceptions import WorkflowError

# A plan of thousands of jobs is objects that all stay in use: a tenth of the time went into looking them through.
gc.set_threshold(100_000, 50, 100)

# Of the file that is being read, not `workflow.basedir`: another workflow may include this one, or have it as a module.
HERE = str(workflow.current_basedir)
if not Path(HERE).is_dir():
    raise WorkflowError(
        f"found the Snakefile of bertology at {HERE}; allowed: that of a clone on this machine, whose library its jobs use"
    )
ROOT = Path(HERE).parent
SCRIPTS = ROOT / "workflow_scripts"
# Our library, here and in every script, whatever else of that name the user's PYTHONPATH has.
sys.path.insert(0, str(SCRIPTS))
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [str(SCRIPTS), os.environ.get("PYTHONPATH")]))
)

from snakemake.logging import logger
from snakemake.utils import update_config

from bertology import run_times
from bertology.canonical import canonical
from bertology.claims.terminal import claims_summary
from bertology.configuration import (
    beside_their_study,
    check,
    with_latest_sources,
    with_only,
    without_removed,
)
from bertology.display import download_lines, plan_line, show_jobs
from bertology.errors import InputError
from bertology.figures.registry import FIGURES, SECTIONS
from bertology.fingerprint import fingerprint
from bertology.report.captions import captions
from bertology.study.memory import probing_mb, running_mb, training_mb
from bertology.study.paths import PERTURBED, TRANSPLANTED
from bertology.study.plan import STRUCTURE, Study, probe_kind, reader_module
from bertology.study_files import read_study
from bertology.user_files import by_content, other_content, source_files
from bertology.variants import ABLATION

# For --sdm apptainer; `make container` builds it. No absolute path, so that a project may move.
CONTAINER = os.path.relpath(ROOT / "envs" / "bertology.sif")
if "APPTAINER" in {method.name for method in workflow.deployment_settings.deployment_method}:
    if not Path(CONTAINER).is_file():
        raise WorkflowError(
            f"found no {CONTAINER}; allowed: the image that `make container` builds"
        )

DEFAULT = ROOT / "config.yaml"
SCHEMA = ROOT / "schemas" / "config.schema.yaml"
# What is laid over config.yaml: of the command line, of a workflow that includes this one or has it as a module.
ASKED = copy.deepcopy(config)


configfile: DEFAULT


AS_MODULE = not workflow.modifier.is_main_snakefile()
if AS_MODULE:
    FILES = [DEFAULT, (f"configuration of module {__name__}", ASKED)]
    COMMAND_LINE = {}
else:
    # Snakemake lists the files of the command line first, though they are merged last.
    OVERLAYS = [Path(name) for name in workflow.configfiles if Path(name) != DEFAULT]
    FILES = [Path(os.path.relpath(path)) for path in (DEFAULT, *OVERLAYS)]
    COMMAND_LINE = dict(workflow.config_settings.config)

try:
    if AS_MODULE:
        config = read_study(DEFAULT)
    update_config(config, ASKED)
    config = with_only(config, FILES, SCHEMA, COMMAND_LINE)
    config = with_latest_sources(without_removed(config), FILES)
    config = beside_their_study(config, FILES, COMMAND_LINE)
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
    "captions": captions(ROOT / "report", FIGURES, STUDY.config),
}
# Jobs of a cluster, and scripts, read this file again and show nothing; a workflow that has this one as a module shows
# what it likes; --verbose has all of Snakemake's own display.
if workflow.is_main_process and not workflow.output_settings.verbose and not AS_MODULE:
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


@cache  # Thousands of jobs ask for the same few.
def code(script, *modules):
    """The fingerprint of the code that a rule's script can reach; `modules` it imports by name."""
    return fingerprint(SCRIPTS / f"{script}.py", modules)


def any_of(names):
    """A pattern for a wildcard that has one of these values."""
    return "|".join(names) or "(?!)"


def large(output):
    """An output that goes when it was read for the last time, if the study says so."""
    return output if config["activations"]["keep"] else temp(output)


def users_own(path):
    """A file of the user's: it counts by content, and has no module's prefix before its path."""
    return ancient(local(path))


def corpus_files(wildcards):
    """The files that a corpus is read from, by key; none for one from the hub."""
    files = source_files(STUDY.origin(wildcards.annotation))
    fetched = STUDY.hashes()
    return {
        split: ancient(path) if path in fetched else users_own(path)
        for split, path in files.items()
    }


def encoder_files(wildcards):
    """The user's own files that an encoder is made from; none for one from elsewhere."""
    return [
        users_own(path) for path in source_files(STUDY.encoder_source(wildcards.encoder)).values()
    ]


def report_source(name):
    """A file of the report's templates and captions, relative to where Snakemake runs."""
    return local(os.path.relpath(os.path.realpath(ROOT / "report" / name)))


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
