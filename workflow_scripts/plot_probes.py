"""Draw the figure of what probes find from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.probes import plot_probes
    from bertology.figures.style import FigureFiles

    plot_probes(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
