"""Scores of multi-label predictions from confusion counts, which can be added and re-scored."""

import numpy as np

COUNTS = ("true_positives", "false_positives", "false_negatives")


def confusion_counts(predicted: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """Count, for each label, true positives, false positives and false negatives.

    predicted, gold: bool, (..., targets, labels). Returns (..., labels, 3), in the order of COUNTS.
    """
    cells = (predicted & gold, predicted & ~gold, ~predicted & gold)
    return np.stack([cell.sum(axis=-2) for cell in cells], axis=-1)


def micro_f1(counts: np.ndarray) -> np.ndarray:
    """Return micro-F1 (0 to 100) over labels: counts (..., labels, 3) -> (...).

    Where there is nothing to find and nothing was found, it is 0, as in scikit-learn.
    """
    true, false_positive, false_negative = np.moveaxis(counts.sum(axis=-2), -1, 0)
    found = 2 * true + false_positive + false_negative
    return 200 * true / np.maximum(found, 1)
