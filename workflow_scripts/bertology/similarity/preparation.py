"""What is done to a layer's vectors before their cosines are taken."""

from collections.abc import Callable

import numpy as np

from bertology.similarity.variation import NoVariationError


def standardised(layer: np.ndarray) -> np.ndarray:
    """Bring each dimension to mean 0 and variance 1 over tokens; constant ones become 0.

    A few rogue dimensions dominate cosines (Timkey & van Schijndel 2021, "All bark and no bite").
    InputError if all dimensions are constant.
    """
    values = layer.astype(np.float64)
    constant = (values == values[0]).all(axis=0)
    if constant.all():
        raise NoVariationError("standardising: found a layer whose vectors do not vary")
    values -= values.mean(axis=0)
    values[:, constant] = 0
    return values / np.where(constant, 1, values.std(axis=0))


PREPARATION: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rsa_pearson": np.asarray,
    "rsa_standardised": standardised,
}
"""What is done to a layer before its cosines are taken, for each of names.RESAMPLED."""
