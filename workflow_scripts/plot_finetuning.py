"""Draw the figure of finetuning from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.finetuning import plot_finetuning

    plot_finetuning(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
