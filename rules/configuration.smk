# The library, the checked configuration, and the plan of the study over it.

import copy
import gc
import os
import re
import sys

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

from bertology.canonical import canonical
from bertology.configuration import (
    beside_their_study,
    check,
    with_latest_sources,
    with_only,
    without_removed,
)
from bertology.errors import InputError
from bertology.figures.registry import FIGURES
from bertology.report.captions import captions
from bertology.study.plan import Study
from bertology.study_files import read_study
from bertology.user_files import other_content

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
