"""Draw the figure of structural probes from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.probe_layers import plot_structure

    plot_structure(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
