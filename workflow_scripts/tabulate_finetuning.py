"""Collect the scores of all fine-tuned and ablated models."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.tables import collect_finetuning

    collect_finetuning(
        files=list(zip(snakemake.params.runs, map(Path, snakemake.input.scores), strict=True)),
        path=Path(snakemake.output.table),
    )
