"""Run a model once over the stimuli and keep every layer's vectors of every token."""

from bertology.job import job

with job(snakemake):
    import shutil
    from pathlib import Path

    from bertology.activations import cache_activations

    cache_activations(
        encoder_folder=Path(snakemake.input.model, snakemake.params.checkpoint),
        stimuli_file=Path(snakemake.input.stimuli),
        folder=Path(snakemake.output.activations),
        tokens_per_batch=snakemake.params.tokens_per_batch,
        threads=snakemake.threads,
    )
    shutil.copy(Path(snakemake.output.activations, "summary.json"), snakemake.output.summary)
