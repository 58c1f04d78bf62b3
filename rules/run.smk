# What a run of Snakemake checks before it starts, shows while it goes on, and prints at its end.

from collections import Counter

from snakemake.logging import logger

from bertology import run_times
from bertology.claims.terminal import claims_summary
from bertology.display import FETCHES, download_lines, plan_lines, show_jobs
from bertology.errors import InputError
from bertology.gpus import check_slurm, check_this_machine, let_share, visible_gpus
from bertology.study.cost import account, check_disk
from bertology.why import Planned, why_table


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


# On a machine of one's own each GPU is used by one job at a time, unless more are allowed than there are GPUs.
GPUS = []
if config["gpus"] and workflow.is_main_process and workflow.resource_settings.nodes is None:
    GPUS = visible_gpus()
    if gpus_allowed() is None and GPUS:
        workflow.register_resource("gpu", len(GPUS))
    let_share(gpus_allowed(), len(GPUS))


def count_no_jobs_by_time():
    """Do without Snakemake's limit of 100 jobs a second on a machine of one's own, unless another is set.

    For it, Snakemake 9.27 wakes up once more each second for each job that has ended: after some hundred jobs that takes a
    processor.
    """
    limiter = workflow.scheduler.job_rate_limiter
    if workflow.local_exec and limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def print_results():
    """Print what each rule took, the verdicts on the claims, and where the results are."""
    if Path(PATHS.benchmarks).is_dir():
        print(run_times.summary(Path(PATHS.benchmarks)))
    verdicts = Path(STUDY.table("claims"))
    if verdicts.exists():
        print(claims_summary(verdicts))
    first = ": look at index.html first" if Path(PATHS.results, "index.html").exists() else ""
    volume = workflow.storage_settings.default_storage_prefix
    print(f"Results are in {Path(volume or '', PATHS.results)}{first}.")


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


def asks_why():
    """Whether this is `snakemake --dry-run --quiet`; with words after it, Snakemake does what they say."""
    quiet = {part.name for part in workflow.output_settings.quiet or ()}
    return workflow.output_settings.dryrun and quiet == {"PROGRESS", "RULES"}


# Jobs of a cluster, and scripts, read this file again and show nothing; a workflow that has this one as a module shows
# what it likes; --verbose has all of Snakemake's own display.
if workflow.is_main_process and not workflow.output_settings.verbose and not AS_MODULE:
    show_jobs(
        logger,
        workflow.output_settings.dryrun,
        lambda jobs: plan_lines(
            STUDY, jobs, workflow.resource_settings.cores, len(GPUS), gpus_allowed()
        ),
        lambda files: download_lines(STUDY.config, files),
        reasons if asks_why() else None,
    )


onstart:
    count_no_jobs_by_time()
    try:
        check_disk(
            account(STUDY, Counter(job.rule.name for job in workflow.dag.needrun_jobs()))
        )
        if config["gpus"]:
            check_gpus()
    except InputError as error:
        raise WorkflowError(str(error))


onsuccess:
    print_results()
