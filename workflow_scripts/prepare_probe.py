"""Choose a probe's training, development and test data from its corpus."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.probing.prepare import prepare_probe
    from bertology.probing.trained import TaskText, Trained

    tasks = zip(snakemake.params.tasks.values(), snakemake.input.tasks, strict=True)
    prepare_probe(
        kind=snakemake.params.kind,
        corpus_folder=Path(snakemake.input.corpus),
        folder=Path(snakemake.output.data),
        **snakemake.params.choice,
        text=snakemake.wildcards.text,
        trained=Trained([TaskText(**text, folder=Path(folder)) for text, folder in tasks]),
    )
