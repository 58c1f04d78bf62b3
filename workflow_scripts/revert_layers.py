"""Score a fine-tuned model with parts of its encoder put back, and nothing retrained."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.transplants.reverts import revert_layers

    settings = dict(snakemake.params.settings)
    revert_layers(
        task=settings.pop("kind"),
        run_folder=Path(snakemake.input.head).parent,
        pretrained_folder=Path(snakemake.input.pretrained),
        task_folder=Path(snakemake.input.data),
        out_folder=Path(snakemake.output.scores).parent,
        settings=settings,
        chosen=snakemake.params.chosen,
        precision=snakemake.params.precision,
        threads=snakemake.threads,
    )
