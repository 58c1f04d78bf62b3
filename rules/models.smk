# Models: pretrained and random encoders, fine-tuned encoders with their scores, ablations.
#
# Inputs:  a package, the hub or a folder; tasks/<task>/
# Outputs: encoders/<encoder>/, models/<encoder>/<task>/<variant>/seed-<seed>/, and below those of full tuning
#          perturbed/; checkpoints/<encoder>/<task>/full/seed-<seed>/
# Steps:   fetch_encoder -> finetune_encoder (variant full), ablate_layers (all other variants)
#          fetch_encoder -> trace_encoder; finetune_encoder -> perturb_encoder


rule fetch_encoder:
    """Put an encoder, pretrained or random, into a folder that Hugging Face loads."""
    input:
        like=lambda wildcards: STUDY.original(wildcards.encoder),
        files=encoder_files,
    output:
        encoder=directory(PATHS.encoder),
        provenance=f"{PATHS.encoder}.provenance.json",
    log:
        f"{PATHS.logs}/fetch_encoder/{{encoder}}.log",
    benchmark:
        f"{PATHS.benchmarks}/fetch_encoder/{{encoder}}.tsv"
    localrule: True
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
        disk_mb=2000,
    params:
        source=lambda wildcards: by_content(STUDY.encoder_source(wildcards.encoder)),
        code=lambda wildcards: code("fetch_encoder"),
    script:
        "../workflow_scripts/fetch_encoder.py"


rule finetune_encoder:
    """Fine-tune the whole encoder with a task's head; keep it, and score it on dev and test."""
    input:
        encoder=PATHS.encoder,
        data=PATHS.task,
    output:
        encoder=directory(f"{PATHS.full_run}/encoder"),
        head=f"{PATHS.full_run}/head.safetensors",
        head_description=f"{PATHS.full_run}/head.json",
        training=f"{PATHS.full_run}/training.csv",
        scores=f"{PATHS.full_run}/scores.csv",
        examples=f"{PATHS.full_run}/examples.parquet",
        summary=f"{PATHS.full_run}/summary.json",
        predictions=directory(f"{PATHS.full_run}/predictions"),
        provenance=f"{PATHS.full_run}/provenance.json",
    log:
        f"{PATHS.logs}/finetune_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.log",
    benchmark:
        f"{PATHS.benchmarks}/finetune_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.tsv"
    # The longest jobs come first, so that short ones fill the end.
    priority: 10
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt
            * training_mb(
                input.encoder,
                **STUDY.batches(wildcards.task),
                fixed_layers=False,
                gpus=config["gpus"],
            )
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt
            * training_minutes(
                input.encoder, input.data, STUDY.epochs(wildcards.task), config["gpus"]
            )
        ),
        disk_mb=lambda wildcards, input: training_disk_mb(input.encoder, 1),
        gpu=config["gpus"],
    params:
        variant="full",
        settings=lambda wildcards: STUDY.task_settings(wildcards.task),
        precision=config["precision"],
        code=lambda wildcards: code("finetune_encoder", *STUDY.task_modules(wildcards.task)),
    script:
        "../workflow_scripts/finetune_encoder.py"


# Apart from fine-tuning, so that other steps train no model anew; it ends with the last of the steps.
rule trace_encoder:
    """Begin the same fine-tuning again, and keep the encoder after some of its steps."""
    input:
        encoder=PATHS.encoder,
        data=PATHS.task,
    output:
        checkpoints=directory(PATHS.trace),
        provenance=f"{PATHS.trace}.provenance.json",
    log:
        f"{PATHS.logs}/trace_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.log",
    benchmark:
        f"{PATHS.benchmarks}/trace_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.tsv"
    priority: 5
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt
            * training_mb(
                input.encoder,
                **STUDY.batches(wildcards.task),
                fixed_layers=False,
                gpus=config["gpus"],
            )
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt
            * training_minutes(
                input.encoder, input.data, STUDY.epochs(wildcards.task), config["gpus"]
            )
        ),
        disk_mb=lambda wildcards, input: training_disk_mb(
            input.encoder, len(config["trajectory"]["steps"])
        ),
        gpu=config["gpus"],
    params:
        steps=config["trajectory"]["steps"],
        settings=lambda wildcards: STUDY.task_settings(wildcards.task),
        precision=config["precision"],
        code=lambda wildcards: code("trace_encoder", *STUDY.task_modules(wildcards.task)),
    script:
        "../workflow_scripts/trace_encoder.py"


rule ablate_layers:
    """Train with the encoder fixed (untuned), its first layers fixed, or its last layers left out.

    Or so, or as a whole, on a part of the training data. What counts is the score; the encoder is
    not kept.
    """
    input:
        encoder=PATHS.encoder,
        data=PATHS.task,
    output:
        head=f"{PATHS.run}/head.safetensors",
        head_description=f"{PATHS.run}/head.json",
        training=f"{PATHS.run}/training.csv",
        scores=f"{PATHS.run}/scores.csv",
        examples=f"{PATHS.run}/examples.parquet",
        summary=f"{PATHS.run}/summary.json",
        predictions=directory(f"{PATHS.run}/predictions"),
        provenance=f"{PATHS.run}/provenance.json",
    log:
        f"{PATHS.logs}/ablate_layers/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}.log",
    benchmark:
        f"{PATHS.benchmarks}/ablate_layers/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}.tsv"
    priority: 5
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt
            * training_mb(
                input.encoder,
                **STUDY.batches(wildcards.task),
                fixed_layers=True,
                gpus=config["gpus"],
            )
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt
            * training_minutes(
                input.encoder, input.data, STUDY.epochs(wildcards.task), config["gpus"]
            )
        ),
        disk_mb=lambda wildcards, input: training_disk_mb(input.encoder, 0),
        gpu=config["gpus"],
    params:
        variant=lambda wildcards: wildcards.variant,
        settings=lambda wildcards: STUDY.task_settings(wildcards.task),
        precision=config["precision"],
        code=lambda wildcards: code("finetune_encoder", *STUDY.task_modules(wildcards.task)),
    script:
        "../workflow_scripts/finetune_encoder.py"


rule perturb_encoder:
    """Put noise on the pretrained encoder until it has changed as much as a run changed it.

    It shows what that amount of change looks like when it goes nowhere in particular.
    """
    input:
        tuned=f"{PATHS.full_run}/encoder",
        pretrained=PATHS.encoder,
        stimuli=lambda wildcards: (
            f"{PATHS.stimuli.format(stimuli=STUDY.perturbation_stimuli(wildcards.task))}.jsonl"
        ),
    output:
        encoder=large(directory(f"{PATHS.full_run}/perturbed")),
        description=f"{PATHS.full_run}/perturbation.json",
        provenance=f"{PATHS.full_run}/perturbed.provenance.json",
    log:
        f"{PATHS.logs}/perturb_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.log",
    benchmark:
        f"{PATHS.benchmarks}/perturb_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: (
            attempt
            * running_mb(
                input.pretrained, 4, config["activations"]["tokens_per_batch"], config["gpus"]
            )
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt * perturbing_minutes(input.pretrained, input.stimuli, config["gpus"])
        ),
        disk_mb=1000,
        gpu=config["gpus"],
    params:
        settings=STUDY.perturbation_settings(),
        code=lambda wildcards: code("perturb_encoder"),
    script:
        "../workflow_scripts/perturb_encoder.py"


rule models:
    """Stop after fine-tuning: every fine-tuned encoder with its scores."""
    input:
        STUDY.run_files(STUDY.tuned_runs(), "encoder"),
        STUDY.run_files(STUDY.tuned_runs(), "scores.csv"),


rule ablations:
    """Stop after the ablations, and the runs on parts of the training data: their scores."""
    input:
        STUDY.run_files([*STUDY.ablated_runs(), *STUDY.runs_on_parts()], "scores.csv"),
