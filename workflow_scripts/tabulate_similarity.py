"""Collect all comparisons of representations."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.tables import collect_similarity

    comparisons = zip(
        snakemake.params.comparisons, map(Path, snakemake.input.comparisons), strict=True
    )
    collect_similarity(files=list(comparisons), path=Path(snakemake.output.table))
