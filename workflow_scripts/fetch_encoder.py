"""Put an encoder, pretrained or random, into a folder that Hugging Face loads."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.encoder_sources import fetch_encoder

    like = snakemake.input.get("like")
    fetch_encoder(
        source=snakemake.params.source,
        folder=Path(snakemake.output.encoder),
        like=Path(like) if like else None,
    )
