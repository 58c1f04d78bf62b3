"""Test the paper's claims on the study's results."""

from bertology.job import job

with job(snakemake):
    from pathlib import Path

    from bertology.claims.evidence import Design, Results, read_evidence
    from bertology.claims.paper import Margins, claims_of
    from bertology.claims.verdict import Rules
    from bertology.claims.write import ClaimFiles, write_claims
    from bertology.statistics import Intervals

    parameters = snakemake.params
    design, intervals = Design(**parameters.design), Intervals(**parameters.intervals)
    results = Results(
        *(
            list(zip(parameters[name], map(Path, snakemake.input[name]), strict=True))
            for name in ("comparisons", "runs", "probes")
        )
    )
    margins = Margins(parameters.claims["probe_points"], parameters.claims["kept_percent"])
    rules = Rules(intervals.level, parameters.claims["least_seeds"])
    claims = {
        encoder: claims_of(read_evidence(encoder, design, results, intervals), margins, rules)
        for encoder in design.layers
    }
    names = ("table", "cells", "content", "text")
    files = ClaimFiles(*(Path(snakemake.output[name]) for name in names))
    write_claims(claims, parameters.study, margins, rules, files)
