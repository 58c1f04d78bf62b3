"""Collect the results of single jobs in one table."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.tables import collect_results

    files = zip(snakemake.params.rows, map(Path, snakemake.input.files), strict=True)
    collect_results(snakemake.wildcards.table, list(files), Path(snakemake.output.table))
