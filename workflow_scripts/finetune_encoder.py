"""Fine-tune an encoder with a task's head, whole (finetune_encoder) or in part (ablate_layers)."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.finetuning.trainer import finetune

    finetune(
        encoder_folder=Path(snakemake.input.encoder),
        task_folder=Path(snakemake.input.data),
        out_folder=Path(snakemake.output.scores).parent,
        variant=snakemake.params.variant,
        settings=snakemake.params.settings,
        seed=int(snakemake.wildcards.seed),
        precision=snakemake.params.precision,
        threads=snakemake.threads,
    )
