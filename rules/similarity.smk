# Similarity: how alike two models' representations of the same tokens are, for all pairs of layers.
#
# Inputs:  activations/<model>/<stimuli>/ of two models
# Outputs: similarity/<stimuli>/<model>/against/<reference>.csv
# Steps:   sample_tokens -> compare_representations


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
        size=config["similarity"]["tokens"],
        seed=config["similarity"]["seed"],
        code=code("sample_tokens"),
    script:
        "../workflow_scripts/sample_tokens.py"


rule compare_representations:
    """Compare every layer of a model with every layer of a reference model (RSA)."""
    input:
        model=f"{RESULTS}/activations/{{model}}/{{stimuli}}",
        reference=f"{RESULTS}/activations/{{reference}}/{{stimuli}}",
        tokens=sampled_tokens,
    output:
        similarity=f"{RESULTS}/similarity/{{stimuli}}/{{model}}/against/{{reference}}.csv",
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
        correlation=config["similarity"]["correlation"],
        code=code("compare_representations"),
    script:
        "../workflow_scripts/compare_representations.py"


rule similarity:
    """Stop after similarity: all comparisons, in one table."""
    input:
        f"{RESULTS}/tables/similarity.csv",
