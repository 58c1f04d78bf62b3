"""Collect what the steps of the study left out of their input, or had to change."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.tables import collect_left_out

    collect_left_out(
        files=list(zip(snakemake.params.steps, map(Path, snakemake.input.summaries), strict=True)),
        path=Path(snakemake.output.table),
    )
