"""Draw the sentences on which representations are compared."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.corpora.kinds import split_path
    from bertology.corpora.stimuli import sample_stimuli

    settings = snakemake.params.settings
    kind = settings["kind"]
    sample_stimuli(
        kind=kind,
        corpus_split_file=split_path(kind, snakemake.input.corpus, settings["split"]),
        out_file=Path(snakemake.output.stimuli),
        sentences=settings["sentences"],
        form=settings["form"],
        seed=settings["seed"],
        longest=settings["longest"],
        language=settings["language"],
    )
