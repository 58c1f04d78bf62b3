"""The measures of similarity by name, and what figures call them."""

from collections.abc import Sequence

from bertology.errors import InputError

MEASURE_NAMES = {
    "rsa_pearson": "RSA",
    "rsa_spearman": "RSA (Spearman)",
    "rsa_standardised": "RSA, standardised",
    "cka": "CKA",
    "procrustes": "Procrustes distance",
}
"""In the order of figures; measures.py has the function of each."""
RESAMPLED = ("rsa_pearson", "rsa_standardised")
"""Those that can be resampled; the first of them in a study is the one that gets intervals."""
RESAMPLED_COLUMNS = ("reference", "metric", "layer", "resample", "value", "n")
"""Of the table of a model's resamples."""


def resampled_measure(measures: Sequence[str]) -> str:
    """Give the first measure that can be resampled; InputError if there is none."""
    measure = next((name for name in measures if name in RESAMPLED), None)
    if measure is None:
        allowed = f"one of {', '.join(RESAMPLED)} among them"
        raise InputError(f"resamples of RSA: found measures {list(measures)}; allowed: {allowed}")
    return measure
