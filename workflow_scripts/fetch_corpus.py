"""Read one kind of a corpus's annotation from files or the hub, check it, keep it in one format."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.corpora.sources import fetch_corpus

    fetch_corpus(
        kind=snakemake.wildcards.annotation.split("/")[1],
        source=snakemake.params.source,
        folder=Path(snakemake.output.corpus),
        data_dir=snakemake.params.data_dir,
    )
