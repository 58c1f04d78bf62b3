"""Hold each run against noise that changes the encoder as much: its size, and where it lies."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.similarity.perturbed import collect_perturbed

    descriptions, tuned, perturbed = (
        map(Path, snakemake.input[name]) for name in ("descriptions", "tuned", "perturbed")
    )
    runs = zip(snakemake.params.runs, descriptions, tuned, perturbed, strict=True)
    collect_perturbed(list(runs), snakemake.params.measure, Path(snakemake.output.table))
