"""Judge the paper's claims by tests on the study's results."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.claims.about import About, read_texts
    from bertology.claims.evidence import Design, Results, read_evidence
    from bertology.claims.paper import Margins, claims_of
    from bertology.claims.verdict import Rules
    from bertology.claims.write import ClaimFiles, write_claims
    from bertology.statistics import Intervals

    parameters = snakemake.params
    design, intervals = Design(**parameters.design), Intervals(**parameters.intervals)
    results = Results(
        **{
            name: list(zip(parameters[rows], map(Path, snakemake.input[name]), strict=True))
            for name, rows in (
                ("comparisons", "comparisons"),
                ("runs", "runs"),
                ("reverts", "reverts"),
                ("probes", "probes"),
                ("probe_scores", "probes"),
            )
        }
    )
    margins = dict(parameters.claims)
    rules = Rules(intervals.level, margins.pop("least_seeds"))
    margins = Margins(**margins)
    claims = {
        encoder: claims_of(read_evidence(encoder, design, results, intervals), margins, rules)
        for encoder in design.layers
    }
    texts = read_texts(parameters.about["tasks"], list(map(Path, snakemake.input.tasks)))
    abouts = {
        encoder: About(title, design.layers[encoder], texts, parameters.about["seeds"])
        for encoder, title in parameters.about["encoders"].items()
    }
    names = ("table", "cells", "content", "text")
    files = ClaimFiles(*(Path(snakemake.output[name]) for name in names))
    write_claims(claims, abouts, parameters.study, margins, rules, files)
