"""Compare similarity between texts, between forms of a text, and between tasks."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.summary import compare_domains
    from bertology.statistics import Intervals

    files = zip(snakemake.params.comparisons, map(Path, snakemake.input.resamples), strict=True)
    compare_domains(
        files=list(files),
        contrasts=snakemake.params.contrasts,
        path=Path(snakemake.output.table),
        intervals=Intervals(**snakemake.params.intervals),
    )
