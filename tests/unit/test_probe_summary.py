"""The wide table of probes: means over seeds, what each is held against, and intervals."""

import numpy as np
import pandas as pd
import pytest

from bertology.errors import InputError
from bertology.probing.summary import p_of_no_change, summarise_probes
from bertology.statistics import Estimate, Intervals
from bertology.tables import PROBE_SUMMARY, PROBES

INTERVALS = Intervals(resamples=500, level=0.95, seed=1)
SHARED = {"text": "t", "phenomenon": "entities", "encoder": "e"}
SEEDS = (1, 2)
MODELS = [
    *({**SHARED, "comparison": "pretrained", "seed": seed} for seed in SEEDS),
    *({**SHARED, "comparison": "random", "seed": seed} for seed in SEEDS),
    *(
        {**SHARED, "comparison": "tuned", "task": "parsing", "seed": seed, "shared_corpus": 1}
        for seed in SEEDS
    ),
]
PRETRAINED, RANDOM, TUNED = MODELS[:2], MODELS[2:4], MODELS[4:]
RIGHT = {"pretrained": 0.8, "random": 0.4, "tuned": 0.6}
SENTENCES = 60


def counts(model, layer):
    """Right and all decisions in each sentence; seed 2 is better by a tenth in all models."""
    generator = np.random.default_rng(layer)
    total = generator.integers(4, 10, SENTENCES)
    share = RIGHT[model["comparison"]] + 0.1 * (model["seed"] == 2) + 0.02 * layer
    return (100 * share * total).round(), total


def written(tmp_path, counts=counts, seeds=None):
    """Write the results of the probes, of other counts or seeds by choice, and summarise them."""
    rows, sentences = [], []
    for number, model in enumerate(MODELS):
        model = {**model, "seed": (seeds or {}).get(number, model["seed"])}
        rows.append({**model, "metric": "majority_f1", "value": 30.0, "n": 5})
        rows.append({**model, "input": "mix", "layer": 0, "metric": "mix_weight", "value": 1})
        tables = []
        for layer in range(2):
            right, total = counts(model, layer)
            place = {"input": "layer", "layer": str(layer)}
            score = {**model, **place, "n": 5}
            rows.append({**score, "metric": "f1", "value": right.sum() / total.sum()})
            rows.append({**score, "metric": "f1", "label": "X", "value": 1.0})
            rows.append({**score, "metric": "control_f1", "value": 10.0 + number})
            rows.append({**score, "metric": "control_coverage", "value": 90.0 + number})
            unfinished = int(layer == 1 and model["seed"] == 2)
            rows.append({**score, "metric": "last_epoch", "value": unfinished})
            rows.append(
                {**score, "metric": "f1_unseen", "value": right[:9].sum() / total[:9].sum()}
            )
            columns = {"sentence": range(SENTENCES), "numerator": right, "denominator": total}
            columns["group"] = np.arange(SENTENCES) // 2 * 2
            table = pd.DataFrame({**place, "metric": "f1", **columns})
            tables += [table, table[:9].assign(metric="f1_unseen")]
        path = tmp_path / f"{number}.parquet"
        pd.concat(tables).to_parquet(path)
        sentences.append((model, path))
    pd.DataFrame(rows, columns=PROBES).to_csv(tmp_path / "probes.csv", index=False)
    summarise_probes(tmp_path / "probes.csv", sentences, tmp_path / "summary.csv", INTERVALS)
    return pd.read_csv(tmp_path / "summary.csv")


@pytest.fixture
def everything(tmp_path):
    return written(tmp_path)


@pytest.fixture
def summary(everything):
    return everything[everything["metric"] == "f1"].set_index(["comparison", "layer"])


def score(models, layer, sentences=SENTENCES):
    """The mean over models."""
    each = [counts(model, layer) for model in models]
    return np.mean([right[:sentences].sum() / total[:sentences].sum() for right, total in each])


def test_a_row_for_each_model_and_input(summary):
    assert sorted(summary.reset_index().columns) == sorted(PROBE_SUMMARY)
    assert len(summary) == 3 * 2
    assert summary["seeds"].groupby("comparison").max().to_dict() == {
        "pretrained": 2, "random": 2, "tuned": 2,
    }  # fmt: skip


def test_scores_are_means_over_seeds_beside_what_they_are_held_against(summary):
    row = summary.loc[("tuned", 1)]
    assert row["score"] == pytest.approx(score(TUNED, 1))
    assert row["change"] == pytest.approx(score(TUNED, 1) - score(PRETRAINED, 1))
    assert row["lexical"] == pytest.approx(score(TUNED, 0))
    assert row["random"] == pytest.approx(score(RANDOM, 1))
    assert row["majority"] == 30
    assert row["control"] == pytest.approx(10 + 4.5)
    assert row["coverage"] == pytest.approx(90 + 4.5)
    assert np.isnan(row["bits"])
    assert np.isnan(summary.loc[("pretrained", 1), ["change", "change_p"]].astype(float)).all()


def test_words_without_a_label_in_training_have_rows_of_their_own(everything):
    rows = everything[everything["metric"] == "f1_unseen"].set_index(["comparison", "layer"])
    assert len(rows) == 3 * 2
    row = rows.loc[("tuned", 1)]
    assert row["score"] == pytest.approx(score(TUNED, 1, 9))
    assert row["change"] == pytest.approx(score(TUNED, 1, 9) - score(PRETRAINED, 1, 9))
    assert row["change_low"] <= row["change"] <= row["change_high"]
    assert row["lexical"] == pytest.approx(score(TUNED, 0, 9))
    assert row["random"] == pytest.approx(score(RANDOM, 1, 9))
    assert rows[["majority", "control", "coverage", "selectivity"]].isna().all(axis=None)


def test_rows_say_whose_training_was_short_and_whose_text_the_task_knows(summary):
    assert summary.xs(1, level="layer")["unfinished"].tolist() == [0.5] * 3
    assert summary.xs(0, level="layer")["unfinished"].tolist() == [0] * 3
    assert (summary.loc["tuned", "shared_corpus"] == 1).all()
    assert summary.loc[["pretrained", "random"], "shared_corpus"].isna().all()


def test_models_that_were_probed_with_other_seeds_are_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"t/entities/e/tuned/parsing: found probe seeds \['1', '3"
    ):
        written(tmp_path, seeds={5: 3})


def test_intervals_hold_the_scores_and_know_the_seeds(summary):
    assert (summary["low"] <= summary["score"]).all()
    assert (summary["score"] <= summary["high"]).all()
    widths = summary["high"] - summary["low"]
    # Seeds are ten points apart, in the pretrained encoder too.
    assert (widths > 10).all()
    changes = summary.loc["tuned"]
    assert (changes["change_low"] <= changes["change"]).all()
    assert (changes["change"] <= changes["change_high"]).all()


def test_changes_are_within_seeds(summary):
    """A seed's luck with its probe is in both models, and no part of the change: 20 points."""
    changes = summary.loc["tuned"]
    assert changes["change"].to_numpy() == pytest.approx(-20, abs=0.5)
    assert (changes["change_high"] - changes["change_low"] < 3).all()
    assert (changes["change_p"] < 0.01).all()


def uneven(model, layer):
    """In seed 1 the tuned model gains as much as it loses in seed 2."""
    right, total = counts(model, layer)
    gain = {1: 0.1, 2: -0.1}[model["seed"]] if model["comparison"] == "tuned" else 0
    shift = {"tuned": 0.2}.get(model["comparison"], 0)
    return (right + 100 * (gain + shift) * total).round(), total


def test_p_values_are_of_no_change_whatever_the_luck_of_seeds(tmp_path):
    changes = written(tmp_path, uneven).query("comparison == 'tuned' and metric == 'f1'")
    assert changes["change"].to_numpy() == pytest.approx(0, abs=0.5)
    assert (changes["change_low"] < -10).all()
    assert (changes["change_high"] > 10).all()
    assert (changes["change_p"] > 0.9).all()


def test_the_interval_leaves_out_no_change_exactly_where_p_is_below_its_level():
    """Oracle: the interval at the level 1 - p ends at 0."""
    draws = np.random.default_rng(0).normal(0.4, 1, (400, 3)) + 1
    estimate = Estimate.of(draws)
    p = p_of_no_change(estimate)
    assert 0 < p < 1
    assert min(np.abs(estimate.interval(1 - p))) == pytest.approx(0, abs=1e-6)
