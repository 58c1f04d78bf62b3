"""Draw the figure of trajectories from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.style import FigureFiles
    from bertology.figures.trajectory import plot_trajectory

    plot_trajectory(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
