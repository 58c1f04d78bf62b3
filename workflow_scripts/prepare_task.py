"""Choose a task's training, development and test data."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.corpora.tasks import prepare_task

    prepare_task(
        kind=snakemake.params.kind,
        corpus_folder=Path(snakemake.input.corpus),
        task_folder=Path(snakemake.output.data),
        **snakemake.params.choice,
        seed=1,
    )
