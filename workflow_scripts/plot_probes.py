"""Draw the figure of what probes find from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.probes import plot_probes

    plot_probes(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
