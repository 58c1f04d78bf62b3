# Similarity: how alike two models' representations of the same tokens are, for all pairs of layers;
# and how far their weights lie apart.
#
# Inputs:  activations/<model>/<stimuli>/ of two models
# Outputs: similarity/<stimuli>/<model>.csv and .resamples.parquet, weights/<model>.csv
# Steps:   sample_tokens -> compare_representations, resample_similarity; compare_weights


rule sample_tokens:
    """Draw the tokens that every comparison of an encoder on these stimuli uses."""
    input:
        activations=PATHS.pretrained_activations,
    output:
        tokens=f"{PATHS.tokens}.csv",
        provenance=f"{PATHS.tokens}.provenance.json",
    log:
        f"{PATHS.logs}/sample_tokens/{{stimuli}}/{{encoder}}.log",
    benchmark:
        f"{PATHS.benchmarks}/sample_tokens/{{stimuli}}/{{encoder}}.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        disk_mb=100,
    params:
        settings={key: config["similarity"][key] for key in ("tokens", "seed")},
        code=lambda wildcards: code("sample_tokens"),
    script:
        "../workflow_scripts/sample_tokens.py"


# A job is what one model is compared with on one text: of ten seeds there are 45 pairs.
rule compare_representations:
    """Compare a model's layers with those of each of its references, by every measure."""
    input:
        model=PATHS.activations,
        references=lambda wildcards: STUDY.reference_activations(
            STUDY.references(wildcards.model, wildcards.stimuli), wildcards.stimuli
        ),
        tokens=lambda wildcards: STUDY.sampled_tokens(
            wildcards.model,
            STUDY.references(wildcards.model, wildcards.stimuli),
            wildcards.stimuli,
        ),
    output:
        similarity=f"{PATHS.similarity}.csv",
        provenance=f"{PATHS.similarity}.provenance.json",
    log:
        f"{PATHS.logs}/compare_representations/{{stimuli}}/{{model}}.log",
    benchmark:
        f"{PATHS.benchmarks}/compare_representations/{{stimuli}}/{{model}}.tsv"
    # Before more is cached, so that caches that are not kept can go.
    priority: 2
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=lambda wildcards, input, attempt: attempt * (10 + 20 * len(input.references)),
        disk_mb=100,
    params:
        measures=config["similarity"]["measures"],
        references=lambda wildcards: STUDY.references(wildcards.model, wildcards.stimuli),
        permutation_seeds=lambda wildcards: STUDY.permutation_seeds(
            STUDY.references(wildcards.model, wildcards.stimuli)
        ),
        code=lambda wildcards: code("compare_representations"),
    script:
        "../workflow_scripts/compare_representations.py"


# Apart from the comparisons, so that other intervals compare nothing again, and trajectories, which have no
# intervals, are not resampled.
rule resample_similarity:
    """Compute the RSA of the same layer of two models in resamples of the text, for intervals."""
    input:
        model=PATHS.activations,
        references=lambda wildcards: STUDY.reference_activations(
            STUDY.resampled_references(wildcards.model, wildcards.stimuli), wildcards.stimuli
        ),
        tokens=lambda wildcards: STUDY.sampled_tokens(
            wildcards.model,
            STUDY.resampled_references(wildcards.model, wildcards.stimuli),
            wildcards.stimuli,
        ),
        stimuli=f"{PATHS.stimuli}.jsonl",
    output:
        resamples=f"{PATHS.similarity}.resamples.parquet",
        provenance=f"{PATHS.similarity}.resamples.provenance.json",
    log:
        f"{PATHS.logs}/resample_similarity/{{stimuli}}/{{model}}.log",
    benchmark:
        f"{PATHS.benchmarks}/resample_similarity/{{stimuli}}/{{model}}.tsv"
    priority: 2
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
        disk_mb=100,
    params:
        measure=STUDY.resampled_measure(),
        references=lambda wildcards: STUDY.resampled_references(wildcards.model, wildcards.stimuli),
        permutation_seeds=lambda wildcards: STUDY.permutation_seeds(
            STUDY.resampled_references(wildcards.model, wildcards.stimuli)
        ),
        draws=STUDY.draws(),
        code=lambda wildcards: code("resample_similarity"),
    script:
        "../workflow_scripts/resample_similarity.py"


rule compare_weights:
    """Measure how far the weights of a model lie from those of each of its references."""
    input:
        model=lambda wildcards: STUDY.model_folder(wildcards.model),
        references=lambda wildcards: [
            STUDY.model_folder(name) for name in STUDY.weight_references(wildcards.model)
        ],
    output:
        changes=f"{PATHS.weights}.csv",
        provenance=f"{PATHS.weights}.provenance.json",
    log:
        f"{PATHS.logs}/compare_weights/{{model}}.log",
    benchmark:
        f"{PATHS.benchmarks}/compare_weights/{{model}}.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(20),
        disk_mb=100,
    params:
        references=lambda wildcards: STUDY.weight_references(wildcards.model),
        code=lambda wildcards: code("compare_weights"),
    script:
        "../workflow_scripts/compare_weights.py"


rule similarity:
    """Stop after similarity: all comparisons, of representations and of weights."""
    input:
        STUDY.table("similarity"),
        STUDY.table("similarity_summary"),
        STUDY.table("domains"),
        STUDY.table("weights"),
        [STUDY.table(name) for name in STUDY.perturbed_tables()],
