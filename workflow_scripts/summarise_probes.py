"""Put all probes in one table: scores and changes with intervals, and controls beside them."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.probing.summary import summarise_probes
    from bertology.statistics import Intervals

    sentences = zip(snakemake.params.probed, map(Path, snakemake.input.sentences), strict=True)
    summarise_probes(
        scores_table=Path(snakemake.input.table),
        sentences=list(sentences),
        path=Path(snakemake.output.table),
        intervals=Intervals(**snakemake.params.intervals),
    )
