"""Thirds of layers, and where in depth a change lies."""

import numpy as np
import pytest

from bertology.depth import centre_of_mass, share_of_top, third, top_less_bottom, two_thirds


def test_thirds_are_whole_numbers_of_layers():
    assert [third(layers) for layers in (1, 2, 4, 6, 12)] == [1, 1, 1, 2, 4]
    assert [two_thirds(layers) for layers in (2, 4, 6, 12)] == [1, 3, 4, 8]


def test_quantities_of_change_by_hand():
    ramp = np.array([0.0, 0.0, 0.1, 0.1, 0.3, 0.5])
    assert top_less_bottom(ramp) == pytest.approx(0.4)
    assert centre_of_mass(ramp) == pytest.approx((0.3 + 0.4 + 1.5 + 3.0) / 1.0)
    assert share_of_top(ramp) == pytest.approx(0.8)
    twelve = np.arange(24.0).reshape(12, 2)
    assert share_of_top(twelve) == pytest.approx(twelve[8:].sum(axis=0) / twelve.sum(axis=0))


def test_where_nothing_changed_no_layer_has_a_share():
    still = np.zeros((6, 2))
    still[:, 1] = 0.5
    assert share_of_top(still) == pytest.approx(np.array([np.nan, 1 / 3]), nan_ok=True)
