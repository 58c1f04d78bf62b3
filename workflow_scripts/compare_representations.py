"""Compare every layer of a model with every layer of a reference model."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.rsa import write_comparison

    write_comparison(
        first_folder=Path(snakemake.input.model),
        second_folder=Path(snakemake.input.reference),
        sample_file=Path(snakemake.input.tokens),
        path=Path(snakemake.output.similarity),
        correlation=snakemake.params.correlation,
    )
