"""Names of what a probe reads."""

Input = str | int
"""What a probe reads: one of MIXES, or the layer of this number."""
MIX, MIX_NORMALISED = "mix", "mix_normalised"
MIXES = (MIX, MIX_NORMALISED)
"""Inputs that read all layers: weighted sums of them, as they are or each one normalised."""
