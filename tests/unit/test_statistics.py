"""Intervals: against scipy's bootstrap, and on cases whose answer is known."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from bertology.statistics import Resamples, interval, mean_over_seeds


def counts(seed: int, sentences: int = 200) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    total = generator.integers(1, 12, sentences)
    return generator.binomial(total, 0.7), total


def test_the_interval_of_a_ratio_is_that_of_scipy():
    right, total = counts(0)
    drawn = Resamples.draw(len(total), 4000, 1).ratios(100 * right[None], total[None])
    expected = bootstrap(
        (100 * right, total),
        lambda a, b, axis: a.sum(axis) / b.sum(axis),
        paired=True,
        method="percentile",
        n_resamples=4000,
        rng=2,
    ).confidence_interval
    assert interval(drawn[:, 0], 0.95) == pytest.approx(tuple(expected), abs=0.15)


def test_a_resample_is_the_ratio_of_its_sentences():
    right, total = counts(1, 12)
    resamples = Resamples.draw(12, 5, 3)
    assert (resamples.counts.sum(axis=1) == 12).all()
    found = resamples.ratios(np.stack([right, total]), np.stack([total, total]))
    for number, drawn in enumerate(resamples.counts):
        chosen = np.repeat(np.arange(12), drawn)
        expected = right[chosen].sum() / total[chosen].sum()
        assert found[number] == pytest.approx([expected, 1])


def test_what_is_hard_for_both_cancels_out_of_a_difference():
    right, total = counts(2)
    resamples = Resamples.draw(len(total), 1000, 1)
    one, other = (resamples.ratios(100 * each[None], total[None])[:, 0] for each in (right, right))
    low, high = interval(one, 0.95)
    assert high - low > 2
    assert interval(one - other, 0.95) == (0, 0)


def test_an_interval_over_seeds_holds_what_they_differ_by():
    values = np.tile([10.0, 20.0, 30.0], (3000, 1))
    low, high = interval(mean_over_seeds(values, 1), 0.95)
    assert low == pytest.approx(10, abs=4)
    assert high == pytest.approx(30, abs=4)
    assert mean_over_seeds(values, 1).mean() == pytest.approx(20, abs=0.5)
    assert (mean_over_seeds(values[:, :1], 1) == 10).all()


def test_nothing_to_find_in_a_resample_is_left_out_of_the_interval():
    total = np.zeros((1, 6), int)
    total[0, 0] = 4
    found = Resamples.draw(6, 500, 1).ratios(total, total)
    assert np.isnan(found).any()
    assert interval(found[:, 0], 0.95) == (1, 1)
