# Transplants: parts of fine-tuned encoders put into the pretrained one, and back.
#
# Inputs:  models/<encoder>/<task>/full/seed-<seed>/, encoders/<encoder>/, stimuli/, tasks/<task>/
# Outputs: activations/<encoder>/<task>/full/seed-<seed>/transplanted/<stimuli>/,
#          reverts/<encoder>/<task>/seed-<seed>/, tables/reverts.csv
# Steps:   transplant_layers (-> compare_representations); revert_layers -> summarise_reverts


rule transplant_layers:
    """Run each fine-tuned layer on what the pretrained layer below it gives: its own change."""
    input:
        tuned=f"{PATHS.full_run}/encoder",
        pretrained=PATHS.encoder,
        stimuli=f"{PATHS.stimuli}.jsonl",
    output:
        activations=large(directory(PATHS.transplanted)),
        provenance=f"{PATHS.transplanted}.provenance.json",
    log:
        f"{PATHS.logs}/transplant_layers/{{encoder}}/{{task}}/seed-{{seed}}/{{stimuli}}.log",
    benchmark:
        f"{PATHS.benchmarks}/transplant_layers/{{encoder}}/{{task}}/seed-{{seed}}/{{stimuli}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt
            * running_mb(
                input.pretrained, 3, config["activations"]["tokens_per_batch"], config["gpus"]
            )
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt * running_minutes(input.pretrained, input.stimuli, 3, config["gpus"])
        ),
        disk_mb=4000,
        gpu=config["gpus"],
    params:
        tokens_per_batch=config["activations"]["tokens_per_batch"],
        code=lambda wildcards: code("transplant_layers"),
    script:
        "../workflow_scripts/transplant_layers.py"


rule revert_layers:
    """Score a fine-tuned model with parts of its encoder put back, and nothing retrained."""
    input:
        tuned=f"{PATHS.full_run}/encoder",
        head=f"{PATHS.full_run}/head.safetensors",
        pretrained=PATHS.encoder,
        data=PATHS.task,
    output:
        scores=f"{PATHS.reverts}/scores.csv",
        examples=f"{PATHS.reverts}/examples.parquet",
        summary=f"{PATHS.reverts}/summary.json",
        provenance=f"{PATHS.reverts}/provenance.json",
    log:
        f"{PATHS.logs}/revert_layers/{{encoder}}/{{task}}/seed-{{seed}}.log",
    benchmark:
        f"{PATHS.benchmarks}/revert_layers/{{encoder}}/{{task}}/seed-{{seed}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt
            * running_mb(
                input.pretrained, 3, STUDY.tokens_of_batch(wildcards.task), config["gpus"]
            )
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt * reverting_minutes(input.pretrained, input.data, config["gpus"])
        ),
        disk_mb=100,
        gpu=config["gpus"],
    params:
        settings=lambda wildcards: STUDY.task_settings(wildcards.task),
        chosen=config["transplants"],
        precision=config["precision"],
        code=lambda wildcards: code("revert_layers", *STUDY.task_modules(wildcards.task)),
    script:
        "../workflow_scripts/revert_layers.py"


rule summarise_reverts:
    """Relate the scores with parts put back to those of the tuned models, with intervals."""
    input:
        reverts=STUDY.revert_files(),
        untuned=STUDY.run_files(STUDY.untuned_runs(), "examples.parquet"),
    output:
        table=STUDY.table("reverts"),
        provenance=f"{PATHS.results}/tables/reverts.provenance.json",
    log:
        f"{PATHS.logs}/summarise_reverts.log",
    benchmark:
        f"{PATHS.benchmarks}/summarise_reverts.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        reverts=STUDY.reverted_runs(),
        untuned=STUDY.untuned_runs(),
        intervals=config["intervals"],
        code=lambda wildcards: code("summarise_reverts"),
    script:
        "../workflow_scripts/summarise_reverts.py"


rule transplants:
    """Stop after the transplants: what layers change by themselves, and what putting them back costs."""
    input:
        [STUDY.table(name) for name in STUDY.revert_tables()],
        STUDY.table("similarity_summary"),
