"""One seed for everything that is random in a training run."""

import os

import torch
from transformers import set_seed


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch, and let PyTorch use deterministic algorithms only.

    The same seed then gives bit-identical results on the same machine with the same number of
    threads. An operation that has no deterministic algorithm raises RuntimeError.
    """
    # cuBLAS reads this when it starts; without, its sums have no fixed order.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    set_seed(seed, deterministic=True)
    # PyTorch would fill each new tensor with NaN, to show where one is read before it is written:
    # a twentieth of a step's time.
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010 (untyped)
