"""Draw similarity on a task's own text, on other tasks' and on neutral text."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.domains import plot_domains

    plot_domains(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
