"""Collect all comparisons of weights."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.tables import collect_weights

    files = zip(snakemake.params.comparisons, map(Path, snakemake.input.comparisons), strict=True)
    collect_weights(files=list(files), path=Path(snakemake.output.table))
