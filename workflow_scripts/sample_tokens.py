"""Draw the tokens that every comparison of an encoder on these stimuli uses."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.tokens import write_token_sample

    write_token_sample(
        activations_folder=Path(snakemake.input.activations),
        path=Path(snakemake.output.tokens),
        size=snakemake.params.settings["tokens"],
        seed=snakemake.params.settings["seed"],
    )
