# Figures, each as PNG and PDF, drawn from one table.
#
# Inputs:  tables/*.csv
# Outputs: figures/*.png, figures/*.pdf


rule plot_similarity:
    """Draw similarity to the pretrained encoder by layer, for each task and stimulus set."""
    input:
        table=f"{RESULTS}/tables/similarity.csv",
    output:
        png=report(
            f"{RESULTS}/figures/similarity.png",
            caption="../report/similarity.rst",
            category="Similarity",
        ),
        pdf=f"{RESULTS}/figures/similarity.pdf",
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


rule plot_finetuning:
    """Draw each task's test score, fine-tuned and with the encoder untuned."""
    input:
        table=f"{RESULTS}/tables/finetuning.csv",
    output:
        png=report(
            f"{RESULTS}/figures/finetuning.png",
            caption="../report/finetuning.rst",
            category="Fine-tuning",
        ),
        pdf=f"{RESULTS}/figures/finetuning.pdf",
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


rule figures:
    """Stop after the figures: all of them."""
    input:
        expand(f"{RESULTS}/figures/{{figure}}.png", figure=["similarity", "finetuning"]),
