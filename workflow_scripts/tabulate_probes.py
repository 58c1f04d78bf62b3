"""Collect the scores of all probes."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.tables import collect_probes

    files = zip(snakemake.params.probed, map(Path, snakemake.input.scores), strict=True)
    collect_probes(files=list(files), path=Path(snakemake.output.table))
