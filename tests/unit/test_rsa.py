"""RSA against a double loop, scipy and rsatoolbox; its invariances; the token sample."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rsatoolbox.rdm import RDMs
from rsatoolbox.rdm import compare as compare_rdms
from scipy.spatial.distance import pdist
from scipy.stats import ortho_group, pearsonr, spearmanr

from bertology.errors import InputError
from bertology.similarity import measures, rsa
from bertology.similarity.tokens import read_token_sample, sample_tokens, write_token_sample


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    """Let a few dozen tokens fill several tiles, the last of them not fully."""
    monkeypatch.setattr(rsa, "TILE", 16)


def compare(first, second, rows, correlation="pearson"):
    return measures.compare(first, second, rows, f"rsa_{correlation}")


def token_table(tokens: int) -> pd.DataFrame:
    position = np.arange(tokens) % 10
    return pd.DataFrame(
        {
            "sentence": [f"s{number // 10}" for number in range(tokens)],
            "segment": np.where(position == 0, -1, 0),
            "position": position,
            "wordpiece": [f"w{number}" for number in range(tokens)],
            "special": position == 0,
        }
    )


def write_cache(folder: Path, layers: list[np.ndarray]) -> Path:
    folder.mkdir()
    for number, layer in enumerate(layers):
        np.save(folder / f"layer_{number:02d}.npy", layer.astype(np.float16))
    token_table(len(layers[0])).to_parquet(folder / "tokens.parquet")
    (folder / "summary.json").write_text(json.dumps({}))
    return folder


def gaussian(layers: int, tokens: int, width: int, seed: int, shift: float = 0.0) -> list:
    generator = np.random.default_rng(seed)
    return [generator.standard_normal((tokens, width)) + shift for _ in range(layers)]


def double_loop(first: np.ndarray, second: np.ndarray) -> tuple[list[float], list[float]]:
    """Cosines of each pair of tokens, one by one, in float64."""
    both: tuple[list[float], list[float]] = ([], [])
    for values, cosines in zip((first, second), both, strict=True):
        for i in range(len(values)):
            for j in range(i + 1, len(values)):
                a, b = values[i], values[j]
                cosines.append(float(a @ b / np.sqrt((a @ a) * (b @ b))))
    return both


def stored(layers: list[np.ndarray], rows: np.ndarray) -> list[np.ndarray]:
    return [layer.astype(np.float16)[rows].astype(np.float64) for layer in layers]


# A shift makes all vectors point the same way, as in real encoders: cosines near 1, small spread.
@pytest.mark.parametrize("shift", [0.0, 3.0, 30.0])
def test_all_pairs_of_layers_equal_a_double_loop(shift, tmp_path):
    first, second = gaussian(3, 60, 8, 0, shift), gaussian(2, 60, 12, 1, shift)
    second[1][:, :8] += first[2]
    rows = np.sort(np.random.default_rng(2).choice(60, 45, replace=False))
    found = compare(write_cache(tmp_path / "a", first), write_cache(tmp_path / "b", second), rows)
    assert found.shape == (3, 2)
    for i, one in enumerate(stored(first, rows)):
        for j, other in enumerate(stored(second, rows)):
            expected = pearsonr(*double_loop(one, other)).statistic
            assert found[i, j] == pytest.approx(expected, abs=1e-6)
    assert found[2, 1] > 0.2 > abs(found[0, 0])


def test_equals_rsatoolbox(tmp_path):
    first, second = gaussian(2, 50, 8, 0, 1.0), gaussian(2, 50, 8, 1, 1.0)
    second[1] += first[1]
    folders = write_cache(tmp_path / "a", first), write_cache(tmp_path / "b", second)
    found = compare(*folders, np.arange(50))
    rdms = [
        RDMs(np.stack([pdist(values, "cosine") for values in stored(layers, np.arange(50))]))
        for layers in (first, second)
    ]
    np.testing.assert_allclose(found, compare_rdms(*rdms, method="corr"), atol=1e-6)


def test_spearman_equals_scipy(tmp_path):
    first, second = gaussian(2, 60, 8, 0, 2.0), gaussian(2, 60, 8, 1, 2.0)
    second[1] += first[1] ** 3
    folders = write_cache(tmp_path / "a", first), write_cache(tmp_path / "b", second)
    rows = np.arange(60)
    found = compare(*folders, rows, "spearman")
    for i, one in enumerate(stored(first, rows)):
        for j, other in enumerate(stored(second, rows)):
            expected = spearmanr(pdist(one, "cosine"), pdist(other, "cosine")).statistic
            assert found[i, j] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("tile", [1, 7, 16, 59, 60, 512])
def test_the_tile_does_not_matter(tile, tmp_path, monkeypatch):
    folders = [
        write_cache(tmp_path / name, gaussian(2, 60, 8, seed)) for seed, name in enumerate("ab")
    ]
    expected = compare(*folders, np.arange(60))
    monkeypatch.setattr(rsa, "TILE", tile)
    np.testing.assert_allclose(compare(*folders, np.arange(60)), expected, atol=1e-7)


@pytest.mark.parametrize("correlation", ["pearson", "spearman"])
def test_rotation_and_scale_leave_similarity_at_one(correlation, tmp_path):
    values = gaussian(1, 80, 16, 0, 1.0)[0]
    rotation = ortho_group.rvs(16, random_state=1)
    scales = np.random.default_rng(2).uniform(0.5, 2, (80, 1))
    folders = [
        write_cache(tmp_path / "a", [values]),
        write_cache(tmp_path / "b", [values @ rotation * scales]),
    ]
    found = compare(*folders, np.arange(80), correlation)
    assert found[0, 0] == pytest.approx(1.0, abs=1e-4)
    assert compare(folders[0], folders[0], np.arange(80))[0, 0] == pytest.approx(1.0, abs=1e-9)


def test_a_planted_change_is_found_in_its_layer_and_grows_with_its_size(tmp_path):
    base = gaussian(4, 300, 32, 0)
    noise = gaussian(4, 300, 32, 1)
    changed = [
        layer + size * more for layer, size, more in zip(base, (0, 0, 0.5, 1.5), noise, strict=True)
    ]
    found = compare(
        write_cache(tmp_path / "a", base), write_cache(tmp_path / "b", changed), np.arange(300)
    )
    same = np.diag(found)
    assert same[:2] == pytest.approx([1, 1], abs=1e-6)
    assert 1 - 1e-3 > same[2] > same[3] > 0.1
    assert np.abs(found - np.diag(same)).max() < 0.03  # other layers are independent of it


def test_the_order_of_tokens_matters_only_if_it_differs(tmp_path):
    layers = gaussian(1, 200, 16, 0)
    order = np.random.default_rng(3).permutation(200)
    folders = write_cache(tmp_path / "a", layers), write_cache(tmp_path / "b", [layers[0][order]])
    assert abs(compare(*folders, np.arange(200))[0, 0]) < 0.05
    assert compare(folders[0], folders[0], order)[0, 0] == pytest.approx(1.0)


def test_a_zero_vector_is_refused(tmp_path):
    layers = gaussian(2, 40, 8, 0)
    layers[1][7] = 0
    folder = write_cache(tmp_path / "a", layers)
    with pytest.raises(InputError, match=r"a, layer 1: .*zero vector"):
        compare(folder, folder, np.arange(40))
    compare(folder, folder, np.arange(8, 40))


@pytest.mark.parametrize("correlation", ["pearson", "spearman"])
def test_similarities_that_do_not_vary_are_refused(correlation, tmp_path):
    layers = [gaussian(1, 40, 8, 0)[0], np.ones((40, 8)) * np.arange(1, 41)[:, None]]
    folder = write_cache(tmp_path / "a", layers)
    with pytest.raises(InputError, match="do not vary"):
        compare(folder, folder, np.arange(40), correlation)


def test_caches_of_other_tokens_are_refused_by_name(tmp_path):
    first, second = (write_cache(tmp_path / name, gaussian(1, 40, 8, 0)) for name in "ab")
    tokens = pd.read_parquet(second / "tokens.parquet")
    tokens.loc[5, "wordpiece"] = "other"
    tokens.to_parquet(second / "tokens.parquet")
    with pytest.raises(InputError, match=r"/a and .*/b: found different tokens"):
        compare(first, second, np.arange(40))


def test_an_unknown_correlation_is_refused():
    with pytest.raises(InputError, match=r"kendall.*pearson, spearman"):
        rsa.correlate_similarities(gaussian(1, 40, 8, 0), "kendall")


def test_the_sample_is_uniform_over_tokens_that_are_not_special():
    tokens = token_table(50)
    drawn = [sample_tokens(tokens, 15, seed) for seed in range(2000)]
    assert all((np.diff(rows) > 0).all() and len(rows) == 15 for rows in drawn)
    counts = np.bincount(np.concatenate(drawn), minlength=50)
    assert (counts[tokens["special"]] == 0).all()
    # 45 candidates, 15 drawn: each is expected in a third of 2,000 draws, with deviation 21.
    np.testing.assert_allclose(counts[~tokens["special"]], 2000 / 3, atol=5 * 21)
    np.testing.assert_array_equal(sample_tokens(tokens, 15, 7), drawn[7])


def test_all_tokens_are_taken_where_there_are_fewer():
    tokens = token_table(50)
    expected = np.flatnonzero(~tokens["special"])
    np.testing.assert_array_equal(sample_tokens(tokens, 45, 0), expected)
    np.testing.assert_array_equal(sample_tokens(tokens, 1000, 0), expected)
    with pytest.raises(InputError, match="3 or more"):
        sample_tokens(tokens, 2, 0)


def test_a_sample_of_another_cache_is_refused(tmp_path):
    folder = write_cache(tmp_path / "a", gaussian(1, 40, 8, 0))
    write_token_sample(folder, tmp_path / "sample.csv", 10, 0)
    sample = pd.read_csv(tmp_path / "sample.csv")
    assert list(sample.columns) == ["row", "sentence", "position"]
    tokens = token_table(40)
    np.testing.assert_array_equal(
        read_token_sample(tmp_path / "sample.csv", tokens), sample_tokens(tokens, 10, 0)
    )
    with pytest.raises(InputError, match="rows that the cache lacks"):
        read_token_sample(tmp_path / "sample.csv", tokens[:20])
    tokens.loc[sample["row"][3], "position"] += 1
    with pytest.raises(InputError, match=r"sample\.csv, line 5"):
        read_token_sample(tmp_path / "sample.csv", tokens)
