# The claims of Merchant et al. (2020), each a test on the study's results.
#
# Inputs:  similarity/...resamples.parquet, models/ and reverts/.../examples.parquet,
#          probes/.../sentences.parquet and scores.csv, tasks/
# Outputs: tables/claims.csv, claim_cells.csv, claims.json, claims.md


rule judge_claims:
    """Judge the claims by their tests: estimates, intervals and verdicts."""
    input:
        comparisons=STUDY.comparison_files(STUDY.comparisons(), ".resamples.parquet"),
        runs=STUDY.run_files(STUDY.all_runs(), "examples.parquet"),
        reverts=STUDY.revert_files(),
        tasks=expand(PATHS.task, task=config["tasks"]),
        probes=STUDY.probe_files(STUDY.probed(), "sentences.parquet"),
        probe_scores=STUDY.probe_files(STUDY.probed(), "scores.csv"),
    output:
        table=report(
            STUDY.table("claims"),
            caption="../report/claims.rst",
            category="1 Claims",
            labels={"Table": "Verdicts, as CSV"},
        ),
        cells=report(
            STUDY.table("claim_cells"),
            caption="../report/claim_cells.rst",
            category="1 Claims",
            labels={"Table": "Their estimates, as CSV"},
        ),
        content=f"{PATHS.results}/tables/claims.json",
        text=f"{PATHS.results}/tables/claims.md",
        provenance=f"{PATHS.results}/tables/claims.provenance.json",
    log:
        f"{PATHS.logs}/judge_claims.log",
    benchmark:
        f"{PATHS.benchmarks}/judge_claims.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
        disk_mb=100,
    params:
        study=config["study"],
        design=STUDY.claims_design(),
        about=STUDY.claims_about(),
        comparisons=STUDY.comparisons(),
        runs=STUDY.all_runs(),
        reverts=STUDY.reverted_runs(),
        probes=STUDY.probed(),
        claims=config["claims"],
        intervals=config["intervals"],
        code=lambda wildcards: code("judge_claims"),
    script:
        "../workflow_scripts/judge_claims.py"


rule claims:
    """Stop after the claims of the paper: their verdicts, and what they rest on."""
    input:
        rules.judge_claims.output,
