"""Draw the figure of ablations from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.ablations import plot_ablations
    from bertology.figures.style import FigureFiles

    plot_ablations(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
