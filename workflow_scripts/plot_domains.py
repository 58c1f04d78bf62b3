"""Draw similarity on a task's own and on other texts, and how much it differs."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.domains import plot_domains
    from bertology.figures.style import FigureFiles

    plot_domains(
        summary=Path(snakemake.input.summary),
        domains=Path(snakemake.input.domains),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
