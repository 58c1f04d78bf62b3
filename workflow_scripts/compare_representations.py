"""Compare a model's layers with a reference model's, by every measure."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.measures import write_comparison

    write_comparison(
        first_folder=Path(snakemake.input.model),
        second_folder=Path(snakemake.input.reference),
        sample_file=Path(snakemake.input.tokens),
        path=Path(snakemake.output.similarity),
        measures=snakemake.params.measures,
        permutation_seed=snakemake.params.permutation_seed,
    )
