"""RSA in resamples: against explicit copies of items, plain RSA, and cases with a known answer."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from bertology.errors import InputError
from bertology.similarity import rsa
from bertology.similarity.measures import Reference
from bertology.similarity.names import resampled_measure
from bertology.similarity.preparation import standardised
from bertology.similarity.resampling import pair_sums, resampled_rsa, write_resamples
from bertology.similarity.tokens import write_token_sample
from bertology.statistics import Draws, Estimate, Resamples

DRAWS = Draws(resamples=200, seed=1)
ITEMS, TOKENS, WIDTH = 12, 70, 8


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(rsa, "TILE", 16)


def vectors(seed, tokens=TOKENS, shift=3.0):
    return np.random.default_rng(seed).standard_normal((tokens, WIDTH)) + shift


def items_of_tokens(seed=5):
    """In no order, and one of the items without a token."""
    return np.random.default_rng(seed).choice(np.delete(np.arange(ITEMS), 4), TOKENS)


def correlation_of_copies(first, second, items, counts):
    """Copy each item's tokens as often as it is drawn, and correlate all pairs of tokens but those
    of two copies of one item."""
    copies = [
        (token, copy) for token, item in enumerate(items) for copy in range(int(counts[item]))
    ]
    values: tuple[list[float], list[float]] = ([], [])
    for n, (i, copy) in enumerate(copies):
        for j, other in copies[n + 1 :]:
            if items[i] == items[j] and copy != other:
                continue
            for layer, found in zip((first, second), values, strict=True):
                x, y = layer[i], layer[j]
                found.append(x @ y / np.sqrt((x @ x) * (y @ y)))
    return np.corrcoef(*values)[0, 1]


def test_a_resample_is_the_correlation_over_copies_of_its_items():
    first, items = vectors(0), items_of_tokens()
    second = first + vectors(1, shift=0)
    resamples = Resamples.draw(ITEMS, 6, 2)
    found = resampled_rsa(pair_sums(first, second, items, ITEMS), resamples)
    expected = [correlation_of_copies(first, second, items, each) for each in resamples.counts]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.std() > 0.01


@pytest.mark.parametrize("shift", [0.0, 3.0, 30.0])
@pytest.mark.parametrize("tile", [1, 16, 70, 256])
def test_each_item_once_is_plain_rsa(shift, tile, monkeypatch):
    monkeypatch.setattr(rsa, "TILE", tile)
    first = vectors(0, shift=shift)
    second = first + vectors(1, shift=0)
    once = Resamples(np.ones((1, ITEMS), int))
    found = resampled_rsa(pair_sums(first, second, items_of_tokens(), ITEMS), once)
    expected = rsa.correlate_similarities([first, second], "pearson")[0, 1]
    assert found == pytest.approx([expected], abs=1e-6)


def test_a_pair_of_tokens_is_counted_once():
    items = items_of_tokens()
    counts = pair_sums(vectors(0), vectors(1), items, ITEMS)[0]
    assert counts.sum() == TOKENS * (TOKENS - 1) / 2
    assert (np.tril(counts, -1) == 0).all()
    sizes = np.bincount(items, minlength=ITEMS)
    np.testing.assert_array_equal(np.diag(counts), sizes * (sizes - 1) / 2)
    assert counts[2, 7] == sizes[2] * sizes[7]


def test_a_model_with_itself_is_1_in_each_resample():
    layer, items = vectors(0, shift=30), items_of_tokens()
    resamples = Resamples.draw(ITEMS, 50, 1)
    found = resampled_rsa(pair_sums(layer, layer, items, ITEMS), resamples)
    np.testing.assert_allclose(found, 1, atol=1e-12)


def test_a_resample_without_enough_pairs_has_no_rsa():
    first, second = vectors(0, 4), vectors(1, 4)
    sums = pair_sums(first, second, np.array([0, 0, 1, 2]), 3)
    counts = np.array([[0, 0, 3], [0, 1, 2], [3, 0, 0], [1, 1, 1], [2, 1, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = resampled_rsa(sums, Resamples(counts))
    # No pair; one pair, twice; one pair, three times; then enough of them.
    assert list(np.isnan(found)) == [True, True, True, False, False]


def write_cache(folder, layers, names, tokens_per_stimulus=5):
    """Write layers whose tokens belong to stimuli of a few tokens each, in the order of `names`."""
    folder.mkdir()
    for number, layer in enumerate(layers):
        np.save(folder / f"layer_{number:02d}.npy", layer.astype(np.float16))
    place = np.arange(len(layers[0]))
    stimulus = place // tokens_per_stimulus
    pd.DataFrame(
        {
            "sentence": stimulus.astype(str),
            "item": [names[number] for number in stimulus],
            "segment": 0,
            "position": place % tokens_per_stimulus,
            "wordpiece": "w",
            "special": False,
        }
    ).to_parquet(folder / "tokens.parquet")
    return folder


def write_stimuli(path, names, groups=None):
    """groups: of the names; each is one by itself where there are none."""
    groups = groups or {}
    records = [
        {
            "id": str(number),
            "item": name,
            "group": groups.get(name, name),
            "segments": [[f"w{number}"]],
            "tags": None,
        }
        for number, name in enumerate(names)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def resampled(folder, first, second, names, size=10_000, groups=None, **options):
    stimuli = write_stimuli(folder / "stimuli.jsonl", names, groups)
    write_token_sample(first, folder / "sample.csv", size, 0)
    settings = {"measure": "rsa_pearson", "draws": DRAWS, **options}
    reference = Reference("base", second, folder / "sample.csv", settings.pop("permuted", None))
    write_resamples(first, [reference], stimuli, folder / "out.parquet", **settings)
    return pd.read_parquet(folder / "out.parquet")


@pytest.fixture
def caches(tmp_path):
    names = [f"i{number}" for number in range(40)]
    base = [vectors(seed, 200) for seed in range(3)]
    tuned = [layer + size * vectors(9, 200, 0) for size, layer in enumerate(base)]
    first, second = (
        write_cache(tmp_path / name, layers, names)
        for name, layers in (("tuned", tuned), ("base", base))
    )
    return tmp_path, first, second, names


def test_a_table_has_each_layer_in_each_resample(caches):
    found = resampled(*caches)
    assert list(found.columns) == ["reference", "metric", "layer", "resample", "value", "n"]
    assert set(found["reference"]) == {"base"}
    assert set(found["metric"]) == {"rsa_pearson"}
    assert found.groupby("layer").size().to_dict() == dict.fromkeys(range(3), 201)
    means = found.groupby("layer")["value"].mean()
    assert means[0] == pytest.approx(1)
    assert means[0] > means[1] + 0.05 > means[2] + 0.1


def test_a_model_has_a_part_for_each_reference_as_if_it_were_alone(caches):
    folder, first, second, names = caches
    alone = [resampled(folder, first, other, names) for other in (second, first)]
    references = [
        Reference(n, cache, folder / "sample.csv")
        for n, cache in zip("ab", (second, first), strict=True)
    ]
    out = folder / "both.parquet"
    write_resamples(first, references, folder / "stimuli.jsonl", out, "rsa_pearson", DRAWS)
    both = pd.read_parquet(out)
    for name, expected in zip("ab", alone, strict=True):
        found = both[both["reference"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected.assign(reference=name), check_exact=True)


def test_any_measure_that_can_be_resampled_is(caches):
    _, first, second, _ = caches
    found = resampled(*caches, measure="rsa_standardised")
    layers = [standardised(np.load(cache / "layer_02.npy")) for cache in (first, second)]
    expected = rsa.correlate_similarities(layers, "pearson")[0, 1]
    values = found.loc[found["layer"] == 2, "value"].to_numpy()
    assert values[0] == pytest.approx(expected, abs=1e-6)
    assert set(found["metric"]) == {"rsa_standardised"}


def test_the_first_measure_of_a_study_that_can_be_resampled_is():
    assert resampled_measure(["cka", "rsa_standardised", "rsa_pearson"]) == "rsa_standardised"
    with pytest.raises(InputError, match=r"\['cka'\]; allowed: one of rsa_pearson, rsa_stand"):
        resampled_measure(["cka"])


def test_permuted_tokens_are_0_within_the_interval(caches):
    folder, first, _, names = caches
    found = resampled(folder, first, first, names, permuted=1)
    for _, values in found.groupby("layer")["value"]:
        low, high = Estimate.of(values.to_numpy()[:, None]).interval(0.95)
        assert -0.2 < low < 0 < high < 0.2


def test_items_keep_their_numbers_where_one_has_no_token(caches):
    """As in the other form of a text, where it may be too long for the encoder."""
    folder, first, second, names = caches
    whole = resampled(folder, first, second, names)
    later = resampled(folder, first, second, ["too long", *names])
    assert not np.allclose(whole["value"], later["value"])
    rows = np.arange(200)
    layers = [np.load(cache / "layer_01.npy") for cache in (first, second)]
    sums = pair_sums(*layers, rows // 5 + 1, 41)
    expected = resampled_rsa(sums, Resamples.of(["too long", *names], 41, DRAWS))
    np.testing.assert_allclose(later.loc[later["layer"] == 1, "value"], expected, atol=1e-6)


def test_a_resample_holds_whole_groups(caches):
    """Against copies of the tokens of each group that is drawn."""
    _, first, second, names = caches
    # In the order of the stimuli: a document of three, single ones, one that is taken up again.
    groups = {"i0": "d", "i1": "d", "i2": "d", "i4": "e", "i39": "e"}
    draws = Draws(resamples=3, seed=1)
    found = resampled(*caches, groups=groups, draws=draws)
    of_items = [groups.get(name, name) for name in names]
    different = list(dict.fromkeys(of_items))
    assert len(different) == 37
    drawn = Resamples.of(different, 37, draws).counts
    numbers = np.array([different.index(of_items[token // 5]) for token in range(200)])
    layers = [np.load(cache / "layer_02.npy").astype(float) for cache in (first, second)]
    values = found.loc[found["layer"] == 2, "value"]
    expected = [correlation_of_copies(*layers, numbers, counts) for counts in drawn]
    np.testing.assert_allclose(values, expected, atol=1e-5)
    alone = resampled(*caches, draws=draws)
    assert not np.allclose(alone.loc[alone["layer"] == 2, "value"][1:], values[1:], atol=1e-3)


def test_of_a_text_that_is_one_document_items_are_drawn(caches):
    """Or no resample differed, and all were certain."""
    names = caches[-1]
    one = resampled(*caches, groups=dict.fromkeys(names, "document"))
    pd.testing.assert_frame_equal(one, resampled(*caches))
    assert one[one["layer"] == 2]["value"].std() > 0


def test_both_forms_of_a_text_have_the_same_draws(caches):
    """A form in which the items are cut: more stimuli, the same groups."""
    folder, first, second, names = caches
    groups = {name: f"g{number // 4}" for number, name in enumerate(names)}
    stimuli = [write_stimuli(folder / "own.jsonl", names, groups)]
    stimuli.append(write_stimuli(folder / "cut.jsonl", [n for n in names for _ in "ab"], groups))
    write_token_sample(first, folder / "sample.csv", 10_000, 0)
    for number, path in enumerate(stimuli):
        out = folder / f"{number}.parquet"
        reference = Reference("base", second, folder / "sample.csv")
        write_resamples(first, [reference], path, out, "rsa_pearson", DRAWS)
    own, cut = (pd.read_parquet(folder / f"{number}.parquet") for number in (0, 1))
    pd.testing.assert_frame_equal(own, cut)


def test_resamples_are_those_of_the_items_and_of_nothing_else():
    a, b = ([f"{name}{number}" for number in range(30)] for name in "ab")
    same = Resamples.of(a, 30, DRAWS).counts
    np.testing.assert_array_equal(same, Resamples.of(list(a), 30, DRAWS).counts)
    other = Resamples.of(b, 30, DRAWS).counts
    assert abs(np.corrcoef(same.ravel(), other.ravel())[0, 1]) < 0.05
    reseeded = Resamples.of(a, 30, Draws(resamples=200, seed=2)).counts
    assert (same != reseeded).any()


def test_stimuli_of_other_caches_are_refused(caches):
    with pytest.raises(InputError, match=r"stimuli\.jsonl: found no item 'i0'"):
        resampled(*caches[:3], [f"j{number}" for number in range(40)])
