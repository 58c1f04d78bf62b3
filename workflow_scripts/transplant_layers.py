"""Run each fine-tuned layer on what the pretrained layer below it gives: its own change."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.transplants.own_change import cache_own_change

    cache_own_change(
        tuned_folder=Path(snakemake.input.tuned),
        pretrained_folder=Path(snakemake.input.pretrained),
        stimuli_file=Path(snakemake.input.stimuli),
        folder=Path(snakemake.output.activations),
        tokens_per_batch=snakemake.params.tokens_per_batch,
        threads=snakemake.threads,
    )
