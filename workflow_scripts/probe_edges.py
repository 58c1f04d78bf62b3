"""Train edge probes of one phenomenon on all layers of a model, with their controls."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.probing.edge_scores import probe_edges
    from bertology.probing.training import Schedule

    schedule = snakemake.params.schedule
    files = ("scores", "sentences", "predictions", "summary")
    probe_edges(
        data_folder=Path(snakemake.input.data),
        activations_folder=Path(snakemake.input.activations),
        outputs={name: Path(snakemake.output[name]) for name in files},
        phenomenon=snakemake.wildcards.phenomenon,
        schedule=Schedule(
            learning_rate=schedule["learning_rate"],
            batch_sentences=schedule["batch_sentences"],
            most_epochs=schedule["epochs"],
            clip=schedule["clip"],
        ),
        controls=snakemake.params.controls,
        seed=int(snakemake.wildcards.probe_seed),
        threads=snakemake.threads,
    )
