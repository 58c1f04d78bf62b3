# Similarity: how alike two models' representations of the same tokens are, for all pairs of layers;
# and how far their weights lie apart.
#
# Inputs:  activations/<model>/<stimuli>/ of two models
# Outputs: similarity/<stimuli>/<model>/against/<reference>.csv and .resamples.parquet,
#          weights/<model>/against/<reference>.csv
# Steps:   sample_tokens -> compare_representations; compare_weights


rule sample_tokens:
    """Draw the tokens that every comparison of an encoder on these stimuli uses."""
    input:
        activations=f"{RESULTS}/activations/{{encoder}}/{{stimuli}}",
    output:
        tokens=f"{RESULTS}/similarity/{{stimuli}}/{{encoder}}.tokens.csv",
        provenance=f"{RESULTS}/similarity/{{stimuli}}/{{encoder}}.tokens.provenance.json",
    log:
        f"{RESULTS}/logs/sample_tokens/{{stimuli}}/{{encoder}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample_tokens/{{stimuli}}/{{encoder}}.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        disk_mb=100,
    params:
        settings={key: config["similarity"][key] for key in ("tokens", "seed")},
        code=code("sample_tokens"),
    script:
        "../workflow_scripts/sample_tokens.py"


rule compare_representations:
    """Compare a model's layers with a reference model's, by every measure, and RSA in resamples."""
    input:
        model=f"{RESULTS}/activations/{{model}}/{{stimuli}}",
        reference=reference_activations,
        tokens=sampled_tokens,
        stimuli=f"{RESULTS}/stimuli/{{stimuli}}.jsonl",
    output:
        similarity=f"{RESULTS}/similarity/{{stimuli}}/{{model}}/against/{{reference}}.csv",
        resamples=f"{RESULTS}/similarity/{{stimuli}}/{{model}}/against/{{reference}}.resamples.parquet",
        provenance=f"{RESULTS}/similarity/{{stimuli}}/{{model}}/against/{{reference}}.provenance.json",
    log:
        f"{RESULTS}/logs/compare_representations/{{stimuli}}/{{model}}/against/{{reference}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_representations/{{stimuli}}/{{model}}/against/{{reference}}.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
        disk_mb=100,
    params:
        measures=config["similarity"]["measures"],
        permutation_seed=permutation_seed,
        intervals=config["intervals"],
        code=code("compare_representations"),
    script:
        "../workflow_scripts/compare_representations.py"


rule compare_weights:
    """Measure how far the weights of a model lie from those of a reference model."""
    input:
        model=model_folder,
        reference=reference_folder,
    output:
        changes=f"{RESULTS}/weights/{{model}}/against/{{reference}}.csv",
        provenance=f"{RESULTS}/weights/{{model}}/against/{{reference}}.provenance.json",
    log:
        f"{RESULTS}/logs/compare_weights/{{model}}/against/{{reference}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_weights/{{model}}/against/{{reference}}.tsv"
    conda:
        "../envs/similarity.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=20,
        disk_mb=100,
    params:
        code=code("compare_weights"),
    script:
        "../workflow_scripts/compare_weights.py"


rule similarity:
    """Stop after similarity: all comparisons, of representations and of weights."""
    input:
        f"{RESULTS}/tables/similarity.csv",
        f"{RESULTS}/tables/similarity_summary.csv",
        f"{RESULTS}/tables/domains.csv",
        f"{RESULTS}/tables/weights.csv",
