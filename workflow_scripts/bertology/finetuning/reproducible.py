"""One seed for everything that is random in a training run."""

import os

from transformers import set_seed


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch, and let PyTorch use deterministic algorithms only.

    The same seed then gives bit-identical results on the same machine with the same number of
    threads. An operation that has no deterministic algorithm raises RuntimeError.
    """
    # cuBLAS reads this when it starts; without, its sums have no fixed order.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    set_seed(seed, deterministic=True)
