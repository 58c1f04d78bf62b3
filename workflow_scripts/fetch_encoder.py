"""Put an encoder, pretrained or random, into a folder that Hugging Face loads."""

from bertology.job import job

with job(snakemake) as findings:
    from pathlib import Path

    from bertology.encoder_sources import fetch_encoder

    like, files = snakemake.input.get("like"), snakemake.input.files
    folder = {"path": str(Path(files[0]).parent)} if files else {}
    found = fetch_encoder(
        source={**snakemake.params.source, **folder},
        folder=Path(snakemake.output.encoder),
        like=Path(like) if like else None,
    )
    findings.update(found)
