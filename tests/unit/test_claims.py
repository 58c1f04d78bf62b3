"""Claims: studies whose truth is known, constructed so that each verdict must come out."""

import csv
import json
import os
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from bertology.claims.evidence import Change, Evidence
from bertology.claims.paper import (
    Margins,
    centre_of_mass,
    claims_of,
    layers_lost,
    rank_correlation,
    slope,
    top_less_bottom,
)
from bertology.claims.terminal import claims_summary
from bertology.claims.verdict import (
    CONTRADICTED,
    INCONCLUSIVE,
    SUPPORTED,
    Cell,
    Part,
    Rules,
    judge,
)
from bertology.claims.write import ClaimFiles, write_claims
from bertology.statistics import Estimate
from bertology.tables import CLAIM_CELLS, CLAIMS

MARGINS, RULES = Margins(probe_points=2.0, kept_percent=95.0), Rules(level=0.95, least_seeds=2)
TASKS = {"parsing": "parsing", "inference": "inference", "questions": "question_answering"}
OWN = {task: f"text-{task}" for task in TASKS}
LAYERS, SEEDS, DRAWS = 6, 3, 100
DEPTHS = np.arange(LAYERS + 1)

# By how much each task changes each layer, the embeddings first: as the paper has it (all grow,
# parsing reaches deeper), and the other way round.
AS_THE_PAPER = {
    "parsing": np.array([0, 0.10, 0.14, 0.18, 0.22, 0.26, 0.30]),
    "inference": np.array([0, 0.01, 0.01, 0.01, 0.02, 0.10, 0.30]),
    "questions": np.array([0, 0.01, 0.01, 0.01, 0.02, 0.10, 0.30]),
}
OPPOSITE = {
    "parsing": np.array([0, 0.30, 0.20, 0.08, 0.01, 0.01, 0.01])[[0, 6, 5, 4, 3, 1, 2]],
    "inference": np.array([0, 0.30, 0.26, 0.22, 0.18, 0.14, 0.10]),
    "questions": np.array([0, 0.30, 0.26, 0.22, 0.18, 0.14, 0.10]),
}
NOTHING = {task: np.zeros(LAYERS + 1) for task in TASKS}


class Simulated:
    """Draws of quantities with a known truth: seeds and sentences add noise of a known size."""

    def __init__(self, seed, of_seeds=0.004, of_sentences=0.004):
        self.generator = np.random.default_rng(seed)
        self.of_seeds, self.of_sentences = of_seeds, of_sentences

    def draws(self, truth, scale=1.0):
        """Return (..., draws, seeds) around a truth (...)."""
        truth = np.asarray(truth, dtype=float)[..., None, None]
        normal = self.generator.standard_normal
        runs = self.of_seeds * normal((*truth.shape[:-2], 1, SEEDS))
        text = self.of_sentences * normal((*truth.shape[:-2], 1, 1))
        resampled = self.of_sentences * normal((*truth.shape[:-2], DRAWS, 1))
        resampled[..., 0, :] = 0
        return truth + scale * (runs + text + resampled)

    def study(self, change, ceiling=0.03, probes=0.0, kept=(80, 99), out_of_domain=0.5):
        """Build an encoder's evidence. kept: percent, of parsing and of the other tasks.

        out_of_domain: the share of the change on the own text that shows on other text.
        """
        texts = [*OWN.values(), "text-elsewhere"]
        similarity = {
            (text, task): self.draws(1 - change[task] * (1 if text == OWN[task] else out_of_domain))
            for task in TASKS
            for text in texts
        }
        ceilings = {place: self.draws(np.full(LAYERS + 1, 1 - ceiling)) for place in similarity}
        shares = dict(zip(TASKS, (kept[0], kept[1], kept[1]), strict=True))
        return Evidence(
            tasks=TASKS,
            layers=LAYERS,
            own_texts=OWN,
            contrasts=contrasts(texts),
            similarity=similarity,
            ceiling=ceilings,
            kept={(task, "freeze-4"): self.draws(share, 100) for task, share in shares.items()},
            changes=[self.change(task, "mix", probes) for task in TASKS],
        )

    def change(self, task, layer, truth):
        return Change(
            text="text-elsewhere",
            phenomenon="entities",
            task=task,
            input="mix" if layer == "mix" else "layer",
            layer="" if layer == "mix" else layer,
            metric="f1",
            draws=self.draws(truth, 100),
        )


def contrasts(texts):
    return [
        {"contrast": "domain", "task": task, "stimuli": OWN[task], "form": form}
        | {"other_task": task, "other_stimuli": text}
        for task in TASKS
        for form in ("own", "single")
        for text in texts
        if text != OWN[task]
    ]


def verdicts(evidence):
    return {claim.name: claim.verdict for claim in claims_of(evidence, MARGINS, RULES)}


def part_of(evidence, name):
    claims = claims_of(evidence, MARGINS, RULES)
    return next(part for claim in claims for part in claim.parts if part.part.name == name)


ALL = ("C1", "C2", "C3", "C4")


def test_a_study_in_which_the_paper_is_right_supports_every_claim():
    assert verdicts(Simulated(1, 0.001, 0.001).study(AS_THE_PAPER)) == dict.fromkeys(ALL, SUPPORTED)


def test_a_study_in_which_the_opposite_is_true_contradicts_every_claim():
    evidence = Simulated(2).study(OPPOSITE, probes=-6.0, kept=(99, 80), out_of_domain=1.3)
    assert verdicts(evidence) == dict.fromkeys(ALL, CONTRADICTED)


def test_a_study_too_small_for_its_noise_is_inconclusive_on_every_claim():
    evidence = Simulated(3, of_seeds=0.3, of_sentences=0.1).study(AS_THE_PAPER)
    assert verdicts(evidence) == dict.fromkeys(ALL, INCONCLUSIVE)


def test_one_seed_decides_nothing_and_is_told_so():
    evidence = Simulated(4).study(AS_THE_PAPER)
    alone = {place: draws[..., :1] for place, draws in evidence.similarity.items()}
    kept = {place: draws[..., :1] for place, draws in evidence.kept.items()}
    changes = [replace(change, draws=change.draws[:, :1]) for change in evidence.changes]
    evidence = replace(evidence, similarity=alone, ceiling={}, kept=kept, changes=changes)
    assert verdicts(evidence) == dict.fromkeys(ALL, INCONCLUSIVE)
    assert part_of(evidence, "C2b").deciding.advice == "2 seeds or more: it has 1"
    assert part_of(evidence, "C1a").part.missing == [f"a second seed of {task}" for task in TASKS]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_with_no_effect_a_claim_is_supported_in_at_most_one_study_in_twenty(share):
    """At the boundary of every part: no change beyond the ceiling, a loss of just the margin."""
    studies = 150
    found = dict.fromkeys(ALL, 0)
    for seed in range(studies):
        simulated = Simulated(1000 + seed, 0.01 * (1 - share), 0.01)
        evidence = simulated.study(
            {task: change + 0.1 for task, change in NOTHING.items()},
            ceiling=0.1,
            probes=-MARGINS.probe_points,
            kept=(95, 95),
            out_of_domain=1.0,
        )
        for claim, verdict in verdicts(evidence).items():
            found[claim] += verdict == SUPPORTED
    assert max(found.values()) <= 0.05 * studies, found


def judge_one(part, rules):
    return judge([part], rules)[0]


def simple_cell(truth, generator, boundary=0.0):
    runs = generator.normal(truth, 1.0, 3)
    text = generator.normal(0, 1.0)
    draws = runs + text + np.concatenate([[0], generator.normal(0, 1.0, DRAWS - 1)])[:, None]
    return Cell({"task": "any"}, Estimate.of(draws), boundary, "above", "points", "t.csv", "r")


def test_a_single_cell_at_its_boundary_is_decided_in_at_most_five_percent():
    """The non-inferiority test: the truth is the margin itself, 1,000 simulated studies."""
    generator = np.random.default_rng(5)
    cells = [simple_cell(-2.0, generator, -2.0) for _ in range(1000)]
    found = [judge_one(Part("X", "", [cell]), RULES).verdict for cell in cells]
    assert found.count(SUPPORTED) <= 25 + 10  # 2.5 % and two standard errors
    assert found.count(CONTRADICTED) <= 25 + 10
    assert found.count(SUPPORTED) >= 3


def test_many_cells_at_the_boundary_contradict_no_more_often_than_one():
    """Twenty cells, in two parts of one claim."""
    generator = np.random.default_rng(6)
    contradicted = 0
    for _ in range(200):
        parts = [Part(name, "", [simple_cell(0.0, generator) for _ in range(10)]) for name in "XY"]
        contradicted += CONTRADICTED in [part.verdict for part in judge(parts, RULES)]
    assert contradicted <= 0.05 * 200


def test_a_part_that_lacks_something_is_never_supported_but_may_be_contradicted():
    generator = np.random.default_rng(7)
    good, bad = simple_cell(40.0, generator), simple_cell(-40.0, generator)
    assert judge_one(Part("X", "", [good]), RULES).verdict == SUPPORTED
    assert judge_one(Part("X", "", [good], ["more"]), RULES).verdict == INCONCLUSIVE
    assert judge_one(Part("X", "", [good, bad], ["more"]), RULES).verdict == CONTRADICTED
    assert judge_one(Part("X", "", []), RULES).verdict == INCONCLUSIVE


def test_advice_names_the_seeds_and_sentences_that_would_decide():
    """Then a study of that size, with the same variances and estimate, is decided."""
    estimate = Estimate(value=1.0, seed_variance=0.09, sentence_variance=0.05, seeds=3)
    cell = Cell({}, estimate, 0.0, "above", "points", "t.csv", "r")
    judged = judge_one(Part("X", "", [cell]), RULES).cells[0]
    assert judged.verdict == INCONCLUSIVE
    seeds = int(judged.advice.split()[0])
    assert estimate.margin(0.95, seeds) < 1.0 <= estimate.margin(0.95, seeds - 1)


def test_advice_on_an_estimate_next_to_the_boundary_says_that_no_size_in_reach_decides():
    estimate = Estimate(value=1e-4, seed_variance=0.09, sentence_variance=0.05, seeds=3)
    cell = Cell({}, estimate, 0.0, "above", "points", "t.csv", "r")
    advice = judge_one(Part("X", "", [cell]), RULES).cells[0].advice
    assert advice == "more than 1000 times the sentences and the seeds"
    assert estimate.margin(0.95, 3000, 1000) > estimate.value


def test_the_verdict_rests_on_the_cell_that_is_least_for_it():
    generator = np.random.default_rng(8)
    cells = [simple_cell(value, generator) for value in (50.0, 20.0, 90.0)]
    part = judge_one(Part("X", "", cells), RULES)
    assert part.deciding.cell is cells[1]


def test_layers_that_lose_are_named_and_others_are_not():
    simulated = Simulated(9)
    changes = [
        simulated.change("parsing", str(layer), -9.0 if layer == 5 else 0.0)
        for layer in range(1, 7)
    ]
    note = layers_lost(changes, MARGINS, RULES)
    assert note.startswith("1 of 6 probes on single layers are certain to lose more than 2 points")
    assert "layer 5: -" in note and "layer 4" not in note
    note = layers_lost([*changes[:4], *changes[5:]], MARGINS, RULES)
    assert note.startswith("0 of 5") and "the greatest loss found is parsing" in note


def test_quantities_of_change_against_scipy_and_by_hand():
    from scipy.stats import spearmanr

    change = np.random.default_rng(10).random((7, 4, 2))
    found = rank_correlation(change)
    for place in np.ndindex(4, 2):
        expected = spearmanr(np.arange(7), change[(slice(None), *place)]).statistic
        assert found[place] == pytest.approx(expected)
    expected = np.polyfit(np.arange(7), change.reshape(7, -1), 1)[0].reshape(4, 2)
    assert slope(change) == pytest.approx(expected)
    ramp = np.array([0.0, 0.0, 0.1, 0.1, 0.3, 0.5])
    assert top_less_bottom(ramp) == pytest.approx(0.4)
    assert centre_of_mass(ramp) == pytest.approx((0.3 + 0.4 + 1.5 + 3.0) / 1.0)


def written(tmp_path, evidence):
    names = {"table": "claims.csv", "cells": "claim_cells.csv", "content": "claims.json"}
    files = ClaimFiles(**{key: tmp_path / name for key, name in names.items()}, text=tmp_path / "c")
    write_claims(
        {"tiny": claims_of(evidence, MARGINS, RULES)}, "constructed", MARGINS, RULES, files
    )
    return files


def test_all_forms_of_the_claims_tell_the_same(tmp_path):
    files = written(tmp_path, Simulated(11).study(AS_THE_PAPER, probes=-1.9))
    table = pd.read_csv(files.table, keep_default_na=False)
    cells = pd.read_csv(files.cells)
    content = json.loads(files.content.read_text())
    assert tuple(table.columns) == CLAIMS
    assert tuple(cells.columns) == CLAIM_CELLS
    nested = content["encoders"]["tiny"]
    assert [claim["verdict"] for claim in nested] == list(table.loc[table.part == "", "verdict"])
    assert sum(len(part["cells"]) for claim in nested for part in claim["parts"]) == len(cells)
    text = files.text.read_text()
    for _, row in table.iterrows():
        assert row["statement"] in text
        assert f"{row['part'] or row['claim'] + ' is'} {row['verdict']}" in text
    inside = (cells["low"] <= cells["estimate"]) & (cells["estimate"] <= cells["high"])
    assert inside.all()


def test_a_supported_cell_lies_with_its_interval_on_the_side_of_the_claim(tmp_path):
    files = written(tmp_path, Simulated(12, 0.03, 0.02).study(AS_THE_PAPER, probes=-1.0))
    cells = pd.read_csv(files.cells)
    above = (cells["direction"] == "above") & (cells["low"] > cells["boundary"])
    below = (cells["direction"] == "below") & (cells["high"] < cells["boundary"])
    assert ((above | below) == (cells["verdict"] == SUPPORTED)).all()
    assert set(cells["verdict"]) > {SUPPORTED}
    assert (cells["advice"].notna() == (cells["verdict"] == INCONCLUSIVE)).all()


def test_the_terminal_shows_every_verdict_in_lines_that_fit(tmp_path):
    files = written(tmp_path, Simulated(13).study(AS_THE_PAPER))
    os.utime(files.table, (0, datetime(2026, 3, 1, 9, 5).timestamp()))
    shown = claims_summary(files.table)
    assert "2026-03-01 09:05" in shown.splitlines()[0]
    with files.table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert max(map(len, shown.splitlines())) <= 100
    for row in rows:
        name = row["part"] or row["claim"]
        assert any(line.split()[:2] == [name, row["verdict"]] for line in shown.splitlines())
