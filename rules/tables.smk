# Tables: long form, one value of one metric a row, every wildcard a column.
#
# Inputs:  models/.../scores.csv, similarity/...csv
# Outputs: tables/finetuning.csv, tables/similarity.csv


rule tabulate_finetuning:
    """Collect the scores of all fine-tuned and ablated models."""
    input:
        scores=run_files(["full", *ABLATIONS], "scores.csv"),
    output:
        table=f"{RESULTS}/tables/finetuning.csv",
        provenance=f"{RESULTS}/tables/finetuning.provenance.json",
    log:
        f"{RESULTS}/logs/tabulate_finetuning.log",
    benchmark:
        f"{RESULTS}/benchmarks/tabulate_finetuning.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        runs=runs(["full", *ABLATIONS]),
        code=code("tabulate_finetuning"),
    script:
        "../workflow_scripts/tabulate_finetuning.py"


rule tabulate_similarity:
    """Collect all comparisons of representations."""
    input:
        comparisons=[comparison_file(comparison) for comparison in comparisons()],
    output:
        table=f"{RESULTS}/tables/similarity.csv",
        provenance=f"{RESULTS}/tables/similarity.provenance.json",
    log:
        f"{RESULTS}/logs/tabulate_similarity.log",
    benchmark:
        f"{RESULTS}/benchmarks/tabulate_similarity.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        comparisons=list(comparisons()),
        code=code("tabulate_similarity"),
    script:
        "../workflow_scripts/tabulate_similarity.py"
