# What rules share: the wiring between Snakemake and the plan of the study.

from functools import cache

from bertology.figures.registry import FIGURES, SECTIONS
from bertology.fingerprint import fingerprint, reached
from bertology.study.memory import probing_mb, running_mb, training_disk_mb, training_mb
from bertology.study.paths import PERTURBED, TRANSPLANTED
from bertology.study.runtime import (
    perturbing_minutes,
    probing_minutes,
    reverting_minutes,
    running_minutes,
    training_minutes,
)
from bertology.study.plan import STRUCTURE, probe_kind, reader_module
from bertology.user_files import by_content, source_files
from bertology.variants import ABLATION

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
    phenomenon=NAME,
    probe_seed="[0-9]+",
    seed="[0-9]+",
    stimuli=f"(?:probes/)?{NAME}",
    task=NAME,
    text=NAME,
    variant=ABLATION,


# Rules ask for it by a function, so that each job of a cluster, which reads this file again, looks at the
# code of its own rule alone, which spares a sixth of the time until it starts.
@cache
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


def users_own(path):
    """A file of the user's: it counts by content, and has no module's prefix before its path."""
    return ancient(local(path))


def growing(amount):
    """So much of a resource, and as much again each time that the job is tried again."""
    return lambda wildcards, attempt: attempt * amount


def corpus_files(wildcards):
    """The files that a corpus is read from, by key; none for one from the hub.

    The age of those that are fetched counts: otherwise Snakemake does not look at what reads them.
    """
    files = source_files(STUDY.origin(wildcards.annotation))
    fetched = STUDY.hashes()
    return {key: path if path in fetched else users_own(path) for key, path in files.items()}


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
