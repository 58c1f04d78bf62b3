"""Draw the sentences on which representations are compared."""

from job import job

with job(snakemake):
    from pathlib import Path

    from bertology.corpora.stimuli import sample_stimuli

    settings = snakemake.params.settings
    sample_stimuli(
        kind=settings["kind"],
        corpus_folder=Path(snakemake.input.corpus),
        split=settings["split"],
        path=Path(snakemake.output.stimuli),
        sentences=settings["sentences"],
        form=settings["form"],
        seed=settings["seed"],
        longest=settings["longest"],
    )
