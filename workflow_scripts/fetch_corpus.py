"""Read one kind of a corpus's annotation from files or the hub, check it, keep it in one format."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.corpora.sources import fetch_corpus

    fetch_corpus(
        kind=snakemake.wildcards.annotation.split("/")[1],
        source={**snakemake.params.source, **dict(snakemake.input.items())},
        folder=Path(snakemake.output.corpus),
        data_dir=".",
    )
