"""Draw a figure from its tables."""

from bertology.job import job

with job(snakemake):
    import importlib
    from pathlib import Path

    from bertology.figures.style import FigureFiles, FigureSettings

    module = importlib.import_module(f"bertology.figures.{snakemake.params.module}")
    plot = getattr(module, f"plot_{snakemake.wildcards.figure}")
    output = snakemake.output
    files = FigureFiles(png=Path(output.png), pdf=Path(output.pdf), csv=Path(output.csv))
    settings = FigureSettings(**snakemake.params.settings)
    plot(*map(Path, snakemake.input.tables), files, settings)
