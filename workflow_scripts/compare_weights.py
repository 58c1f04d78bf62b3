"""Measure how far the weights of a model lie from those of each of its references."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.drift import write_drift

    folders = map(Path, snakemake.input.references)
    write_drift(
        folder=Path(snakemake.input.model),
        references=dict(zip(snakemake.params.references, folders, strict=True)),
        path=Path(snakemake.output.changes),
    )
