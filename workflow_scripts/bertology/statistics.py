"""Estimates with intervals over sentences crossed with seeds, tests, and corrections of tests.

The design is that of the Multi-Bootstrap (Sellam et al. 2022, "The MultiBERTs: BERT reproductions
for robustness analysis"): what is compared is measured on the same resamples of sentences, so that
what is hard for all models cancels out of a difference, and runs of a task differ in their seed.
With few seeds, drawing seeds with replacement and taking percentiles leaves out the truth far too
often (`python benchmarks/statistics/coverage.py`). So the bootstrap gives the part of the variance
that is due to sentences, the runs give the part that is due to seeds, and a normal and a t quantile
weigh them (Banerjee 1960, "Approximate confidence interval for linear functions of means of k
populations when the population variances are not equal").
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Which resamples are drawn: how many, and with what seed."""

    resamples: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Intervals(Draws):
    """How intervals are computed: from which resamples, and at what level."""

    level: float


@dataclass(frozen=True)
class Resamples:
    """How often each resample holds each sentence: int, (draws, sentences).

    The first draw is the text itself, which holds each sentence once; the others are resamples.
    So a quantity that is computed for all draws is an array whose first row is what was observed.
    Sentences of a group (see `corpora.groups`) are in a resample together.
    """

    counts: np.ndarray

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        sentences: int,
        draws: Draws,
        groups: Sequence[Hashable] | None = None,
    ) -> "Resamples":
        """Draw the resamples of a text: the same for the same names, independent for others."""
        seed = crc32("\n".join([str(draws.seed), *names]).encode())
        return cls.draw(sentences, draws.resamples, seed, groups)

    @classmethod
    def draw(
        cls,
        sentences: int,
        resamples: int,
        seed: int,
        groups: Sequence[Hashable] | None = None,
    ) -> "Resamples":
        """Draw groups with replacement for each resample, fewer than there are if these are few.

        groups: each sentence's; None where each sentence is one by itself. Of one group for all no
        resample differs, which would make everything certain: then sentences are drawn.
        """
        names = range(sentences) if groups is None or len(set(groups)) == 1 else groups
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        generator = np.random.default_rng(seed)
        shares = np.full(len(numbers), 1 / len(numbers))
        drawn = generator.multinomial(_groups_drawn(len(numbers)), shares, size=resamples)
        of_sentences = drawn[:, [numbers[name] for name in names]]
        return cls(np.concatenate([np.ones((1, sentences), drawn.dtype), of_sentences]))

    def ratios(self, numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
        """Return a ratio of sums over sentences, in each draw: (draws, runs).

        numerators, denominators: (runs, sentences). NaN where a draw's denominator is 0.
        """
        totals = (self.counts @ denominators.T).astype(float)
        with np.errstate(invalid="ignore"):
            return (self.counts @ numerators.T) / np.where(totals > 0, totals, np.nan)


def _groups_drawn(groups: int) -> int:
    """Give how many of so many groups are drawn, such that few are not taken for many.

    A resample of m groups varies by 1/m of the variance of n, which itself is too small by
    (n - 1)/n; and for few, Student's quantile is wider than the normal one with which the variance
    is weighed. With the m that makes up for both, at 95 %, intervals over 5 groups hold the truth
    95 % of the time, where 5 of 5 give 83 %. Of 3 and 2 groups one is drawn, and that is too many:
    90 % and 70 % (`python benchmarks/statistics/coverage.py`).
    """
    if groups < 3:
        return 1
    wider = stdtrit(groups - 1, 0.975) / ndtri(0.975)
    return max(1, round((groups - 1) / wider**2))


@dataclass(frozen=True)
class Estimate:
    """A mean over runs that differ in their seed, and how far it may be off.

    seed_variance: of the mean, because other seeds would have been other runs; 0 for one run, which
    says nothing of other seeds. sentence_variance: of the mean, because other sentences would have
    been another text; what sentences and seeds do together is in the former.
    """

    value: float
    seed_variance: float
    sentence_variance: float
    seeds: int

    @classmethod
    def of(cls, draws: np.ndarray) -> "Estimate":
        """Estimate from a quantity of each run, on the text and in resamples: (draws, runs)."""
        runs = draws.shape[1]
        observed, resampled = draws[0], draws[1:]
        of_sentences = np.nanvar(resampled.mean(axis=1), ddof=1)
        if runs == 1:
            return cls(float(observed[0]), 0.0, float(of_sentences), 1)
        apart = resampled - resampled.mean(axis=1, keepdims=True)
        of_both = np.nanvar(apart, axis=0, ddof=1).sum() / (runs * (runs - 1))
        return cls(
            float(observed.mean()),
            float(observed.var(ddof=1) / runs),
            float(max(of_sentences - of_both, 0)),
            runs,
        )

    def margin(self, level: float, seeds: int | None = None, texts: float = 1) -> float:
        """Return half the width of the interval; of another number of seeds, or `texts` as long.

        By Banerjee (1960) it holds the truth at least as often as the level says.
        """
        seeds = seeds or self.seeds
        tail = (1 + level) / 2
        of_seeds = 0.0 if self.seeds == 1 else self.seed_variance * self.seeds / seeds
        student = stdtrit(seeds - 1, tail) if of_seeds else 0.0
        squares = student**2 * of_seeds + ndtri(tail) ** 2 * self.sentence_variance / texts
        return float(np.sqrt(squares))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided interval at a level such as 0.95."""
        margin = self.margin(level)
        return self.value - margin, self.value + margin

    def p_above(self, boundary: float) -> float:
        """Test one-sided whether the truth lies above a boundary: the p value.

        It is the least error rate at which the lower end of an interval lies above the boundary.
        """
        return _p_value(self, self.value - boundary)

    def p_below(self, boundary: float) -> float:
        """Test one-sided whether the truth lies below a boundary: the p value."""
        return _p_value(self, boundary - self.value)


def _p_value(estimate: Estimate, distance: float) -> float:
    """Find the one-sided error rate at which half the interval's width is this distance."""
    if distance <= 0 or np.isnan(distance):
        return 1.0 if distance < 0 or np.isnan(distance) else 0.5
    least = 1e-12

    def excess(p: float) -> float:
        return estimate.margin(1 - 2 * p) - distance

    return least if excess(least) <= 0 else float(brentq(excess, least, 0.5))


@dataclass(frozen=True)
class CountDifference:
    """How many more of some things lie above a margin in one group than in another.

    p_above, p_below: p values of each thing of the two groups, (things,) each, of lying above and
    below the margin. Bounds hold for all things at once, by Holm's correction: at least as many lie
    above as are certain to, at most as many as are not certain to lie below. value: the difference
    of the counts as observed.
    """

    value: float
    seeds: int
    first: tuple[np.ndarray, np.ndarray]
    second: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(
        cls, first: Sequence[Estimate], second: Sequence[Estimate], margin: float
    ) -> "CountDifference":
        """Count estimates above a margin in two groups of the same size."""
        above = [sum(estimate.value > margin for estimate in group) for group in (first, second)]
        seeds = min(estimate.seeds for estimate in (*first, *second))
        return cls(float(above[0] - above[1]), seeds, _both(first, margin), _both(second, margin))

    def interval(self, level: float) -> tuple[float, float]:
        """Return bounds of the difference, each of which errs with half of 1 - level."""
        error, things = (1 - level) / 2, len(self.first[0])
        low = (self._more() <= error).sum() - things
        high = things - (self._fewer() <= error).sum()
        return float(low), float(high)

    def p_above(self, boundary: float) -> float:
        """Test one-sided whether the difference lies above a boundary: the p value."""
        return _nth(self._more(), len(self.first[0]) + int(np.floor(boundary)) + 1)

    def p_below(self, boundary: float) -> float:
        """Test one-sided whether the difference lies below a boundary: the p value."""
        return _nth(self._fewer(), len(self.first[0]) - int(np.ceil(boundary)) + 1)

    def _more(self) -> np.ndarray:
        """Correct the tests that put things of the first above, and of the second below."""
        return holm(np.concatenate([self.first[0], self.second[1]]))

    def _fewer(self) -> np.ndarray:
        return holm(np.concatenate([self.first[1], self.second[0]]))


def _both(estimates: Sequence[Estimate], margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the p values of lying above a margin, and of lying below it."""
    return (
        np.array([estimate.p_above(margin) for estimate in estimates]),
        np.array([estimate.p_below(margin) for estimate in estimates]),
    )


def _nth(p_values: np.ndarray, rejections: int) -> float:
    """Return the error rate at which so many hypotheses are rejected; 1 if there are fewer."""
    if rejections <= 0:
        return 0.0
    return float(np.sort(p_values)[rejections - 1]) if rejections <= len(p_values) else 1.0


def over_pairs(
    draws: np.ndarray, pairs: Sequence[tuple[str, str]], seeds: Sequence[str]
) -> np.ndarray:
    """Turn a quantity of pairs of seeds, (draws, pairs), into one of these seeds, (draws, seeds).

    Pairs that share a seed are not independent. The pseudo-values of the jackknife over seeds are,
    nearly, and have the same mean (Efron & Stein 1981, "The jackknife estimate of variance"). With
    two seeds there is one pair, which is returned as it is.
    """
    if len(seeds) < 3:
        return draws
    every = draws.mean(axis=1)
    without = [draws[:, [seed not in pair for pair in pairs]].mean(axis=1) for seed in seeds]
    values: np.ndarray = np.stack(
        [len(seeds) * every - (len(seeds) - 1) * rest for rest in without], axis=1
    )
    return values


def holm(p_values: np.ndarray) -> np.ndarray:
    """Correct p values of several tests of which any may be picked out (Holm 1979): (tests,).

    The chance that any true null hypothesis is rejected stays below the level.
    """
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    corrected = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1)
    result = np.empty(len(p_values))
    result[order] = corrected
    return result
