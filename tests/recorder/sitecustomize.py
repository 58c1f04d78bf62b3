"""Notes what a job of a workflow has used, when its process ends.

Python loads this by itself where its folder is in PYTHONPATH. With a folder in USED_BY_JOBS, each
process that runs a rule's script leaves a JSON file there: the job (its first output), the files
of the library that it has loaded, and the results that it has opened.
"""

import atexit
import json
import os
import sys
from pathlib import Path

OPENED: set[str] = set()


def note_opening(event, arguments):
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        OPENED.add(os.path.abspath(os.fsdecode(arguments[0])))  # noqa: PTH100 (it opens nothing)


def below(folder, paths):
    """Those of some paths that lie below a folder, relative to it."""
    found = (Path(path) for path in paths)
    return sorted({str(path.relative_to(folder)) for path in found if folder in path.parents})


def leave_note():
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if job is None:
        return
    here = Path.cwd()
    loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    note = {
        "job": job.output[0],
        "loaded": below(here / "workflow_scripts", filter(None, loaded)),
        "opened": below(here, (path for path in OPENED if path.startswith(f"{here}/results/"))),
    }
    path = Path(os.environ["USED_BY_JOBS"], f"{os.getpid()}-{job.rule}.json")
    path.write_text(json.dumps(note))


if "USED_BY_JOBS" in os.environ and ".snakemake/scripts" in " ".join(sys.orig_argv):
    sys.addaudithook(note_opening)
    atexit.register(leave_note)
