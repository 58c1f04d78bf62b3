"""Relate scores to the number of training examples, with intervals."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.statistics import Intervals
    from bertology.training_sizes import summarise_training_sizes

    summarise_training_sizes(
        runs=list(zip(snakemake.params.runs, map(Path, snakemake.input.examples), strict=True)),
        path=Path(snakemake.output.table),
        intervals=Intervals(**snakemake.params.intervals),
    )
