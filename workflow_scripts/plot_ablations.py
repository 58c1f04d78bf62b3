"""Draw the figure of ablations from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.ablations import plot_ablations

    plot_ablations(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
