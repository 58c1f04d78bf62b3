"""Draw the figure of weight changes from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.weights import plot_weights

    plot_weights(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
