"""The measures of similarity by name, and what figures call them."""

MEASURE_NAMES = {
    "rsa_pearson": "RSA",
    "rsa_spearman": "RSA (Spearman)",
    "rsa_standardised": "RSA, standardised",
    "cka": "CKA",
    "procrustes": "Procrustes distance",
}
"""In the order of figures; measures.py has the function of each."""
