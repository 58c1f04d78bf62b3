"""What happens to an encoder's representations while it is fine-tuned: table of contents."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


include: "rules/configuration.smk"
include: "rules/common.smk"


container: CONTAINER  # of the rules below


include: "rules/corpora.smk"
include: "rules/models.smk"
include: "rules/activations.smk"
include: "rules/similarity.smk"
include: "rules/transplants.smk"
include: "rules/probes.smk"
include: "rules/tables.smk"
include: "rules/claims.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/run.smk"


report: "report/workflow.rst"


rule all:
    input:
        rules.models.input,
        rules.ablations.input,
        rules.similarity.input,
        rules.transplants.input,
        rules.probes.input,
        rules.claims.input,
        rules.figures.input,
        rules.write_summary_page.output,
        rules.lock_study.output,
