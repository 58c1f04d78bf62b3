"""Similarity with intervals, and differences between texts, forms and tasks: known answers."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from bertology.similarity.contrasts import contrasts, domain_of
from bertology.similarity.summary import compare_domains, read_draws, summarise_similarity
from bertology.statistics import Intervals, Resamples
from bertology.tables import DOMAINS, SIMILARITY_SUMMARY
from study_plans import plan

INTERVALS = Intervals(resamples=1000, level=0.95, seed=1)
LAYERS, SEEDS = 2, (1, 2, 3)
WIDTH = 0.1
"""The standard deviation of what one item adds to the similarity."""


class Study:
    """Comparisons whose similarity is a mean over items, so that its bootstrap is known."""

    def __init__(self, folder):
        self.folder, self.files = folder, []

    def add(self, stimuli, items, task="", seed="", shift=0.0, comparison="tuned", second=""):
        """Add one comparison; `items` are the values of named items, alike in all layers."""
        names, values = list(items), np.array(list(items.values()))
        drawn = Resamples.of(names, len(names), INTERVALS).counts
        place = {"encoder": "e", "stimuli": stimuli, "form": "own", "task": task, "seed": seed}
        model = {**place, "comparison": comparison, "domain": "own" if task else ""}
        model |= {"second_seed": second, "reference": "it"}
        tables = []
        for layer in range(LAYERS):
            of_layer = values + shift * layer
            columns = {"resample": range(len(drawn)), "value": drawn @ of_layer / len(values)}
            measured = {"metric": "rsa_pearson", "layer": layer, "n": 70}
            tables.append(pd.DataFrame({**columns, **measured, "reference": "it"}))
            # Of the same model with another one, which no row here is about.
            other = {**columns, "value": -5.0, **measured, "reference": "another"}
            tables.append(pd.DataFrame(other))
        path = self.folder / f"{len(self.files)}.parquet"
        pd.concat(tables).to_parquet(path)
        self.files.append((model, path))

    def summary(self):
        summarise_similarity(self.files, self.folder / "summary.csv", INTERVALS)
        return pd.read_csv(self.folder / "summary.csv", keep_default_na=False)

    def difference(self, first, other):
        """Compare (task, stimuli) with another one: the rows of the table, one for each layer."""
        contrast = {"encoder": "e", "contrast": "domain", "domain": "other", "form": "own"}
        contrast |= {"task": first[0], "stimuli": first[1]}
        contrast |= {"other_task": other[0], "other_stimuli": other[1]}
        compare_domains(self.files, [contrast], self.folder / "domains.csv", INTERVALS)
        return pd.read_csv(self.folder / "domains.csv")


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


def items(prefix, count, mean, seed):
    values = np.random.default_rng(seed).normal(mean, WIDTH, count)
    return {f"{prefix}{number}": value for number, value in enumerate(values)}


def test_similarity_is_the_mean_over_seeds_with_an_interval_around_it(study):
    text = items("a", 60, 0.8, 0)
    for seed in SEEDS:
        study.add("text", text, "parsing", seed, shift=-0.1 * seed)
    study.add("text", text, comparison="floor")
    found = study.summary()
    assert list(found.columns) == list(SIMILARITY_SUMMARY)
    assert len(found) == 2 * LAYERS
    mean = np.mean(list(text.values()))
    tuned = found[found["comparison"] == "tuned"].set_index("layer")
    assert tuned["similarity"].to_list() == pytest.approx([mean, mean - 0.2])
    assert (tuned[["seeds", "n"]] == [3, 70]).all(axis=None)
    # In layer 0 seeds agree: what is left is the standard error over items.
    expected = 2 * 1.96 * np.std(list(text.values())) / np.sqrt(60)
    assert tuned.loc[0, "high"] - tuned.loc[0, "low"] == pytest.approx(expected, rel=0.1)
    # In layer 1 they differ by 0.1 from one to the next: three runs, so two degrees of freedom.
    expected = 2 * np.hypot(expected / 2, t.ppf(0.975, 2) * 0.1 / np.sqrt(3))
    assert tuned.loc[1, "high"] - tuned.loc[1, "low"] == pytest.approx(expected, rel=0.05)
    assert found[found["comparison"] == "floor"]["seeds"].to_list() == [1, 1]


def test_pairs_of_seeds_count_as_their_seeds(study):
    """The jackknife over seeds, by hand: the mean without a seed is that of the one pair left."""
    text = dict.fromkeys(items("a", 30, 0, 0), 0.0)
    pairs = {(1, 2): 0.7, (1, 3): 0.8, (2, 3): 0.6}
    for (seed, second), value in pairs.items():
        values = {name: value for name in text}
        study.add("text", values, "parsing", seed, comparison="ceiling", second=second)
    found = study.summary().loc[0]
    assert (found["similarity"], found["seeds"]) == (pytest.approx(0.7), 3)
    variance = 2 / 3 * np.sum((np.array([0.6, 0.8, 0.7]) - 0.7) ** 2)
    margin = t.ppf(0.975, 2) * np.sqrt(variance)
    assert found["high"] - found["similarity"] == pytest.approx(margin, rel=1e-5)


def test_one_pair_of_seeds_has_no_interval(study):
    text = items("a", 30, 0.7, 0)
    study.add("text", text, "parsing", 1, comparison="ceiling", second=2)
    found = study.summary()
    assert found["similarity"].notna().all()
    assert (found[["low", "high"]] == "").all(axis=None)


def test_a_text_compared_with_itself_does_not_differ(study):
    for seed in SEEDS:
        study.add("text", items("a", 40, 0.8, seed), "parsing", seed, shift=0.1 * seed)
    found = study.difference(("parsing", "text"), ("parsing", "text"))
    assert list(found.columns) == list(DOMAINS)
    assert (found[["difference", "low", "high"]] == 0).all(axis=None)


def test_two_random_halves_of_a_text_do_not_differ(study):
    """In 40 splits, about 2 intervals of 95 % leave out 0, and many more were they too narrow."""
    covered = 0
    for split in range(40):
        halves = [
            items(f"{name}{split}-", 50, 0.8, (split, half)) for half, name in enumerate("ab")
        ]
        for name, half in zip("ab", halves, strict=True):
            study.add(f"{name}{split}", half, "parsing", 1)
        found = study.difference(("parsing", f"a{split}"), ("parsing", f"b{split}"))
        covered += found.loc[0, "low"] < 0 < found.loc[0, "high"]
        study.files.clear()
    assert covered >= 34


def test_a_planted_difference_is_found_with_the_error_of_two_samples(study):
    own, other = items("a", 50, 0.7, 0), items("b", 50, 0.8, 1)
    for seed in SEEDS:
        study.add("own", own, "parsing", seed)
        study.add("other", other, "parsing", seed)
    found = study.difference(("parsing", "own"), ("parsing", "other")).loc[0]
    means, errors = ([f(list(x.values())) for x in (own, other)] for f in (np.mean, np.std))
    assert found["difference"] == pytest.approx(means[1] - means[0])
    assert found["low"] > 0.03
    expected = 2 * 1.96 * np.hypot(*errors) / np.sqrt(50)
    assert found["high"] - found["low"] == pytest.approx(expected, rel=0.1)


def test_seeds_that_differ_cancel_out_between_texts_of_a_task(study):
    for seed in SEEDS:
        study.add("own", dict.fromkeys(items("a", 30, 0, 0), 0.5 + 0.1 * seed), "parsing", seed)
        study.add("other", dict.fromkeys(items("b", 30, 0, 0), 0.6 + 0.1 * seed), "parsing", seed)
    found = study.difference(("parsing", "own"), ("parsing", "other"))
    assert found[["low", "high"]].to_numpy() == pytest.approx(0.1)


def test_two_forms_or_tasks_on_the_same_items_are_paired(study):
    text = items("a", 50, 0.7, 0)
    higher = {name: value + 0.01 for name, value in text.items()}
    for seed in SEEDS:
        study.add("own", text, "parsing", seed)
        study.add("single", higher, "parsing", seed)
        study.add("own", higher, "inference", seed)
    for other in (("parsing", "single"), ("inference", "own")):
        found = study.difference(("parsing", "own"), other)
        assert found[["difference", "low", "high"]].to_numpy() == pytest.approx(0.01, abs=1e-9)


def test_seeds_of_two_tasks_that_lie_apart_widen_the_interval(study):
    text = dict.fromkeys(items("a", 30, 0, 0), 0.0)
    for task, runs in (("parsing", (0.1, 0.2, 0.3)), ("inference", (0.3, 0.1, 0.2))):
        for seed, value in zip(SEEDS, runs, strict=True):
            study.add("own", {name: value for name in text}, task, seed)
    found = study.difference(("parsing", "own"), ("inference", "own")).loc[0]
    assert found["difference"] == pytest.approx(0)
    margin = t.ppf(0.975, 2) * np.std([0.2, -0.1, -0.1], ddof=1) / np.sqrt(3)
    assert found["high"] == pytest.approx(margin, rel=1e-5)


def test_a_ceiling_is_in_the_order_of_the_runs_that_it_is_held_against(study):
    """As the plan lists pairs, whatever the order of the seeds: a run far from all is so in both.

    Two runs are as alike as what each of them is to all others adds up to.
    """
    alike, config = {1: 0.0, 2: 0.1, 3: 0.4, 10: 0.7}, plan("default", seeds=[3, 10, 1, 2])
    rows = [row for row in config.comparisons() if row["stimuli"] == "village"]
    for row in rows:
        if row["comparison"] in ("tuned", "ceiling") and row["task"] == "parsing":
            both = [alike[row[name]] for name in ("seed", "second_seed") if name in row]
            text = items("a", 5, sum(both), 0)
            second = row.get("second_seed", "")
            study.add("village", text, "parsing", row["seed"], 0, row["comparison"], second)
    tuned, ceiling = (draws[0, 0] for draws in read_draws(study.files).values())
    assert np.ptp(np.diff(tuned) / np.diff(ceiling)) < 1e-6
    assert np.all(np.diff(tuned) > 0)


TEXT = {"split": "test", "sentences": 9, "form": "own", "longest": 100, "seed": 1}
CONFIG = {
    "tasks": {"parsing": {"corpus": "trees"}, "inference": {"corpus": "pairs"}},
    "stimuli": {
        "trees": {**TEXT, "corpus": "trees", "kind": "treebank"},
        "pairs": {**TEXT, "corpus": "pairs", "kind": "inference"},
        "cut": {**TEXT, "corpus": "pairs", "kind": "inference", "form": "single"},
        "wiki": {**TEXT, "corpus": "wiki", "kind": "text"},
        "questions": {**TEXT, "corpus": "squad", "kind": "questions"},
    },
}


def listed(contrast, config=CONFIG):
    names = ("task", "stimuli", "other_task", "other_stimuli", "domain", "form")
    found = [each for each in contrasts(config) if each["contrast"] == contrast]
    return {tuple(each[name] for name in names) for each in found}


def test_domains():
    found = {name: domain_of(CONFIG, name, "inference") for name in CONFIG["stimuli"]}
    assert found == {
        "trees": "other", "pairs": "own", "cut": "own", "wiki": "neutral", "questions": "neutral",
    }  # fmt: skip


def test_texts_are_compared_in_one_form():
    assert listed("domain") == {
        ("parsing", "trees", "parsing", "pairs", "other", "own"),
        ("parsing", "trees", "parsing", "cut", "other", "single"),
        ("parsing", "trees", "parsing", "wiki", "neutral", "own"),
        ("parsing", "trees", "parsing", "questions", "neutral", "own"),
        ("inference", "pairs", "inference", "trees", "other", "own"),
        ("inference", "pairs", "inference", "wiki", "neutral", "own"),
        ("inference", "pairs", "inference", "questions", "neutral", "own"),
        ("inference", "cut", "inference", "trees", "other", "single"),
        ("inference", "cut", "inference", "wiki", "neutral", "single"),
    }


def test_forms_are_compared_on_the_same_text_alone():
    assert listed("form") == {
        ("parsing", "pairs", "parsing", "cut", "other", "single"),
        ("inference", "pairs", "inference", "cut", "own", "single"),
    }
    fewer = {**CONFIG["stimuli"], "cut": {**CONFIG["stimuli"]["cut"], "sentences": 8}}
    assert listed("form", {**CONFIG, "stimuli": fewer}) == set()


def test_tasks_are_compared_on_each_others_text():
    assert listed("task") == {
        ("parsing", "trees", "inference", "trees", "own", "own"),
        ("inference", "pairs", "parsing", "pairs", "own", "own"),
        ("inference", "cut", "parsing", "cut", "own", "single"),
    }
