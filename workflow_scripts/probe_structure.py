"""Train structural probes (tree distance and depth) on all layers of a model."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.probing.structure_scores import probe_structure

    files = ("scores", "sentences", "predictions", "summary")
    probe_structure(
        data_folder=Path(snakemake.input.data),
        activations_folder=Path(snakemake.input.activations),
        outputs={name: Path(snakemake.output[name]) for name in files},
        **snakemake.params.settings,
        seed=int(snakemake.wildcards.probe_seed),
        threads=snakemake.threads,
    )
