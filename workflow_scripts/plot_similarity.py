"""Draw the figure of similarity from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.similarity import plot_similarity

    plot_similarity(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
