# Figures, each as PNG and PDF with the numbers that it draws as CSV, from tables alone.
#
# Inputs:  tables/*.csv
# Outputs: figures/*.png, *.pdf, *.csv


rule plot_similarity:
    """Draw similarity to the pretrained encoder by layer, for each task and stimulus set."""
    input:
        table=f"{RESULTS}/tables/similarity_summary.csv",
    output:
        png=report(
            f"{RESULTS}/figures/similarity.png",
            caption="../report/similarity.rst",
            category=report_category("similarity"),
            labels={"Figure": FIGURE_TITLES["similarity"]},
        ),
        pdf=f"{RESULTS}/figures/similarity.pdf",
        csv=f"{RESULTS}/figures/similarity.csv",
        provenance=f"{RESULTS}/figures/similarity.provenance.json",
    log:
        f"{RESULTS}/logs/plot_similarity.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_similarity.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_similarity"),
    script:
        "../workflow_scripts/plot_similarity.py"


rule plot_measures:
    """Draw all measures of similarity side by side, for each stimulus set."""
    input:
        table=f"{RESULTS}/tables/similarity.csv",
    output:
        png=report(
            f"{RESULTS}/figures/measures.png",
            caption="../report/measures.rst",
            category=report_category("measures"),
            labels={"Figure": FIGURE_TITLES["measures"]},
        ),
        pdf=f"{RESULTS}/figures/measures.pdf",
        csv=f"{RESULTS}/figures/measures.csv",
        provenance=f"{RESULTS}/figures/measures.provenance.json",
    log:
        f"{RESULTS}/logs/plot_measures.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_measures.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_measures"),
    script:
        "../workflow_scripts/plot_measures.py"


rule plot_weights:
    """Draw how far the weights moved, by layer and kind of parameter, for each task."""
    input:
        table=f"{RESULTS}/tables/weights.csv",
    output:
        png=report(
            f"{RESULTS}/figures/weights.png",
            caption="../report/weights.rst",
            category=report_category("weights"),
            labels={"Figure": FIGURE_TITLES["weights"]},
        ),
        pdf=f"{RESULTS}/figures/weights.pdf",
        csv=f"{RESULTS}/figures/weights.csv",
        provenance=f"{RESULTS}/figures/weights.provenance.json",
    log:
        f"{RESULTS}/logs/plot_weights.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_weights.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_weights"),
    script:
        "../workflow_scripts/plot_weights.py"


rule plot_domains:
    """Draw similarity on a task's own and on other texts, and how much it differs."""
    input:
        summary=f"{RESULTS}/tables/similarity_summary.csv",
        domains=f"{RESULTS}/tables/domains.csv",
    output:
        png=report(
            f"{RESULTS}/figures/domains.png",
            caption="../report/domains.rst",
            category=report_category("domains"),
            labels={"Figure": FIGURE_TITLES["domains"]},
        ),
        pdf=f"{RESULTS}/figures/domains.pdf",
        csv=f"{RESULTS}/figures/domains.csv",
        provenance=f"{RESULTS}/figures/domains.provenance.json",
    log:
        f"{RESULTS}/logs/plot_domains.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_domains.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_domains"),
    script:
        "../workflow_scripts/plot_domains.py"


rule plot_token_classes:
    """Draw similarity to the pretrained encoder by class of tokens, for each task."""
    input:
        table=f"{RESULTS}/tables/similarity.csv",
    output:
        png=report(
            f"{RESULTS}/figures/token_classes.png",
            caption="../report/token_classes.rst",
            category=report_category("token_classes"),
            labels={"Figure": FIGURE_TITLES["token_classes"]},
        ),
        pdf=f"{RESULTS}/figures/token_classes.pdf",
        csv=f"{RESULTS}/figures/token_classes.csv",
        provenance=f"{RESULTS}/figures/token_classes.provenance.json",
    log:
        f"{RESULTS}/logs/plot_token_classes.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_token_classes.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_token_classes"),
    script:
        "../workflow_scripts/plot_token_classes.py"


rule plot_finetuning:
    """Draw each task's test score, fine-tuned and with the encoder untuned."""
    input:
        scores=f"{RESULTS}/tables/finetuning.csv",
        summary=f"{RESULTS}/tables/ablations.csv",
    output:
        png=report(
            f"{RESULTS}/figures/finetuning.png",
            caption="../report/finetuning.rst",
            category=report_category("finetuning"),
            labels={"Figure": FIGURE_TITLES["finetuning"]},
        ),
        pdf=f"{RESULTS}/figures/finetuning.pdf",
        csv=f"{RESULTS}/figures/finetuning.csv",
        provenance=f"{RESULTS}/figures/finetuning.provenance.json",
    log:
        f"{RESULTS}/logs/plot_finetuning.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_finetuning.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_finetuning"),
    script:
        "../workflow_scripts/plot_finetuning.py"


rule plot_ablations:
    """Draw the score that is kept when layers are frozen or left out, for all tasks."""
    input:
        table=f"{RESULTS}/tables/ablations.csv",
    output:
        png=report(
            f"{RESULTS}/figures/ablations.png",
            caption="../report/ablations.rst",
            category=report_category("ablations"),
            labels={"Figure": FIGURE_TITLES["ablations"]},
        ),
        pdf=f"{RESULTS}/figures/ablations.pdf",
        csv=f"{RESULTS}/figures/ablations.csv",
        provenance=f"{RESULTS}/figures/ablations.provenance.json",
    log:
        f"{RESULTS}/logs/plot_ablations.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_ablations.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_ablations"),
    script:
        "../workflow_scripts/plot_ablations.py"


rule plot_probes:
    """Draw what the probes find before and after fine-tuning, with intervals."""
    input:
        table=f"{RESULTS}/tables/probe_summary.csv",
    output:
        png=report(
            f"{RESULTS}/figures/probes.png",
            caption="../report/probes.rst",
            category=report_category("probes"),
            labels={"Figure": FIGURE_TITLES["probes"]},
        ),
        pdf=f"{RESULTS}/figures/probes.pdf",
        csv=f"{RESULTS}/figures/probes.csv",
        provenance=f"{RESULTS}/figures/probes.provenance.json",
    log:
        f"{RESULTS}/logs/plot_probes.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_probes.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_probes"),
    script:
        "../workflow_scripts/plot_probes.py"


rule plot_probe_changes:
    """Draw the change of each probe by layer, as a heat map for each task."""
    input:
        table=f"{RESULTS}/tables/probe_summary.csv",
    output:
        png=report(
            f"{RESULTS}/figures/probe_changes.png",
            caption="../report/probe_changes.rst",
            category=report_category("probe_changes"),
            labels={"Figure": FIGURE_TITLES["probe_changes"]},
        ),
        pdf=f"{RESULTS}/figures/probe_changes.pdf",
        csv=f"{RESULTS}/figures/probe_changes.csv",
        provenance=f"{RESULTS}/figures/probe_changes.provenance.json",
    log:
        f"{RESULTS}/logs/plot_probe_changes.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_probe_changes.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_probe_changes"),
    script:
        "../workflow_scripts/plot_probe_changes.py"


rule plot_structure:
    """Draw the scores of the structural probes by layer."""
    input:
        table=f"{RESULTS}/tables/probe_summary.csv",
    output:
        png=report(
            f"{RESULTS}/figures/structure.png",
            caption="../report/structure.rst",
            category=report_category("structure"),
            labels={"Figure": FIGURE_TITLES["structure"]},
        ),
        pdf=f"{RESULTS}/figures/structure.pdf",
        csv=f"{RESULTS}/figures/structure.csv",
        provenance=f"{RESULTS}/figures/structure.provenance.json",
    log:
        f"{RESULTS}/logs/plot_structure.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_structure.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_structure"),
    script:
        "../workflow_scripts/plot_structure.py"


rule plot_mix_weights:
    """Draw the weight that each layer has in the probes' mix."""
    input:
        table=f"{RESULTS}/tables/probes.csv",
    output:
        png=report(
            f"{RESULTS}/figures/mix_weights.png",
            caption="../report/mix_weights.rst",
            category=report_category("mix_weights"),
            labels={"Figure": FIGURE_TITLES["mix_weights"]},
        ),
        pdf=f"{RESULTS}/figures/mix_weights.pdf",
        csv=f"{RESULTS}/figures/mix_weights.csv",
        provenance=f"{RESULTS}/figures/mix_weights.provenance.json",
    log:
        f"{RESULTS}/logs/plot_mix_weights.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_mix_weights.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_mix_weights"),
    script:
        "../workflow_scripts/plot_mix_weights.py"


rule plot_trajectory:
    """Draw how similarity and structural probes change step by step, as heat maps for each task."""
    input:
        table=f"{RESULTS}/tables/trajectory.csv",
    output:
        png=report(
            f"{RESULTS}/figures/trajectory.png",
            caption="../report/trajectory.rst",
            category=report_category("trajectory"),
            labels={"Figure": FIGURE_TITLES["trajectory"]},
        ),
        pdf=f"{RESULTS}/figures/trajectory.pdf",
        csv=f"{RESULTS}/figures/trajectory.csv",
        provenance=f"{RESULTS}/figures/trajectory.provenance.json",
    log:
        f"{RESULTS}/logs/plot_trajectory.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_trajectory.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        code=code("plot_trajectory"),
    script:
        "../workflow_scripts/plot_trajectory.py"


rule figures:
    """Stop after the figures: all of them."""
    input:
        expand(f"{RESULTS}/figures/{{figure}}.png", figure=FIGURES),
