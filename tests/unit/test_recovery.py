"""Losses and recoveries of reverts and ablations, against plain loops over seeds and examples."""

import numpy as np
import pandas as pd
import pytest

from bertology.ablations import recovered, recovery, scores_of_task, summarise_ablations
from bertology.errors import InputError
from bertology.statistics import Intervals
from bertology.tables import REVERTS
from bertology.transplants.recovery import revert_draws, summarise_reverts

INTERVALS = Intervals(resamples=300, level=0.9, seed=3)
SEEDS = (1, 2, 3)
TEST, CHOSEN = 60, 40
NUMBERS = np.sort(np.random.default_rng(0).permutation(TEST)[:CHOSEN])
WORDS = np.random.default_rng(7).integers(2, 12, TEST)
ACCURACY = {
    ("none", 0): 0.9,
    ("layer", 1): 0.8,
    ("layer", 2): 0.85,
    ("first", 0): 0.88,
    ("first", 1): 0.7,
    ("first", 2): 0.35,
    ("last", 2): 0.3,
}


def scored(accuracy, numbers, seed, shuffle=0):
    generator = np.random.default_rng([seed, int(1000 * accuracy)])
    right = generator.binomial(WORDS, accuracy)[numbers]
    table = pd.DataFrame({"example": numbers, "numerator": right, "denominator": WORDS[numbers]})
    table["group"] = [f"s{number}" for number in numbers]
    return table.assign(metric="las").sample(frac=1, random_state=shuffle)


def reverted(seed):
    tables = [
        scored(accuracy, NUMBERS, seed).assign(part=part, layers=layers)
        for (part, layers), accuracy in ACCURACY.items()
    ]
    return pd.concat(tables)


def share(table, drawn=None):
    """In percent, of a table of examples, or of a sample of its rows by their order."""
    rows = table.sort_values("example")
    rows = rows if drawn is None else rows.iloc[drawn]
    return 100 * rows["numerator"].sum() / rows["denominator"].sum()


@pytest.fixture
def files(tmp_path):
    """Of each seed: its reverts, and its run with the encoder fixed, on all test examples."""
    reverts, untuned = [], []
    for seed in SEEDS:
        reverts.append(tmp_path / f"reverts-{seed}.parquet")
        reverted(seed).to_parquet(reverts[-1], index=False)
        untuned.append(tmp_path / f"untuned-{seed}.parquet")
        scored(0.4, np.arange(TEST), seed, shuffle=seed).to_parquet(untuned[-1], index=False)
    return reverts, untuned


def rows_of(files, variant):
    run = {"encoder": "e", "task": "parsing", "variant": variant}
    return [({**run, "seed": seed}, file) for seed, file in zip(SEEDS, files, strict=True)]


@pytest.fixture
def table(files, tmp_path):
    reverts, untuned = files
    out = tmp_path / "reverts.csv"
    summarise_reverts(rows_of(reverts, "full"), rows_of(untuned, "untuned"), out, INTERVALS)
    return pd.read_csv(out)


def test_rows_are_means_over_seeds_of_what_each_seed_has(table):
    assert tuple(table.columns) == REVERTS
    assert len(table) == len(ACCURACY) - 1
    for row in table.itertuples():
        losses, recoveries, kept, scores = [], [], [], []
        for seed in SEEDS:
            full = share(scored(0.9, NUMBERS, seed))
            part = share(scored(ACCURACY[row.part, row.layers], NUMBERS, seed))
            # Of the untuned run the same examples count, though it has more.
            untuned = share(scored(0.4, np.arange(TEST), seed).query("example in @NUMBERS"))
            scores.append(part)
            whole = share(scored(ACCURACY["first", 2], NUMBERS, seed))
            kept.append(100 * (part - whole) / (full - whole))
            losses.append(full - part)
            recoveries.append(100 * (part - untuned) / (full - untuned))
        assert row.loss == pytest.approx(np.mean(losses))
        assert row.recovery == pytest.approx(np.mean(recoveries))
        assert row.kept == pytest.approx(np.mean(kept), abs=1e-9)
        assert row.score == pytest.approx(np.mean(scores))
        assert (row.metric, row.seeds, row.n) == ("las", 3, WORDS[NUMBERS].sum())
        assert row.low < row.score < row.high
        assert row.loss_low < row.loss < row.loss_high
        assert row.recovery_low < row.recovery < row.recovery_high
        if (row.part, row.layers) != ("first", 2):
            assert row.kept_low < row.kept < row.kept_high


def test_draws_resample_tuned_reverted_and_untuned_alike(files):
    """Whatever is drawn, the three are scored on it: the ratio of their own draws agrees."""
    draws = revert_draws("parsing", *files, INTERVALS)
    part, full = draws.scores["layer", 1], draws.scores["none", 0]
    assert part.shape == (1 + INTERVALS.resamples, len(SEEDS))
    np.testing.assert_allclose(draws.losses()["layer", 1], 100 * (full - part))
    expected = 100 * (part - draws.untuned) / (full - draws.untuned)
    np.testing.assert_allclose(draws.recoveries()["layer", 1], expected)
    assert (draws.losses()["none", 0] == 0).all()
    np.testing.assert_allclose(draws.recoveries()["none", 0], 100)
    # A plain loop over the same examples for both finds the same spread.
    generator = np.random.default_rng(11)
    tables = [scored(accuracy, NUMBERS, 1) for accuracy in (0.9, 0.8)]
    losses = []
    for _ in range(1500):
        drawn = generator.integers(CHOSEN, size=CHOSEN)
        losses.append(share(tables[0], drawn) - share(tables[1], drawn))
    assert draws.losses()["layer", 1][1:, 0].std() == pytest.approx(np.std(losses), rel=0.15)


def test_a_study_without_untuned_runs_has_losses_alone(files, tmp_path):
    summarise_reverts(rows_of(files[0], "full"), [], tmp_path / "table.csv", INTERVALS)
    table = pd.read_csv(tmp_path / "table.csv")
    assert table[["recovery", "recovery_low", "recovery_high"]].isna().all(axis=None)
    assert table[["loss", "loss_low", "loss_high"]].notna().all(axis=None)
    assert table["kept"].notna().all()


def test_that_no_example_changed_is_no_certainty(files, tmp_path):
    reverts, _ = files
    for seed, file in zip(SEEDS, reverts, strict=True):
        same = scored(ACCURACY["none", 0], NUMBERS, seed).assign(part="layer", layers=3)
        pd.concat([pd.read_parquet(file), same]).to_parquet(file, index=False)
    summarise_reverts(rows_of(reverts, "full"), [], tmp_path / "table.csv", INTERVALS)
    row = pd.read_csv(tmp_path / "table.csv").set_index(["part", "layers"]).loc[("layer", 3)]
    assert (row["loss"], row["kept"]) == (0, 100)
    assert row[["loss_low", "loss_high", "kept_low", "kept_high"]].isna().all()


def test_files_that_do_not_belong_together_are_refused(files):
    reverts, untuned = files
    with pytest.raises(InputError, match="found 2 untuned runs; allowed: 3"):
        revert_draws("parsing", reverts, untuned[:2], INTERVALS)
    gone = NUMBERS[3]
    lacking = pd.read_parquet(untuned[1]).query("example != @gone")
    lacking.to_parquet(untuned[1], index=False)
    with pytest.raises(InputError, match=f"untuned-2.parquet: found no example {gone}; allowed"):
        revert_draws("parsing", reverts, untuned, INTERVALS)


def test_recovery_is_within_a_seed_and_a_draw():
    full, untuned = np.array([[0.9, 0.8]]), np.array([[0.5, 0.2]])
    np.testing.assert_allclose(recovery(np.array([[0.7, 0.8]]), untuned, full), [[50, 100]])
    np.testing.assert_allclose(recovery(untuned, untuned, full), [[0, 0]])
    # Below what is there without tuning, and above full tuning.
    np.testing.assert_allclose(recovery(np.array([[0.3, 0.95]]), untuned, full), [[-50, 125]])


def test_where_tuning_gains_nothing_there_is_no_recovery():
    full = np.array([[0.9, 0.8], [0.5, 0.8]])
    found = recovery(full, np.array([[0.5, 0.5], [0.5, 0.5]]), full)
    np.testing.assert_array_equal(np.isnan(found), [[False, False], [True, False]])


def ablation_runs(tmp_path, accuracies):
    runs = []
    for variant, accuracy in accuracies.items():
        files = [tmp_path / f"{variant}-{seed}.parquet" for seed in SEEDS]
        for seed, file in zip(SEEDS, files, strict=True):
            scored(accuracy, np.arange(TEST), seed).to_parquet(file, index=False)
        runs += rows_of(files, variant)
    return runs


def test_ablations_have_recoveries(tmp_path):
    accuracies = {"full": 0.9, "untuned": 0.4, "freeze-2": 0.8}
    runs = ablation_runs(tmp_path, accuracies)
    summarise_ablations(runs, {"e": 6}, tmp_path / "table.csv", INTERVALS)
    table = pd.read_csv(tmp_path / "table.csv").set_index("variant")
    for variant, accuracy in accuracies.items():
        expected = []
        for seed in SEEDS:
            of, full, untuned = (
                share(scored(each, np.arange(TEST), seed)) for each in (accuracy, 0.9, 0.4)
            )
            expected.append(100 * (of - untuned) / (full - untuned))
        assert table.recovery[variant] == pytest.approx(np.mean(expected), abs=1e-9)
    edges = table[["recovery", "recovery_low", "recovery_high"]]
    np.testing.assert_allclose(edges.loc["full"], 100)
    np.testing.assert_allclose(edges.loc["untuned"], 0, atol=1e-9)
    files = {name: [f for run, f in runs if run["variant"] == name] for name in accuracies}
    _, _, scores = scores_of_task("parsing", files, INTERVALS)
    assert recovered(scores)["freeze-2"].mean(axis=1)[0] == pytest.approx(
        table.recovery["freeze-2"]
    )
    assert recovered({"full": scores["full"]}) == {}


def test_ablations_of_a_task_that_tuning_does_not_help_have_no_recovery(tmp_path):
    runs = ablation_runs(tmp_path, {"full": 0.4, "untuned": 0.4, "freeze-2": 0.5})
    summarise_ablations(runs, {"e": 6}, tmp_path / "table.csv", INTERVALS)
    table = pd.read_csv(tmp_path / "table.csv")
    assert table[["recovery", "recovery_low", "recovery_high"]].isna().all(axis=None)
    assert table[["score", "relative"]].notna().all(axis=None)
    only_full = [run for run in runs if run[0]["variant"] != "untuned"]
    summarise_ablations(only_full, {"e": 6}, tmp_path / "without.csv", INTERVALS)
    assert pd.read_csv(tmp_path / "without.csv")["recovery"].isna().all()
