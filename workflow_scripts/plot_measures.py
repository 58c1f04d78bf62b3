"""Draw all measures of similarity side by side."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.measures import plot_measures

    plot_measures(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
