# Activations: what each layer of each model says of each token of the stimuli, read once and kept.
#
# Inputs:  encoders/<encoder>/, models/<model>/encoder/ or checkpoints/<model>/, stimuli/<stimuli>.jsonl
# Outputs: activations/<model>/<stimuli>/ (layer_00.npy ..., tokens.parquet, summary.json), and that summary beside it


rule cache_activations:
    """Run a model once over the stimuli and keep every layer's vectors of every token."""
    input:
        model=lambda wildcards: STUDY.model_folder(wildcards.model),
        stimuli=f"{PATHS.stimuli}.jsonl",
    output:
        activations=large(directory(PATHS.activations)),
        # For what reads no more than this: where caches are not kept, it would have all made anew.
        summary=f"{PATHS.activations}.summary.json",
        provenance=f"{PATHS.activations}.provenance.json",
    log:
        f"{PATHS.logs}/cache_activations/{{model}}/{{stimuli}}.log",
    benchmark:
        f"{PATHS.benchmarks}/cache_activations/{{model}}/{{stimuli}}.tsv"
    wildcard_constraints:
        model=ENCODER,
    conda:
        "../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt
        * running_mb(
            input.model,
            encoders=1,
            tokens=config["activations"]["tokens_per_batch"],
            gpus=config["gpus"],
            below=STUDY.checkpoint(wildcards.model),
        ),
        runtime=lambda wildcards, input, attempt: (
            attempt
            * running_minutes(
                input.model,
                input.stimuli,
                passes=1,
                gpus=config["gpus"],
                below=STUDY.checkpoint(wildcards.model),
            )
        ),
        disk_mb=4000,
        gpu=config["gpus"],
    params:
        checkpoint=lambda wildcards: STUDY.checkpoint(wildcards.model),
        tokens_per_batch=config["activations"]["tokens_per_batch"],
        code=lambda wildcards: code("cache_activations"),
    script:
        "../workflow_scripts/cache_activations.py"
