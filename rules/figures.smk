# Figures, each as PNG and PDF with the numbers that it draws as CSV, from tables alone.
#
# Inputs:  tables/*.csv
# Outputs: figures/*.png, *.pdf, *.csv
#
# bertology/figures/registry.py lists them: what each is called, where it stands, what it is drawn from.


rule plot_figure:
    """Draw a figure from its tables."""
    input:
        tables=lambda wildcards: [STUDY.table(name) for name in FIGURES[wildcards.figure].tables],
    output:
        png=report(
            f"{PATHS.figure}.png",
            caption="../report/figure.rst",
            category=lambda wildcards: report_category(FIGURES[wildcards.figure].section),
            labels=lambda wildcards: {"Figure": FIGURES[wildcards.figure].title},
        ),
        pdf=f"{PATHS.figure}.pdf",
        csv=f"{PATHS.figure}.csv",
        provenance=f"{PATHS.figure}.provenance.json",
    log:
        f"{PATHS.logs}/plot_figure/{{figure}}.log",
    benchmark:
        f"{PATHS.benchmarks}/plot_figure/{{figure}}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        module=lambda wildcards: FIGURES[wildcards.figure].module,
        settings=lambda wildcards: FIGURES[wildcards.figure].settings(config),
        code=lambda wildcards: code(
            "plot_figure", f"bertology.figures.{FIGURES[wildcards.figure].module}"
        ),
    script:
        "../workflow_scripts/plot_figure.py"


rule figures:
    """Stop after the figures: all of them."""
    input:
        expand(f"{PATHS.figure}.png", figure=STUDY.figure_names()),
