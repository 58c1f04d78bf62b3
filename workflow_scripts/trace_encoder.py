"""Begin the fine-tuning of a whole encoder again, and keep the encoder after some of its steps."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.finetuning.runs import trace

    settings = dict(snakemake.params.settings)
    trace(
        task=settings.pop("kind"),
        encoder_folder=Path(snakemake.input.encoder),
        task_folder=Path(snakemake.input.data),
        out_folder=Path(snakemake.output.checkpoints),
        settings=settings,
        seed=int(snakemake.wildcards.seed),
        precision=snakemake.params.precision,
        threads=snakemake.threads,
        steps=snakemake.params.steps,
    )
