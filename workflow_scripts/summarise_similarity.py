"""Average similarity over seeds, with intervals over sentences and seeds."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.summary import summarise_similarity
    from bertology.statistics import Intervals

    resamples = zip(snakemake.params.comparisons, map(Path, snakemake.input.resamples), strict=True)
    summarise_similarity(
        table=Path(snakemake.input.table),
        resamples=list(resamples),
        path=Path(snakemake.output.table),
        intervals=Intervals(**snakemake.params.intervals),
    )
