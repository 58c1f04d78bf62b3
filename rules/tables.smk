# Tables: long form, one value of one metric a row, every wildcard a column.
#
# Inputs:  what single jobs write below models/, similarity/, weights/, probes/
# Outputs: tables/*.csv, with intervals where the name says summary and in domains, ablations, training_sizes


rule tabulate_results:
    """Collect the results of single jobs: scores, comparisons of representations and of weights."""
    input:
        files=lambda wildcards: STUDY.results(wildcards.table)[1],
    output:
        table=f"{PATHS.table}.csv",
        provenance=f"{PATHS.table}.provenance.json",
    log:
        f"{PATHS.logs}/tabulate_results/{{table}}.log",
    benchmark:
        f"{PATHS.benchmarks}/tabulate_results/{{table}}.tsv"
    wildcard_constraints:
        table="finetuning|similarity|weights|probes",
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        rows=lambda wildcards: STUDY.results(wildcards.table)[0],
        code=lambda wildcards: code("tabulate_results"),
    script:
        "../workflow_scripts/tabulate_results.py"


rule summarise_ablations:
    """Relate the scores of ablations to those of full fine-tuning, with intervals."""
    input:
        examples=STUDY.run_files(STUDY.all_runs(), "examples.parquet"),
    output:
        table=STUDY.table("ablations"),
        provenance=f"{PATHS.results}/tables/ablations.provenance.json",
    log:
        f"{PATHS.logs}/summarise_ablations.log",
    benchmark:
        f"{PATHS.benchmarks}/summarise_ablations.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        runs=STUDY.all_runs(),
        depths=STUDY.depths(),
        intervals=config["intervals"],
        code=lambda wildcards: code("summarise_ablations"),
    script:
        "../workflow_scripts/summarise_ablations.py"


rule summarise_training_sizes:
    """Relate scores to the number of training examples, with intervals."""
    input:
        examples=STUDY.run_files(STUDY.runs_by_size(), "examples.parquet"),
        summaries=STUDY.run_files(STUDY.runs_by_size(), "summary.json"),
    output:
        table=STUDY.table("training_sizes"),
        provenance=f"{PATHS.results}/tables/training_sizes.provenance.json",
    log:
        f"{PATHS.logs}/summarise_training_sizes.log",
    benchmark:
        f"{PATHS.benchmarks}/summarise_training_sizes.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        runs=STUDY.runs_by_size(),
        intervals=config["intervals"],
        code=lambda wildcards: code("summarise_training_sizes"),
    script:
        "../workflow_scripts/summarise_training_sizes.py"


rule summarise_similarity:
    """Average similarity over seeds, with intervals over sentences and seeds."""
    input:
        resamples=STUDY.comparison_files(STUDY.comparisons(), ".resamples.parquet"),
    output:
        table=STUDY.table("similarity_summary"),
        provenance=f"{PATHS.results}/tables/similarity_summary.provenance.json",
    log:
        f"{PATHS.logs}/summarise_similarity.log",
    benchmark:
        f"{PATHS.benchmarks}/summarise_similarity.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        disk_mb=100,
    params:
        comparisons=STUDY.comparisons(),
        intervals=config["intervals"],
        code=lambda wildcards: code("summarise_similarity"),
    script:
        "../workflow_scripts/summarise_similarity.py"


rule compare_domains:
    """Compare similarity between texts, between forms of a text, and between tasks."""
    input:
        resamples=STUDY.comparison_files(STUDY.comparisons(), ".resamples.parquet"),
    output:
        table=STUDY.table("domains"),
        provenance=f"{PATHS.results}/tables/domains.provenance.json",
    log:
        f"{PATHS.logs}/compare_domains.log",
    benchmark:
        f"{PATHS.benchmarks}/compare_domains.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        disk_mb=100,
    params:
        comparisons=STUDY.comparisons(),
        contrasts=STUDY.domain_contrasts(),
        intervals=config["intervals"],
        code=lambda wildcards: code("compare_domains"),
    script:
        "../workflow_scripts/compare_domains.py"


rule tabulate_perturbed:
    """Hold each run against noise that changes the encoder as much: its size, and where it lies."""
    input:
        descriptions=STUDY.run_files(STUDY.perturbations(), "perturbation.json"),
        tuned=STUDY.perturbation_comparisons("tuned"),
        perturbed=STUDY.perturbation_comparisons("perturbed"),
    output:
        table=STUDY.table("perturbed"),
        provenance=f"{PATHS.results}/tables/perturbed.provenance.json",
    log:
        f"{PATHS.logs}/tabulate_perturbed.log",
    benchmark:
        f"{PATHS.benchmarks}/tabulate_perturbed.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        runs=STUDY.perturbations(),
        measure=STUDY.perturbation_settings()["measure"],
        code=lambda wildcards: code("tabulate_perturbed"),
    script:
        "../workflow_scripts/tabulate_perturbed.py"


rule tabulate_trajectory:
    """Collect similarity to the pretrained encoder, and structural probes, by training step."""
    input:
        similarity=STUDY.comparison_files(STUDY.traced_similarity(), ".csv"),
        structure=STUDY.traced_structure_files(),
        training=STUDY.run_files(STUDY.tuned_runs(), "training.csv"),
    output:
        table=STUDY.table("trajectory"),
        provenance=f"{PATHS.results}/tables/trajectory.provenance.json",
    log:
        f"{PATHS.logs}/tabulate_trajectory.log",
    benchmark:
        f"{PATHS.benchmarks}/tabulate_trajectory.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        similarity=STUDY.traced_similarity(),
        structure=STUDY.traced_structure(),
        training=STUDY.tuned_runs(),
        code=lambda wildcards: code("tabulate_trajectory"),
    script:
        "../workflow_scripts/tabulate_trajectory.py"


rule summarise_probes:
    """Put all probes in one table: scores and changes with intervals, and controls beside them."""
    input:
        table=STUDY.table("probes"),
        sentences=STUDY.probe_files(STUDY.probed(), "sentences.parquet"),
    output:
        table=STUDY.table("probe_summary"),
        provenance=f"{PATHS.results}/tables/probe_summary.provenance.json",
    log:
        f"{PATHS.logs}/summarise_probes.log",
    benchmark:
        f"{PATHS.benchmarks}/summarise_probes.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
        disk_mb=100,
    params:
        probed=STUDY.probed(),
        intervals=config["intervals"],
        code=lambda wildcards: code("summarise_probes"),
    script:
        "../workflow_scripts/summarise_probes.py"


rule tabulate_left_out:
    """Collect what each step left out of its input or had to change: the report warns above 1 %."""
    input:
        summaries=[path for _, path in STUDY.summaries()],
    output:
        table=STUDY.table("left_out"),
        provenance=f"{PATHS.results}/tables/left_out.provenance.json",
    log:
        f"{PATHS.logs}/tabulate_left_out.log",
    benchmark:
        f"{PATHS.benchmarks}/tabulate_left_out.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        steps=[step for step, _ in STUDY.summaries()],
        code=lambda wildcards: code("tabulate_left_out"),
    script:
        "../workflow_scripts/tabulate_left_out.py"
