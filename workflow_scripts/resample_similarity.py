"""Compute the RSA of the same layer of two models in resamples of the text, for intervals."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.resampling import write_resamples
    from bertology.statistics import Draws

    write_resamples(
        first_folder=Path(snakemake.input.model),
        second_folder=Path(snakemake.input.reference),
        sample_file=Path(snakemake.input.tokens),
        stimuli_file=Path(snakemake.input.stimuli),
        path=Path(snakemake.output.resamples),
        measure=snakemake.params.measure,
        draws=Draws(**snakemake.params.draws),
        permutation_seed=snakemake.params.permutation_seed,
    )
