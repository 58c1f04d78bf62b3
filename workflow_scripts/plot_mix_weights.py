"""Draw the figure of the layers' weights from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.probe_layers import plot_mix_weights
    from bertology.figures.style import FigureFiles

    plot_mix_weights(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
