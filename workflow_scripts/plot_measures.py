"""Draw all measures of similarity side by side."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.measures import plot_measures
    from bertology.figures.style import FigureFiles

    plot_measures(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
