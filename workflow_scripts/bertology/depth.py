"""Thirds of an encoder's layers, and where in its depth a quantity lies.

Arrays have the layers, without the embeddings, on axis 0.
"""

import numpy as np


def two_thirds(layers: int) -> int:
    """Count the first two thirds of the layers, to the nearest whole number."""
    return round(2 * layers / 3)


def share_of_top(change: np.ndarray) -> np.ndarray:
    """Return the share of the summed change in the top third of the layers: (layers, ...) -> (...).

    NaN where nothing changed.
    """
    total = change.sum(axis=0)
    share = np.full(total.shape, np.nan)
    np.divide(change[-third(len(change)) :].sum(axis=0), total, out=share, where=total > 0)
    return share


def top_less_bottom(values: np.ndarray) -> np.ndarray:
    """Subtract the mean of the bottom third of the layers from that of the top third."""
    of_third = third(len(values))
    difference: np.ndarray = values[-of_third:].mean(axis=0) - values[:of_third].mean(axis=0)
    return difference


def third(layers: int) -> int:
    """Count a third of the layers, to the nearest whole number, at least one."""
    return max(1, round(layers / 3))


def centre_of_mass(change: np.ndarray) -> np.ndarray:
    """Return the mean layer, counted from 1, weighted by change (layers, ...): (...)."""
    numbers = np.arange(1, len(change) + 1).reshape(-1, *[1] * (change.ndim - 1))
    centre: np.ndarray = (numbers * change).sum(axis=0) / change.sum(axis=0)
    return centre
