"""Relate the scores of ablations to those of full fine-tuning, with intervals."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.ablations import summarise_ablations
    from bertology.statistics import Intervals

    summarise_ablations(
        runs=list(zip(snakemake.params.runs, map(Path, snakemake.input.examples), strict=True)),
        depths=snakemake.params.depths,
        path=Path(snakemake.output.table),
        intervals=Intervals(**snakemake.params.intervals),
    )
