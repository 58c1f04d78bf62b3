"""Where models are run."""

import torch


def available_device() -> torch.device:
    """Return the GPU where there is one that PyTorch can use, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
