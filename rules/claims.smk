# The claims of Merchant et al. (2020), each a test on the study's results.
#
# Inputs:  similarity/...resamples.parquet, models/.../examples.parquet,
#          probes/.../sentences.parquet
# Outputs: tables/claims.csv, claim_cells.csv, claims.json, claims.md


rule test_claims:
    """Test the claims: estimates, intervals and verdicts."""
    input:
        comparisons=comparison_files(comparisons(), ".resamples.parquet"),
        runs=run_files([*tuned_runs(), *ablated_runs()], "examples.parquet"),
        probes=probe_files("sentences.parquet"),
    output:
        table=report(
            f"{RESULTS}/tables/claims.csv",
            caption="../report/claims.rst",
            category="1 Claims",
            labels={"Table": "Verdicts, as CSV"},
        ),
        cells=report(
            f"{RESULTS}/tables/claim_cells.csv",
            caption="../report/claim_cells.rst",
            category="1 Claims",
            labels={"Table": "Their estimates, as CSV"},
        ),
        content=f"{RESULTS}/tables/claims.json",
        text=f"{RESULTS}/tables/claims.md",
        provenance=f"{RESULTS}/tables/claims.provenance.json",
    log:
        f"{RESULTS}/logs/test_claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/test_claims.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
        disk_mb=100,
    params:
        study=config["study"],
        design=claims_design(),
        comparisons=list(comparisons()),
        runs=[*tuned_runs(), *ablated_runs()],
        probes=list(probed()),
        claims=config["claims"],
        intervals=config["intervals"],
        code=code("test_claims"),
    script:
        "../workflow_scripts/test_claims.py"


rule claims:
    """Stop after the claims of the paper: their verdicts, and what they rest on."""
    input:
        rules.test_claims.output,
