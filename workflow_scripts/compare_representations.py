"""Compare a model's layers with those of each of its references, by every measure."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.measures import references, write_comparisons

    write_comparisons(
        folder=Path(snakemake.input.model),
        references=references(
            snakemake.params.references,
            snakemake.input.references,
            snakemake.input.tokens,
            snakemake.params.permutation_seeds,
        ),
        path=Path(snakemake.output.similarity),
        measures=snakemake.params.measures,
    )
