"""Measure how far the weights of a model lie from those of a reference model."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.drift import write_drift

    write_drift(
        first_folder=Path(snakemake.input.model),
        second_folder=Path(snakemake.input.reference),
        path=Path(snakemake.output.changes),
    )
