"""CKA and Procrustes distances against plain formulas, and what they must not mind."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group

from bertology.errors import InputError
from bertology.similarity.cka import unbiased_cka
from bertology.similarity.procrustes import procrustes_distances

TOKENS = 60


def layers(seed: int, widths=(5, 8), shift=3.0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [(generator.standard_normal((TOKENS, w)) + shift).astype(np.float16) for w in widths]


def plain_hsic(k: np.ndarray, m: np.ndarray) -> float:
    """HSIC_1 as Song et al. (2012, equation 4) write it, on kernels without diagonals."""
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    one = np.ones(n)
    middle = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
    return np.trace(k @ m) + middle - 2 / (n - 2) * (one @ k @ m @ one)


def plain_cka(x: np.ndarray, y: np.ndarray) -> float:
    k, m = (v.astype(np.float64) @ v.astype(np.float64).T for v in (x, y))
    return plain_hsic(k, m) / np.sqrt(plain_hsic(k, k) * plain_hsic(m, m))


def test_cka_is_the_plain_formula_in_float64():
    first, second = layers(0), layers(1, (4, 6, 7))
    second[1][:, :3] += first[0][:, :3]
    expected = np.array([[plain_cka(x, y) for y in second] for x in first])
    assert unbiased_cka(first, second) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("measure", [unbiased_cka, procrustes_distances])
def test_rotation_scale_and_shift_do_not_matter(measure):
    x, y = (layer.astype(np.float64) for layer in layers(2, (6, 6)))
    rotated = 2.5 * x @ ortho_group.rvs(6, random_state=0) + 1
    assert measure([rotated], [y]) == pytest.approx(measure([x], [y]), abs=1e-5)


def test_a_layer_with_itself():
    own = layers(3)
    assert np.diag(unbiased_cka(own, own)) == pytest.approx([1, 1])
    rotated = own[0].astype(np.float64) @ ortho_group.rvs(5, random_state=1)
    assert procrustes_distances(own[:1], [rotated]) == pytest.approx(0, abs=1e-6)


def test_unrelated_layers_have_cka_around_0_however_wide_they_are():
    found = [unbiased_cka(*(layers(s + n, (40,)) for n in (0, 1000)))[0, 0] for s in range(100)]
    assert np.mean(found) == pytest.approx(0, abs=0.02)


def test_permuted_tokens_have_cka_around_0_and_a_larger_distance():
    x = layers(4)[1]
    shuffled = x[np.random.default_rng(0).permutation(TOKENS)]
    assert abs(unbiased_cka([x], [shuffled])[0, 0]) < 0.15
    assert procrustes_distances([x], [shuffled])[0, 0] > 0.5


def test_procrustes_is_the_residual_of_scipys_best_rotation():
    x, y = (layer.astype(np.float64) for layer in layers(5, (6, 6)))
    x, y = (v - v.mean(axis=0) for v in (x, y))
    x, y = (v / np.linalg.norm(v) for v in (x, y))
    rotation, _ = orthogonal_procrustes(x, y)
    expected = np.linalg.norm(x @ rotation - y) ** 2
    assert procrustes_distances([x], [y])[0, 0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("measure", [unbiased_cka, procrustes_distances])
def test_a_layer_of_equal_vectors_is_refused(measure):
    with pytest.raises(InputError, match="all equal"):
        measure([np.ones((9, 3))], layers(6))


def test_cka_needs_four_tokens():
    x = np.random.default_rng(0).standard_normal((3, 4))
    with pytest.raises(InputError, match="found 3 tokens"):
        unbiased_cka([x], [x])
