"""Fine-tune an encoder with a task's head, whole (finetune_encoder) or in part (ablate_layers)."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.finetuning.runs import finetune

    settings = dict(snakemake.params.settings)
    finetune(
        task=settings.pop("kind"),
        encoder_folder=Path(snakemake.input.encoder),
        task_folder=Path(snakemake.input.data),
        out_folder=Path(snakemake.output.scores).parent,
        variant=snakemake.params.variant,
        settings=settings,
        seed=int(snakemake.wildcards.seed),
        precision=snakemake.params.precision,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
