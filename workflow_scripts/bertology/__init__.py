"""What happens to a pretrained encoder's representations while it is fine-tuned.

Nothing in this package knows Snakemake: every function takes plain values and paths.
For notebooks, the functions below can be had from the package itself (docs/library.md). Each is
loaded when it is asked for, since PyTorch takes seconds; `__init__.pyi` has their types.
"""

from importlib import import_module
from typing import Any

MODULES = {
    "InputError": "errors",
    "open_activations": "activations",
    "probe_vectors": "probing.vectors",
    "procrustes_distances": "similarity.procrustes",
    "rsa": "similarity.measures",
    "rsa_standardised": "similarity.measures",
    "unbiased_cka": "similarity.cka",
}
"""Where each of them is."""
__all__ = list(MODULES)


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
