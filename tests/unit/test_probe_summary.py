"""The wide table of probes: means over seeds, what each is held against, and intervals."""

import numpy as np
import pandas as pd
import pytest

from bertology.probing.summary import summarise_probes
from bertology.statistics import Intervals
from bertology.tables import PROBE_SUMMARY, PROBES

INTERVALS = Intervals(resamples=500, level=0.95, seed=1)
SHARED = {"text": "t", "phenomenon": "entities", "encoder": "e"}
MODELS = [
    {**SHARED, "comparison": "pretrained"},
    {**SHARED, "comparison": "random"},
    *({**SHARED, "comparison": "tuned", "task": "parsing", "seed": seed} for seed in (1, 2)),
]
RIGHT = {"pretrained": 0.8, "random": 0.4, "tuned": 0.6}
SENTENCES = 60


def counts(model, layer):
    """Right and all decisions in each sentence; seed 2 is better by a tenth."""
    generator = np.random.default_rng(layer)
    total = generator.integers(4, 10, SENTENCES)
    share = RIGHT[model["comparison"]] + 0.1 * (model.get("seed") == 2) + 0.02 * layer
    return (100 * share * total).round(), total


@pytest.fixture
def summary(tmp_path):
    rows, sentences = [], []
    for number, model in enumerate(MODELS):
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
            columns = {"sentence": range(SENTENCES), "numerator": right, "denominator": total}
            columns["group"] = np.arange(SENTENCES) // 2 * 2
            tables.append(pd.DataFrame({**place, "metric": "f1", **columns}))
        path = tmp_path / f"{number}.parquet"
        pd.concat(tables).to_parquet(path)
        sentences.append((model, path))
    pd.DataFrame(rows, columns=PROBES).to_csv(tmp_path / "probes.csv", index=False)
    summarise_probes(tmp_path / "probes.csv", sentences, tmp_path / "summary.csv", INTERVALS)
    return pd.read_csv(tmp_path / "summary.csv").set_index(["comparison", "layer"])


def score(model, layer):
    right, total = counts(model, layer)
    return right.sum() / total.sum()


def test_a_row_for_each_model_and_input(summary):
    assert sorted(summary.reset_index().columns) == sorted(PROBE_SUMMARY)
    assert len(summary) == 3 * 2
    assert summary["seeds"].groupby("comparison").max().to_dict() == {
        "pretrained": 1, "random": 1, "tuned": 2,
    }  # fmt: skip


def test_scores_are_means_over_seeds_beside_what_they_are_held_against(summary):
    tuned = [score(model, 1) for model in MODELS[2:]]
    row = summary.loc[("tuned", 1)]
    assert row["score"] == pytest.approx(np.mean(tuned))
    assert row["change"] == pytest.approx(np.mean(tuned) - score(MODELS[0], 1))
    assert row["lexical"] == pytest.approx(np.mean([score(model, 0) for model in MODELS[2:]]))
    assert row["random"] == pytest.approx(score(MODELS[1], 1))
    assert row["majority"] == 30
    assert row["control"] == pytest.approx(10 + 2.5)
    assert np.isnan(row["bits"])
    assert np.isnan(summary.loc[("pretrained", 1), "change"])


def test_intervals_hold_the_scores_and_know_the_seeds(summary):
    assert (summary["low"] <= summary["score"]).all()
    assert (summary["score"] <= summary["high"]).all()
    widths = summary["high"] - summary["low"]
    assert widths[("tuned", 0)] > 2 * widths[("pretrained", 0)]
    changes = summary.loc["tuned"]
    assert (changes["change_low"] <= changes["change"]).all()
    assert (changes["change"] <= changes["change_high"]).all()
    # The worse seed is 20 points below, the better one 10.
    assert changes["change_low"].iloc[0] < -18
    assert changes["change_high"].iloc[0] > -12
