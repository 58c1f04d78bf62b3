"""Intervals by the bootstrap, over sentences crossed with seeds (Multi-Bootstrap).

Sellam et al. (2022), "The MultiBERTs: BERT reproductions for robustness analysis": a resample draws
sentences and, independently, seeds, both with replacement. All that is compared uses the same
sentences, so that what is hard for all models cancels out of a difference.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Intervals:
    """How intervals are computed."""

    resamples: int
    level: float
    seed: int


@dataclass(frozen=True)
class Resamples:
    """How often each resample holds each sentence: int, (resamples, sentences)."""

    counts: np.ndarray

    @classmethod
    def draw(cls, sentences: int, resamples: int, seed: int) -> "Resamples":
        """Draw sentences with replacement, as many as there are, for each resample."""
        generator = np.random.default_rng(seed)
        shares = np.full(sentences, 1 / sentences)
        return cls(generator.multinomial(sentences, shares, size=resamples))

    def ratios(self, numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
        """Return a ratio of sums over sentences, in each resample: (resamples, runs).

        numerators, denominators: (runs, sentences). NaN where a resample's denominator is 0.
        """
        totals = (self.counts @ denominators.T).astype(float)
        with np.errstate(invalid="ignore"):
            return (self.counts @ numerators.T) / np.where(totals > 0, totals, np.nan)


def mean_over_seeds(values: np.ndarray, seed: int) -> np.ndarray:
    """Average the values of runs that each resample draws: (resamples, runs) -> (resamples,).

    Runs differ in the seed; they are drawn with replacement, anew for each resample. One run is
    always itself.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.integers(values.shape[1], size=values.shape)
    means: np.ndarray = np.take_along_axis(values, drawn, axis=1).mean(axis=1)
    return means


def interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """Return the percentile interval of resampled values (resamples,) at a level such as 0.95."""
    tail = (1 - level) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)
