"""Compare a model's layers with a reference model's, by every measure, and RSA in resamples."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.measures import write_comparison
    from bertology.similarity.resampling import write_resamples
    from bertology.statistics import Intervals

    compared = {
        "first_folder": Path(snakemake.input.model),
        "second_folder": Path(snakemake.input.reference),
        "sample_file": Path(snakemake.input.tokens),
        "measures": snakemake.params.measures,
        "permutation_seed": snakemake.params.permutation_seed,
    }
    write_comparison(**compared, path=Path(snakemake.output.similarity))
    write_resamples(
        **compared,
        stimuli_file=Path(snakemake.input.stimuli),
        path=Path(snakemake.output.resamples),
        intervals=Intervals(**snakemake.params.intervals),
    )
