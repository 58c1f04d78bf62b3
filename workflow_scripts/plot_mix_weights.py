"""Draw the figure of the layers' weights from its table."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.probe_layers import plot_mix_weights

    plot_mix_weights(
        table=Path(snakemake.input.table),
        png=Path(snakemake.output.png),
        pdf=Path(snakemake.output.pdf),
    )
