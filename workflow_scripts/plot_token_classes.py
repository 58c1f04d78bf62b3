"""Draw similarity to the pretrained encoder by class of tokens, for each task."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.style import FigureFiles
    from bertology.figures.token_classes import plot_token_classes

    plot_token_classes(
        table=Path(snakemake.input.table),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
