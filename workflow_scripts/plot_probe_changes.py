"""Draw the figure of changes by layer from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.probe_changes import plot_probe_changes

    plot_probe_changes(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
