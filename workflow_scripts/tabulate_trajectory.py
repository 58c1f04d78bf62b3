"""Collect similarity to the pretrained encoder, and structural probes, by training step."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.trajectory import collect_trajectory

    similarity, structure, training = (
        list(zip(snakemake.params[name], map(Path, snakemake.input[name]), strict=True))
        for name in ("similarity", "structure", "training")
    )
    collect_trajectory(similarity, structure, training, Path(snakemake.output.table))
