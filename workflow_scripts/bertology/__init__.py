"""What happens to a pretrained encoder's representations while it is fine-tuned.

Nothing in this package knows Snakemake: every function takes plain values and paths.
"""
