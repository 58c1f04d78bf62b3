"""Relate the scores with parts put back to those of the tuned models, with intervals."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.statistics import Intervals
    from bertology.transplants.recovery import summarise_reverts

    params, files = snakemake.params, snakemake.input
    summarise_reverts(
        reverts=list(zip(params.reverts, map(Path, files.reverts), strict=True)),
        untuned=list(zip(params.untuned, map(Path, files.untuned), strict=True)),
        path=Path(snakemake.output.table),
        intervals=Intervals(**params.intervals),
    )
