"""Write one kind of annotated text of one domain, from the project's grammar."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.corpora.grammar.write import write_grammar_corpus

    kind = snakemake.wildcards.annotation.split("/")[1]
    source = snakemake.params.source
    write_grammar_corpus(
        domain=source["domain"],
        kind=kind,
        sizes={split: source[split] for split in ("train", "dev", "test")},
        seed=source["seed"],
        folder=Path(snakemake.output.corpus),
    )
