"""Random numbers of one of several models that are trained side by side."""

import numpy as np
import torch


def separate_generator(seed: int, number: int) -> torch.Generator:
    """Return the generator of one model, which does not depend on what others there are."""
    state = np.random.SeedSequence((seed, number)).generate_state(1)
    return torch.Generator().manual_seed(int(state[0]))
