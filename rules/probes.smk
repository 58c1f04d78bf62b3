# Probes: what can be read off each layer of each model, by trained probes, with their controls.
#
# Inputs:  corpora/<corpus>/<kind>/, tasks/<task>/, models
# Outputs: probe_data/<text>/<phenomenon>/, stimuli/probes/<text>.jsonl,
#          probes/<text>/<phenomenon>/<model>/probe-seed-<n>/ (scores.csv, sentences.parquet,
#          predictions.parquet, summary.json)
# Steps:   prepare_probe -> gather_probe_text -> cache_activations -> probe_edges, probe_structure
#
# A text is all the sentences of the probes that one entry of `probes` names. It is cached once for
# each model, whatever the number of probes on it. The seed of a probe is that of the run it looks at;
# the pretrained and the random encoder are probed with each of them.


rule prepare_probe:
    """Choose a probe's training, development and test data, none of which a task has seen."""
    input:
        corpus=lambda wildcards: STUDY.probe_corpus(wildcards.text, wildcards.phenomenon),
        tasks=expand(PATHS.task, task=config["tasks"]),
    output:
        data=directory(PATHS.probe_data),
        provenance=f"{PATHS.probe_data}.provenance.json",
    log:
        f"{PATHS.logs}/prepare_probe/{{text}}/{{phenomenon}}.log",
    benchmark:
        f"{PATHS.benchmarks}/prepare_probe/{{text}}/{{phenomenon}}.tsv"
    conda:
        "../envs/corpora.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(10),
        disk_mb=500,
    params:
        kind=lambda wildcards: probe_kind(wildcards.phenomenon),
        choice=lambda wildcards: STUDY.probe_choice(wildcards.text, wildcards.phenomenon),
        tasks=STUDY.task_texts(),
        code=lambda wildcards: code(
            "prepare_probe",
            *sorted(
                {
                    reader_module(probe_kind(wildcards.phenomenon)),
                    *(reader_module(task["kind"]) for task in STUDY.task_texts().values()),
                }
            ),
        ),
    script:
        "../workflow_scripts/prepare_probe.py"


rule gather_probe_text:
    """Write each different sentence of a text's probes once, to be encoded."""
    input:
        data=lambda wildcards: STUDY.probe_data(wildcards.text),
    output:
        stimuli=f"{PATHS.probe_text}.jsonl",
        provenance=f"{PATHS.probe_text}.provenance.json",
    log:
        f"{PATHS.logs}/gather_probe_text/{{text}}.log",
    benchmark:
        f"{PATHS.benchmarks}/gather_probe_text/{{text}}.tsv"
    conda:
        "../envs/corpora.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(10),
        disk_mb=500,
    params:
        kinds=lambda wildcards: STUDY.probe_kinds(wildcards.text),
        code=lambda wildcards: code(
            "gather_probe_text",
            *sorted(set(map(reader_module, STUDY.probe_kinds(wildcards.text)))),
        ),
    script:
        "../workflow_scripts/gather_probe_text.py"


rule probe_edges:
    """Train edge probes of one phenomenon on all layers of a model, with their controls."""
    input:
        data=PATHS.probe_data,
        activations=PATHS.probed_activations,
    output:
        scores=f"{PATHS.probe}/scores.csv",
        sentences=f"{PATHS.probe}/sentences.parquet",
        predictions=f"{PATHS.probe}/predictions.parquet",
        summary=f"{PATHS.probe}/summary.json",
        provenance=f"{PATHS.probe}/provenance.json",
    log:
        f"{PATHS.logs}/probe_edges/{{text}}/{{phenomenon}}/{{model}}/probe-seed-{{probe_seed}}.log",
    benchmark:
        f"{PATHS.benchmarks}/probe_edges/{{text}}/{{phenomenon}}/{{model}}/probe-seed-{{probe_seed}}.tsv"
    wildcard_constraints:
        phenomenon=f"(?!{STRUCTURE}/){NAME}",
    priority: 2
    conda:
        "../envs/probes.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt * probing_mb(input.activations, 1, config["gpus"])
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt
            * probing_minutes(
                input.activations, config["probing"]["edges"]["epochs"], config["gpus"]
            )
        ),
        disk_mb=500,
        gpu=config["gpus"],
    params:
        schedule=config["probing"]["edges"],
        controls=lambda wildcards: STUDY.controls(int(wildcards.probe_seed)),
        code=lambda wildcards: code("probe_edges", reader_module("edges")),
    script:
        "../workflow_scripts/probe_edges.py"


rule probe_structure:
    """Train structural probes (tree distance and depth) on all layers of a model."""
    input:
        data=PATHS.tree_data,
        activations=PATHS.probed_activations,
    output:
        scores=f"{PATHS.structural_probe}/scores.csv",
        sentences=f"{PATHS.structural_probe}/sentences.parquet",
        predictions=f"{PATHS.structural_probe}/predictions.parquet",
        summary=f"{PATHS.structural_probe}/summary.json",
        provenance=f"{PATHS.structural_probe}/provenance.json",
    log:
        f"{PATHS.logs}/probe_structure/{{text}}/{{model}}/probe-seed-{{probe_seed}}.log",
    benchmark:
        f"{PATHS.benchmarks}/probe_structure/{{text}}/{{model}}/probe-seed-{{probe_seed}}.tsv"
    priority: 2
    conda:
        "../envs/probes.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt * probing_mb(input.activations, 3, config["gpus"])
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt
            * probing_minutes(
                input.activations, config["probing"]["structure"]["epochs"], config["gpus"]
            )
        ),
        disk_mb=500,
        gpu=config["gpus"],
    params:
        settings=config["probing"]["structure"],
        code=lambda wildcards: code("probe_structure", reader_module("treebank")),
    script:
        "../workflow_scripts/probe_structure.py"


rule probes:
    """Stop after the probes: all their scores, in two tables."""
    input:
        [STUDY.table(name) for name in STUDY.probe_tables()],
