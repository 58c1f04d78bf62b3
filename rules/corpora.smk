# Text: corpora from the grammar, from files or from the hub; the tasks' data; the stimuli.
#
# Inputs:  files below data_dir or at addresses, or the hub
# Outputs: downloads/<file>, corpora/<corpus>/<kind>/, tasks/<task>/, stimuli/<stimuli>.jsonl
# Steps:   write_grammar_corpus or (fetch_file ->) fetch_corpus -> prepare_task, sample_stimuli


rule write_grammar_corpus:
    """Write annotated English text from the project's grammar and lexicon, in public formats."""
    output:
        corpus=directory(PATHS.corpus),
        provenance=f"{PATHS.corpus}.provenance.json",
    log:
        f"{PATHS.logs}/write_grammar_corpus/{{annotation}}.log",
    benchmark:
        f"{PATHS.benchmarks}/write_grammar_corpus/{{annotation}}.tsv"
    wildcard_constraints:
        annotation=any_of(STUDY.annotations("grammar")),
    conda:
        "../envs/corpora.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(5),
        disk_mb=200,
    params:
        source=lambda wildcards: STUDY.origin(wildcards.annotation),
        code=lambda wildcards: code(
            "write_grammar_corpus", STUDY.grammar_module(wildcards.annotation)
        ),
    script:
        "../workflow_scripts/write_grammar_corpus.py"


# Below the results, not in data_dir: Snakemake removes and replaces what rules write, and data_dir is the user's own.
# With the same layout as there, so that another study can have this folder as its data_dir.
rule fetch_file:
    """Fetch a file that a corpus is read from, where the study says at which addresses it is."""
    output:
        file=PATHS.download,
        provenance=f"{PATHS.download}.provenance.json",
    log:
        f"{PATHS.logs}/fetch_file/{{file}}.log",
    benchmark:
        f"{PATHS.benchmarks}/fetch_file/{{file}}.tsv"
    wildcard_constraints:
        file=any_of([re.escape(name) for name in config["downloads"]]),
    # Nodes of a cluster often have no network.
    localrule: True
    conda:
        "../envs/corpora.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(240),
        disk_mb=2000,
    params:
        sha256=lambda wildcards: config["downloads"][wildcards.file]["sha256"],
        code=lambda wildcards: code("fetch_file"),
    script:
        "../workflow_scripts/fetch_file.py"


rule fetch_corpus:
    """Read a corpus from files or the hub, check every line of it, and keep it in one format."""
    input:
        unpack(corpus_files),
    output:
        corpus=directory(PATHS.corpus),
        provenance=f"{PATHS.corpus}.provenance.json",
    log:
        f"{PATHS.logs}/fetch_corpus/{{annotation}}.log",
    benchmark:
        f"{PATHS.benchmarks}/fetch_corpus/{{annotation}}.tsv"
    wildcard_constraints:
        annotation=any_of(STUDY.annotations("files", "hub")),
    localrule: True
    conda:
        "../envs/corpora.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
        disk_mb=2000,
    params:
        source=lambda wildcards: by_content(STUDY.origin(wildcards.annotation), STUDY.hashes()),
        code=lambda wildcards: code("fetch_corpus", *STUDY.corpus_modules(wildcards.annotation)),
    script:
        "../workflow_scripts/fetch_corpus.py"


rule prepare_task:
    """Choose a task's training, development and test data from its corpus."""
    input:
        corpus=lambda wildcards: STUDY.task_corpus(wildcards.task),
    output:
        data=directory(PATHS.task),
        provenance=f"{PATHS.task}.provenance.json",
    log:
        f"{PATHS.logs}/prepare_task/{{task}}.log",
    benchmark:
        f"{PATHS.benchmarks}/prepare_task/{{task}}.tsv"
    conda:
        "../envs/corpora.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(10),
        disk_mb=2000,
    params:
        kind=lambda wildcards: STUDY.task_kind(wildcards.task),
        choice=lambda wildcards: STUDY.task_data(wildcards.task),
        code=lambda wildcards: code("prepare_task", reader_module(STUDY.task_kind(wildcards.task))),
    script:
        "../workflow_scripts/prepare_task.py"


rule sample_stimuli:
    """Draw the sentences on which representations are compared."""
    input:
        corpus=lambda wildcards: STUDY.stimuli_corpus(wildcards.stimuli),
    output:
        stimuli=f"{PATHS.stimuli}.jsonl",
        summary=f"{PATHS.stimuli}.summary.json",
        provenance=f"{PATHS.stimuli}.provenance.json",
    log:
        f"{PATHS.logs}/sample_stimuli/{{stimuli}}.log",
    benchmark:
        f"{PATHS.benchmarks}/sample_stimuli/{{stimuli}}.tsv"
    wildcard_constraints:
        stimuli=NAME,
    conda:
        "../envs/corpora.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(10),
        disk_mb=100,
    params:
        settings=lambda wildcards: STUDY.stimuli_settings(wildcards.stimuli),
        code=lambda wildcards: code(
            "sample_stimuli", reader_module(config["stimuli"][wildcards.stimuli]["kind"])
        ),
    script:
        "../workflow_scripts/sample_stimuli.py"


rule corpora:
    """Stop after the text: every task's data and all stimuli."""
    input:
        expand(PATHS.task, task=config["tasks"]),
        expand(f"{PATHS.stimuli}.jsonl", stimuli=STUDY.stimuli),
