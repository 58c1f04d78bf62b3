"""All measures on caches: classes of tokens, which layers, and what is compared with nothing."""

import numpy as np
import pandas as pd
import pytest

from bertology.errors import InputError
from bertology.similarity.measures import MEASURES, Reference, write_comparisons
from bertology.similarity.names import RESAMPLED
from bertology.similarity.preparation import PREPARATION, standardised
from bertology.similarity.token_classes import token_classes
from bertology.similarity.tokens import write_token_sample

SENTENCES, WORDS, LAYERS, WIDTH = 40, 6, 3, 12
TAGS = ("DET", "NOUN", "VERB", "PROPN", "ADP", "PUNCT")


def token_table(tagged: bool = True) -> pd.DataFrame:
    rows = [
        {
            "sentence": str(sentence),
            "segment": -1 if position == 0 else 0,
            "position": position,
            "word": position - 1,
            "wordpiece": f"w{position}",
            "special": position == 0,
            "first": position > 0,
            "tag": TAGS[position - 1] if tagged and position else None,
        }
        for sentence in range(SENTENCES)
        for position in range(WORDS + 1)
    ]
    return pd.DataFrame(rows)


def write_cache(folder, seed, tagged=True, start=None):
    """Write random layers; with `start`, layer k is that cache's with k parts of noise."""
    tokens = token_table(tagged)
    generator = np.random.default_rng(seed)
    folder.mkdir()
    tokens.to_parquet(folder / "tokens.parquet")
    for layer in range(LAYERS):
        values = generator.standard_normal((len(tokens), WIDTH))
        if start is not None:
            values = np.load(start / f"layer_{layer:02d}.npy") + layer * values
        if layer == 0:
            values[tokens["special"]] = 1.0
        np.save(folder / f"layer_{layer:02d}.npy", values.astype(np.float16))
    return folder


@pytest.fixture
def caches(tmp_path):
    base = write_cache(tmp_path / "base", 0)
    tuned = write_cache(tmp_path / "tuned", 1, start=base)
    write_token_sample(base, tmp_path / "tokens.csv", 150, 1)
    return tmp_path, base, tuned


def compared(folder, first, second, **options):
    reference = Reference("base", second, folder / "tokens.csv", **options)
    write_comparisons(first, [reference], folder / "out.csv", list(MEASURES))
    return pd.read_csv(folder / "out.csv")


def same_layers(table, metric, tokens="all"):
    rows = table[(table["metric"] == metric) & (table["tokens"] == tokens)]
    rows = rows[rows["layer_first"] == rows["layer_second"]]
    return rows.sort_values("layer_first")["value"].to_numpy()


def test_each_measure_finds_the_change_that_grows_with_depth(caches):
    found = compared(*caches)
    for metric in MEASURES:
        values = same_layers(found, metric)
        distance = values if metric == "procrustes" else 1 - values
        assert distance[0] == pytest.approx(0, abs=1e-3)
        assert distance[0] < distance[1] < distance[2]


def test_a_model_has_a_part_for_each_reference_as_if_it_were_alone(caches):
    folder, base, tuned = caches
    alone = [compared(folder, tuned, other) for other in (base, tuned)]
    references = [
        Reference("one", base, folder / "tokens.csv"),
        Reference("itself", tuned, folder / "tokens.csv"),
    ]
    write_comparisons(tuned, references, folder / "both.csv", list(MEASURES))
    both = pd.read_csv(folder / "both.csv")
    for reference, expected in zip(references, alone, strict=True):
        found = both[both["reference"] == reference.name].reset_index(drop=True)
        expected = expected.assign(reference=reference.name)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_all_tokens_have_all_pairs_of_layers_and_classes_the_same_ones(caches):
    found = compared(*caches)
    sizes = found.groupby(["tokens", "metric"]).size()
    assert sizes["all", "cka"] == sizes["all", "rsa_spearman"] == LAYERS**2
    assert sizes["all", "procrustes"] == sizes["names", "cka"] == LAYERS
    first = found[found["tokens"] == "first_token"]
    assert set(first["layer_first"]) == {1, 2}
    assert set(first["n"]) == {SENTENCES}


def test_classes_are_what_the_tags_say():
    tokens = token_table()
    sample = np.flatnonzero(~tokens["special"])
    classes = token_classes(tokens, sample)
    for name, tags in (
        ("content_words", {"NOUN", "VERB"}), ("function_words", {"DET", "ADP"}),
        ("names", {"PROPN"}), ("punctuation", {"PUNCT"}),
    ):  # fmt: skip
        assert set(tokens["tag"][classes[name]]) == tags
    assert sum(len(classes[name]) for name in classes if name not in ("all", "first_token")) == len(
        sample
    )
    assert set(token_classes(token_table(tagged=False), sample)) == {"all", "first_token"}
    assert set(token_classes(tokens, sample[:60])) == {"all", "content_words", "first_token"} | {
        "function_words"
    }


def test_a_model_with_itself_and_with_its_permuted_tokens(caches):
    folder, base, _ = caches
    same, null = compared(folder, base, base), compared(folder, base, base, permutation_seed=1)
    for metric in ("rsa_pearson", "rsa_standardised", "cka"):
        assert same_layers(same, metric) == pytest.approx(1, abs=1e-6)
        assert same_layers(null, metric) == pytest.approx(0, abs=0.1)
    assert same_layers(same, "procrustes") == pytest.approx(0, abs=1e-6)
    assert (same_layers(null, "procrustes") > 0.5).all()
    for name in ("content_words", "first_token"):
        assert same_layers(same, "rsa_pearson", name) == pytest.approx(1, abs=1e-6)
        assert same_layers(null, "rsa_pearson", name) == pytest.approx(0, abs=0.4)


@pytest.mark.parametrize(("size", "message"), [(2, "2 of .*3 or more"), (3, "found 3 tokens")])
def test_too_few_tokens_are_one_clear_error(caches, size, message):
    folder, base, tuned = caches
    with pytest.raises(InputError, match=message):
        write_token_sample(base, folder / "tokens.csv", size, 1)
        compared(folder, base, tuned)
    assert not (folder / "out.csv").exists()


def test_a_class_of_too_few_tokens_is_left_out(caches):
    folder, base, tuned = caches
    write_token_sample(base, folder / "tokens.csv", 30, 1)
    assert set(compared(folder, base, tuned)["tokens"]) == {"all", "first_token"}


def test_a_class_that_does_not_vary_has_no_value_and_all_tokens_must(caches):
    """As [CLS] in low layers of a pretrained encoder: equal, but for the last bits."""
    folder, base, tuned = caches
    path = base / "layer_01.npy"
    values = np.load(path)
    special = token_table()["special"].to_numpy()
    values[special] = np.linspace(0.1, 1.3, WIDTH)
    np.save(path, values)
    found = compared(folder, base, tuned)
    for metric in MEASURES:
        first = same_layers(found, metric, "first_token")
        assert np.isnan(first).tolist() == [True, False], metric
    assert not found.loc[found["tokens"] != "first_token", "value"].isna().any()
    values[:] = values[0]
    np.save(path, values)
    with pytest.raises(InputError, match="do not vary"):
        compared(folder, base, tuned)


def test_standardising_takes_the_power_from_a_rogue_dimension(caches):
    folder, base, tuned = caches
    for cache in (base, tuned):
        path = cache / "layer_02.npy"
        values = np.load(path)
        values[:, 0] = 60 * np.sin(np.arange(len(values)))
        np.save(path, values)
    found = compared(folder, base, tuned)
    assert same_layers(found, "rsa_pearson")[2] > 0.9
    assert same_layers(found, "rsa_standardised")[2] < 0.6
    values = standardised(np.load(base / "layer_02.npy"))
    assert values.mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert values.std(axis=0) == pytest.approx(1)
    constant = standardised(np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]]))
    assert (constant[:, 0] == 0).all()
    with pytest.raises(InputError, match="do not vary"):
        standardised(np.ones((4, 2)))


def test_other_tokens_are_refused(caches):
    folder, base, _ = caches
    other = write_cache(folder / "other", 2)
    table = token_table()
    table.loc[5, "wordpiece"] = "x"
    table.to_parquet(other / "tokens.parquet")
    with pytest.raises(InputError, match="found different tokens"):
        compared(folder, base, other)


def test_every_measure_of_which_there_are_resamples_has_its_preparation():
    assert set(RESAMPLED) == set(PREPARATION) <= set(MEASURES)
