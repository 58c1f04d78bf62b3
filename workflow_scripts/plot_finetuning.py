"""Draw the figure of finetuning from its table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.figures.finetuning import plot_finetuning
    from bertology.figures.style import FigureFiles

    plot_finetuning(
        scores=Path(snakemake.input.scores),
        summary=Path(snakemake.input.summary),
        files=FigureFiles(
            png=Path(snakemake.output.png),
            pdf=Path(snakemake.output.pdf),
            csv=Path(snakemake.output.csv),
        ),
    )
