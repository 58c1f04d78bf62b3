"""Draw the figure of changes by layer from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.probe_changes import plot_probe_changes
    from bertology.figures.style import FigureFiles

    plot_probe_changes(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
