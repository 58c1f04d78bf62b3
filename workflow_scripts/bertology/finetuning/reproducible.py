"""One seed for everything that is random in a training run."""

import os

import torch
from transformers import set_seed


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch, and let PyTorch use deterministic algorithms only.

    The same seed then gives bit-identical results on the same machine with the same number of
    threads. An operation that has no deterministic algorithm raises RuntimeError.
    """
    # cuBLAS sums in a fixed order only with a workspace of fixed size; it reads this when it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Filling fresh memory is a debugging aid, which nothing here that is correct depends on.
    torch.utils.deterministic.fill_uninitialized_memory = False
    set_seed(seed, deterministic=True)
