# The summary page: all of a study in one file for any browser, beside the figures that it shows. The lock: what
# makes the study anew, and the hashes of all of it.
#
# Inputs:  tables/*.csv, claims.json, figures/*.png, their provenance; report/*
# Outputs: index.html, claims.html; provenance.json


rule write_summary_page:
    """Write the page: claims first, every figure, tables that sort, what was run and on what."""
    input:
        claims=f"{PATHS.results}/tables/claims.json",
        figures=expand(f"{PATHS.figure}.png", figure=STUDY.figure_names()),
        tables=[STUDY.table(name) for name in STUDY.shown_tables()],
        left_out=STUDY.table("left_out"),
        records=[
            *expand(f"{PATHS.table}.provenance.json", table=STUDY.recorded_tables()),
            *expand(f"{PATHS.figure}.provenance.json", figure=STUDY.figure_names()),
        ],
        template=report_source("summary_page.html.j2"),
        methods=report_source("workflow.rst"),
        captions=[report_source(f"{name}.rst") for name in STUDY.figure_names()],
    output:
        page=f"{PATHS.results}/index.html",
        claims=report(
            f"{PATHS.results}/claims.html",
            caption="../report/claims.rst",
            category="1 Claims",
            labels={"Table": "All verdicts, with what they rest on"},
        ),
        provenance=f"{PATHS.results}/index.provenance.json",
    log:
        f"{PATHS.logs}/write_summary_page.log",
    benchmark:
        f"{PATHS.benchmarks}/write_summary_page.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        config=STUDY.config,
        figures=[
            {"name": figure.name, "section": figure.section, "title": figure.title}
            for figure in STUDY.figures()
        ],
        code=lambda wildcards: code("write_summary_page"),
    script:
        "../workflow_scripts/write_summary_page.py"


# All of a study goes into its page, so that the page's record is newer than all other records. The lock is found by
# what these say went into what, so that artifacts of other configurations, which may lie there too, are not in it.
rule lock_study:
    """Write down what makes the study anew, and the hash of each artifact and record."""
    input:
        page=rules.write_summary_page.output.provenance,
    output:
        lock=PATHS.lock,
    log:
        f"{PATHS.logs}/lock_study.log",
    benchmark:
        f"{PATHS.benchmarks}/lock_study.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=10,
    params:
        config=STUDY.config,
        code=lambda wildcards: code("lock_study"),
    script:
        "../workflow_scripts/lock_study.py"
