"""Draw the figure of similarity from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.similarity import plot_similarity
    from bertology.figures.style import FigureFiles

    plot_similarity(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
