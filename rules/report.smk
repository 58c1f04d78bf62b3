# The summary page: all of a study in one file for any browser, beside the figures that it shows.
#
# Inputs:  tables/*.csv, claims.json, figures/*.png, their provenance; report/*
# Outputs: index.html, claims.html


rule write_summary_page:
    """Write the page: claims first, every figure, tables that sort, what was run and on what."""
    input:
        claims=f"{RESULTS}/tables/claims.json",
        figures=expand(f"{RESULTS}/figures/{{figure}}.png", figure=FIGURES),
        tables=[f"{RESULTS}/tables/{table}.csv" for table in SHOWN_TABLES],
        left_out=f"{RESULTS}/tables/left_out.csv",
        records=[
            *expand(f"{RESULTS}/tables/{{table}}.provenance.json", table=RECORDED_TABLES),
            *expand(f"{RESULTS}/figures/{{figure}}.provenance.json", figure=FIGURES),
        ],
        template=report_source("summary_page.html.j2"),
        methods=report_source("workflow.rst"),
        captions=[report_source(f"{figure}.rst") for figure in FIGURES],
    output:
        page=f"{RESULTS}/index.html",
        claims=report(
            f"{RESULTS}/claims.html",
            caption="../report/claims.rst",
            category="1 Claims",
            labels={"Table": "All verdicts, with what they rest on"},
        ),
        provenance=f"{RESULTS}/index.provenance.json",
    log:
        f"{RESULTS}/logs/write_summary_page.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_summary_page.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        config=config,
        figures=[
            {"name": figure, "section": FIGURE_SECTIONS[figure], "title": FIGURE_TITLES[figure]}
            for figure in FIGURES
        ],
        benchmarks=f"{RESULTS}/benchmarks",
        code=code("write_summary_page"),
    script:
        "../workflow_scripts/write_summary_page.py"
