# Tables: long form, one value of one metric a row, every wildcard a column.
#
# Inputs:  models/.../scores.csv, similarity/...csv and .resamples.parquet, weights/...csv,
#          probes/.../scores.csv, sentences.parquet
# Outputs: tables/finetuning.csv, similarity.csv, weights.csv, probes.csv, left_out.csv; with intervals
#          similarity_summary.csv, domains.csv and (wide) probe_summary.csv


rule tabulate_finetuning:
    """Collect the scores of all fine-tuned and ablated models."""
    input:
        scores=run_files([*tuned_runs(), *ablated_runs()], "scores.csv"),
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
        runs=[*tuned_runs(), *ablated_runs()],
        code=code("tabulate_finetuning"),
    script:
        "../workflow_scripts/tabulate_finetuning.py"


rule summarise_ablations:
    """Relate the scores of ablations to those of full fine-tuning, with intervals."""
    input:
        examples=run_files([*tuned_runs(), *ablated_runs()], "examples.parquet"),
    output:
        table=f"{RESULTS}/tables/ablations.csv",
        provenance=f"{RESULTS}/tables/ablations.provenance.json",
    log:
        f"{RESULTS}/logs/summarise_ablations.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarise_ablations.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        runs=[*tuned_runs(), *ablated_runs()],
        depths={encoder: config["encoders"][encoder]["layers"] for encoder in ENCODERS},
        intervals=config["intervals"],
        code=code("summarise_ablations"),
    script:
        "../workflow_scripts/summarise_ablations.py"


rule tabulate_similarity:
    """Collect all comparisons of representations."""
    input:
        comparisons=comparison_files(comparisons(), ".csv"),
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


rule summarise_similarity:
    """Average similarity over seeds, with intervals over sentences and seeds."""
    input:
        resamples=comparison_files(comparisons(), ".resamples.parquet"),
    output:
        table=f"{RESULTS}/tables/similarity_summary.csv",
        provenance=f"{RESULTS}/tables/similarity_summary.provenance.json",
    log:
        f"{RESULTS}/logs/summarise_similarity.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarise_similarity.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        disk_mb=100,
    params:
        comparisons=list(comparisons()),
        intervals=config["intervals"],
        code=code("summarise_similarity"),
    script:
        "../workflow_scripts/summarise_similarity.py"


rule compare_domains:
    """Compare similarity between texts, between forms of a text, and between tasks."""
    input:
        resamples=comparison_files(comparisons(), ".resamples.parquet"),
    output:
        table=f"{RESULTS}/tables/domains.csv",
        provenance=f"{RESULTS}/tables/domains.provenance.json",
    log:
        f"{RESULTS}/logs/compare_domains.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_domains.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        disk_mb=100,
    params:
        comparisons=list(comparisons()),
        contrasts=domain_contrasts(),
        intervals=config["intervals"],
        code=code("compare_domains"),
    script:
        "../workflow_scripts/compare_domains.py"


rule tabulate_weights:
    """Collect all comparisons of weights."""
    input:
        comparisons=[weights_file(comparison) for comparison in weight_comparisons()],
    output:
        table=f"{RESULTS}/tables/weights.csv",
        provenance=f"{RESULTS}/tables/weights.provenance.json",
    log:
        f"{RESULTS}/logs/tabulate_weights.log",
    benchmark:
        f"{RESULTS}/benchmarks/tabulate_weights.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        comparisons=weight_comparisons(),
        code=code("tabulate_weights"),
    script:
        "../workflow_scripts/tabulate_weights.py"


rule tabulate_trajectory:
    """Collect similarity to the pretrained encoder, and structural probes, by training step."""
    input:
        similarity=comparison_files(traced_similarity(), ".csv"),
        structure=[structure_scores(job) for job in traced_structure()],
        training=[training_file(run) for run in tuned_runs()],
    output:
        table=f"{RESULTS}/tables/trajectory.csv",
        provenance=f"{RESULTS}/tables/trajectory.provenance.json",
    log:
        f"{RESULTS}/logs/tabulate_trajectory.log",
    benchmark:
        f"{RESULTS}/benchmarks/tabulate_trajectory.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        similarity=traced_similarity(),
        structure=traced_structure(),
        training=tuned_runs(),
        code=code("tabulate_trajectory"),
    script:
        "../workflow_scripts/tabulate_trajectory.py"


rule tabulate_probes:
    """Collect the scores of all probes."""
    input:
        scores=probe_files("scores.csv"),
    output:
        table=f"{RESULTS}/tables/probes.csv",
        provenance=f"{RESULTS}/tables/probes.provenance.json",
    log:
        f"{RESULTS}/logs/tabulate_probes.log",
    benchmark:
        f"{RESULTS}/benchmarks/tabulate_probes.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        probed=list(probed()),
        code=code("tabulate_probes"),
    script:
        "../workflow_scripts/tabulate_probes.py"


rule summarise_probes:
    """Put all probes in one table: scores and changes with intervals, and controls beside them."""
    input:
        table=f"{RESULTS}/tables/probes.csv",
        sentences=probe_files("sentences.parquet"),
    output:
        table=f"{RESULTS}/tables/probe_summary.csv",
        provenance=f"{RESULTS}/tables/probe_summary.provenance.json",
    log:
        f"{RESULTS}/logs/summarise_probes.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarise_probes.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
        disk_mb=100,
    params:
        probed=list(probed()),
        intervals=config["intervals"],
        code=code("summarise_probes"),
    script:
        "../workflow_scripts/summarise_probes.py"


rule tabulate_left_out:
    """Collect what each step left out of its input or had to change: the report warns above 1 %."""
    input:
        summaries=[path for _, path in summaries()],
    output:
        table=f"{RESULTS}/tables/left_out.csv",
        provenance=f"{RESULTS}/tables/left_out.provenance.json",
    log:
        f"{RESULTS}/logs/tabulate_left_out.log",
    benchmark:
        f"{RESULTS}/benchmarks/tabulate_left_out.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        steps=[step for step, _ in summaries()],
        code=code("tabulate_left_out"),
    script:
        "../workflow_scripts/tabulate_left_out.py"
