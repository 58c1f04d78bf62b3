"""Draw the figure of weight changes from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.style import FigureFiles
    from bertology.figures.weights import plot_weights

    plot_weights(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
