"""Compute the RSA of the same layer of two models in resamples of the text, for intervals."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.measures import references
    from bertology.similarity.resampling import write_resamples
    from bertology.statistics import Draws

    write_resamples(
        folder=Path(snakemake.input.model),
        references=references(
            snakemake.params.references,
            snakemake.input.references,
            snakemake.input.tokens,
            snakemake.params.permutation_seeds,
        ),
        stimuli_file=Path(snakemake.input.stimuli),
        path=Path(snakemake.output.resamples),
        measure=snakemake.params.measure,
        draws=Draws(**snakemake.params.draws),
    )
