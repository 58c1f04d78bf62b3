"""The table and figure of ablations: scores beside full fine-tuning, with paired intervals."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from bertology.ablations import summarise_ablations
from bertology.errors import InputError
from bertology.figures import ablations as drawing
from bertology.figures.ablations import plot_ablations
from bertology.figures.style import FigureSettings
from bertology.statistics import Intervals
from bertology.tables import ABLATIONS
from bertology.variants import layers_of
from figure_files import files_in

INTERVALS = Intervals(resamples=400, level=0.9, seed=3)
SEEDS = (1, 2, 3)
EXAMPLES = 30
ACCURACY = {"full": 0.9, "untuned": 0.4, "freeze-2": 0.85, "keep-1": 0.6}


def examples(variant, seed, task="parsing"):
    """Words that are right, of words there are, in each sentence."""
    generator = np.random.default_rng([seed, len(variant), len(task)])
    words = np.random.default_rng(7).integers(2, 12, EXAMPLES)
    # Both sentences of a document are as good.
    right = words * np.repeat(generator.beta(2, 2 / ACCURACY[variant] - 2, EXAMPLES // 2), 2)
    table = {"metric": "las", "example": range(EXAMPLES), "numerator": right, "denominator": words}
    table["group"] = [f"d{number // 2}" for number in range(EXAMPLES)]
    other = pd.DataFrame({**table, "metric": "uas", "numerator": words})
    # In any order: it is the number of the example that pairs them.
    return pd.concat([other, pd.DataFrame(table)]).sample(frac=1, random_state=seed)


@pytest.fixture
def runs(tmp_path):
    found = []
    for task in ("parsing", "more-parsing"):
        for variant in ACCURACY:
            for seed in SEEDS:
                path = tmp_path / f"{task}-{variant}-{seed}.parquet"
                examples(variant, seed, task).to_parquet(path, index=False)
                found.append(
                    ({"encoder": "e", "task": task, "variant": variant, "seed": seed}, path)
                )
    return found


@pytest.fixture
def table(runs, tmp_path):
    summarise_ablations(runs, {"e": 6}, tmp_path / "table.csv", INTERVALS)
    return tmp_path / "table.csv"


def percentage(tables, drawn=slice(None)):
    of = [t[t["metric"] == "las"].sort_values("example").iloc[drawn] for t in tables]
    return 100 * np.mean([t["numerator"].sum() / t["denominator"].sum() for t in of])


def test_scores_are_means_over_seeds_in_percent_of_full(table):
    found = pd.read_csv(table)
    assert tuple(found.columns) == ABLATIONS
    assert len(found) == 2 * len(ACCURACY)
    for row in found.itertuples():
        of, full = ([examples(v, seed, row.task) for seed in SEEDS] for v in (row.variant, "full"))
        assert row.score == pytest.approx(percentage(of))
        shares = [percentage([a]) / percentage([b]) for a, b in zip(of, full, strict=True)]
        assert row.relative == pytest.approx(100 * np.mean(shares))
        assert (row.metric, row.seeds, row.n) == ("las", 3, full[0].denominator.sum() / 2)
    full = found[found["variant"] == "full"]
    assert (full[["relative", "relative_low", "relative_high"]] == 100).all(axis=None)


def test_intervals_are_those_of_a_plain_loop_over_documents_and_seeds(table):
    """The loop draws on its own, so it agrees up to the noise of resampling."""
    found = pd.read_csv(table).set_index(["task", "variant"])
    tables = {v: [examples(v, seed) for seed in SEEDS] for v in ("full", "keep-1")}
    generator = np.random.default_rng(11)
    scores, relative = [], []
    for _ in range(1500):
        documents = generator.integers(EXAMPLES // 2, size=EXAMPLES // 2)
        drawn = np.concatenate([2 * documents, 2 * documents + 1])
        seeds = generator.integers(3, size=3)
        part, full = (
            percentage([tables[v][seed] for seed in seeds], drawn) for v in ("keep-1", "full")
        )
        scores.append(part)
        relative.append(100 * part / full)
    row = found.loc["parsing", "keep-1"]
    for low, high, values in (
        (row["low"], row["high"], scores),
        (row["relative_low"], row["relative_high"], relative),
    ):
        expected = np.quantile(values, [0.05, 0.95])
        assert [low, high] == pytest.approx(expected, abs=0.25 * np.ptp(expected))


@pytest.mark.parametrize(
    ("variant", "layers"),
    [("full", (None, 6)), ("untuned", (6, 6)), ("freeze-0", (0, 6)), ("keep-2", (None, 2))],
)
def test_layers_of_variants(variant, layers):
    assert layers_of(variant, 6) == layers


def test_ablations_without_full_fine_tuning_are_refused(runs, tmp_path):
    some = [(run, file) for run, file in runs if run["variant"] != "full"]
    with pytest.raises(InputError, match="allowed: full among them"):
        summarise_ablations(some, {"e": 6}, tmp_path / "table.csv", INTERVALS)
    assert not (tmp_path / "table.csv").exists()


ENDS = ["relative", "relative_low", "relative_high"]


def test_each_panel_draws_its_ablations(table, tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(drawing, "save_figure", lambda figure, *_: figures.append(figure))
    without = pd.read_csv(table)
    without[["recovery", "recovery_low", "recovery_high"]] = np.nan
    without.to_csv(table, index=False)
    plot_ablations(table, files_in(tmp_path))
    found = pd.read_csv(table).set_index(["task", "variant"])
    panels = ((["freeze-2", "untuned"], [2, 6]), (["keep-1", "full"], [1, 6]))
    for axis, (variants, places) in zip(figures[0].axes, panels, strict=True):
        assert axis.get_xticks()[-1] == 6
        points = product(("parsing", "more-parsing"), zip(variants, places, strict=True))
        for container, (task, (variant, place)) in zip(axis.containers, points, strict=True):
            line, _, (bars,) = container.lines
            [values] = found.loc[[(task, variant)], ENDS].to_numpy()
            np.testing.assert_allclose(line.get_xdata().astype(float), [place], atol=0.1)
            [(_, low), (_, high)] = bars.get_segments()[0]
            np.testing.assert_allclose([*line.get_ydata(), low, high], values, atol=1e-9)


def recovery_table(variants: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Scores and recoveries of one task by variant, on an encoder of 6 layers."""
    rows = []
    for variant, (score, recovery) in variants.items():
        frozen, kept = layers_of(variant, 6)
        row = {"encoder": "e", "task": "parsing", "variant": variant, "metric": "las", "seeds": 3}
        row |= {"frozen": frozen, "kept": kept, "score": score, "relative": score}
        row |= {"recovery": recovery, "recovery_low": recovery - 2, "recovery_high": recovery + 3}
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=ABLATIONS)


def test_recovery_is_drawn_with_its_anchors_and_no_line_over_what_was_not_measured(
    tmp_path, monkeypatch
):
    saved = []
    monkeypatch.setattr(
        drawing, "save_figure", lambda figure, points, _: saved.append((figure, points))
    )
    scores = {"untuned": (40.0, 0.0), "full": (90.0, 100.0)}
    scores |= {"freeze-0": (89.0, 98.0), "freeze-1": (80.0, 80.0), "freeze-4": (60.0, 40.0)}
    recovery_table(scores).to_csv(tmp_path / "table.csv", index=False)
    settings = FigureSettings({"tasks": {"parsing": "Trees"}})
    plot_ablations(tmp_path / "table.csv", files_in(tmp_path), settings)
    [(figure, points)] = saved
    (axis,) = figure.axes
    lines = [container.lines[0] for container in axis.containers]
    assert [list(np.round(line.get_xdata().astype(float))) for line in lines] == [[0, 1], [4], [6]]
    drawn = np.concatenate([line.get_ydata() for line in lines]).astype(float)
    np.testing.assert_allclose(drawn, points.sort_values("frozen")["value"])
    np.testing.assert_allclose(drawn, [98, 80, 40, 0])
    assert {line.get_ydata()[0] for line in axis.lines if len(line.get_ydata()) == 2} >= {0, 100}
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "Trees (LAS 40.0 to 90.0)"
    assert "Untuned, head trained" in labels
    without = recovery_table(scores).drop(columns=["recovery", "recovery_low", "recovery_high"])
    without.reindex(columns=ABLATIONS).to_csv(tmp_path / "table.csv", index=False)
    plot_ablations(tmp_path / "table.csv", files_in(tmp_path))
    labels = [text.get_text() for text in saved[1][0].legends[0].get_texts()]
    assert labels == ["Parsing (LAS 90.0)", "Full fine-tuning", "Confidence interval"]


def test_an_ablation_that_was_not_run_has_no_panel(table, tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(drawing, "save_figure", lambda figure, *_: figures.append(figure))
    found = pd.read_csv(table)
    for variant, label in (("keep-1", "Layers kept"), ("untuned", "Layers frozen")):
        found[found["variant"].isin(["full", variant])].to_csv(table, index=False)
        plot_ablations(table, files_in(tmp_path))
        (axis,) = figures[-1].axes
        assert axis.get_xlabel().startswith(label)
    found[found["variant"] == "full"].to_csv(table, index=False)
    with pytest.raises(InputError, match="full fine-tunings alone"):
        plot_ablations(table, files_in(tmp_path))
