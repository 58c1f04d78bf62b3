"""Average similarity over seeds, with intervals over sentences and seeds."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.summary import summarise_similarity
    from bertology.statistics import Intervals

    files = zip(snakemake.params.comparisons, map(Path, snakemake.input.resamples), strict=True)
    summarise_similarity(
        files=list(files),
        path=Path(snakemake.output.table),
        intervals=Intervals(**snakemake.params.intervals),
    )
