"""Claims: studies whose truth is known, constructed so that each verdict must come out."""

import csv
import json
import os
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from bertology.claims.about import CHECK, About, Tuned
from bertology.claims.evidence import BEST_LAYER, Change, Evidence, Similarities, at_best_layer
from bertology.claims.paper import claims_of, layers_lost
from bertology.claims.terminal import claims_summary
from bertology.claims.verdict import (
    CONTRADICTED,
    INCONCLUSIVE,
    SUPPORTED,
    Cell,
    Part,
    judge,
)
from bertology.claims.write import ClaimFiles, _found, write_claims
from bertology.statistics import Estimate
from bertology.tables import CLAIM_CELLS, CLAIMS
from three_tasks import CONTRASTS, LAYERS, MARGINS, NEUTRAL, OWN, RULES, TASKS, TEXTS

SEEDS, DRAWS = 3, 100


def by_task(parsing, others):
    """Give what is true of parsing, and of both other tasks, layer by layer."""
    return {task: np.array(parsing if task == "parsing" else others) for task in TASKS}


@dataclass(frozen=True)
class Truth:
    """What is true of a study, by task: changes by layer, the embeddings first.

    out_of_domain: the share of the change on the own text that shows on other text. ceiling: 1 -
    RSA of two seeds. own_change, lost: by layer. frozen: percent recovered; reverted: percent kept.
    """

    change: dict
    perturbed: dict
    own_change: dict
    lost: dict
    frozen: dict
    reverted: dict
    ceiling: float = 0.03
    out_of_domain: float = 0.5
    probes: float = 0.0


# As the paper has it: all grow, parsing reaches deeper. And the other way round.
AS_THE_PAPER = Truth(
    change=by_task([0, 0.1, 0.14, 0.18, 0.22, 0.26, 0.3], [0, 0.01, 0.01, 0.01, 0.02, 0.1, 0.3]),
    perturbed=by_task([0, *[0.2] * 6], [0, *[0.08] * 6]),
    own_change=by_task([0.02, 0.02, 0.02, 0.03, 0.03, 0.04], [0, 0, 0.01, 0.01, 0.04, 0.05]),
    lost=by_task([1, 1, 2, 3, 4, 5], [0, 0, 0, 1, 5, 8]),
    frozen=by_task(80, 99),
    reverted=by_task(50, 97),
)
OPPOSITE = Truth(
    change=by_task([0, 0.3, 0.2, 0.08, 0.01, 0.01, 0.01], [0, 0.3, 0.3, 0.3, 0.3, 0.2, 0.2]),
    perturbed=by_task([0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.3], [0, 0.0, 0.0, 0.1, 0.3, 0.5, 0.7]),
    own_change=by_task([0.01, 0.01, 0.02, 0.03, 0.03, 0.04], [0.05, 0.05, 0.01, 0.01, 0, 0]),
    lost=by_task([5, 4, 3, 2, 1, 1], [8, 5, 1, 0, 0, 0]),
    frozen=by_task(99, 80),
    reverted=by_task(97, 50),
    probes=-9.0,
    out_of_domain=1.3,
)


def at_the_boundary(excess):
    """Make a study in which nothing is as claimed, and all is just on the side of not being so."""
    even = by_task([0, *[0.1 + excess] * LAYERS], [0, *[0.1 + excess] * LAYERS])
    return Truth(
        change=even,
        perturbed=even,
        own_change=by_task([0.01] * LAYERS, [0.01] * LAYERS),
        lost=by_task([2.0] * LAYERS, [2.0] * LAYERS),
        frozen=by_task(95, 95),
        reverted=by_task(95, 95),
        ceiling=0.1,
        out_of_domain=1.0,
        probes=-MARGINS.catastrophic_points,
    )


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

    def study(self, truth):
        """Build an encoder's evidence."""
        places = [(text, task) for task in TASKS for text in TEXTS]
        share = {place: 1 if place[0] == OWN[place[1]] else truth.out_of_domain for place in places}
        same = np.full(LAYERS + 1, 1 - truth.ceiling)
        similarity = Similarities(
            tuned={at: self.draws(1 - truth.change[at[1]] * share[at]) for at in places},
            ceiling={at: self.draws(same) for at in places},
            perturbed={at: self.draws(1 - truth.perturbed[at[1]]) for at in places},
            own_change={
                at: self.draws(1 - np.array([0, *truth.own_change[at[1]]]), 0.1) for at in places
            },
            floor={text: self.draws(np.full(LAYERS + 1, 0.05))[..., :1] for text in TEXTS},
        )
        return Evidence(
            tasks=TASKS,
            layers=LAYERS,
            own_texts=OWN,
            own_stimuli={task: [text] for task, text in OWN.items()},
            single_texts=TEXTS,
            common_texts=[NEUTRAL],
            contrasts=CONTRASTS,
            similarity=similarity,
            recovered={(task, "freeze-4"): self.draws(truth.frozen[task], 100) for task in TASKS},
            kept={(task, 4): self.draws(truth.reverted[task], 100) for task in TASKS},
            lost={
                (task, layer + 1): self.draws(truth.lost[task][layer], 100)
                for task in TASKS
                for layer in range(LAYERS)
            },
            changes=[
                self.change(task, each, truth.probes)
                for task in TASKS
                for each in ("mix", "mix_normalised", BEST_LAYER)
            ],
        )

    def change(self, task, place, truth):
        single = place.isdecimal()
        return Change(
            text=NEUTRAL,
            phenomenon="entities",
            task=task,
            input="layer" if single else place,
            layer=place if single else "",
            metric="uuas" if place == BEST_LAYER else "f1",
            draws=self.draws(truth, 100),
        )


def verdicts(evidence):
    return {claim.name: claim.verdict for claim in claims_of(evidence, MARGINS, RULES)}


def parts_of(evidence):
    claims = claims_of(evidence, MARGINS, RULES)
    return {part.part.name: part for claim in claims for part in claim.parts}


ALL = ("C1", "C2", "C3", "C4")


def test_a_study_in_which_the_paper_is_right_supports_every_claim():
    evidence = Simulated(1, 0.001, 0.001).study(AS_THE_PAPER)
    assert verdicts(evidence) == dict.fromkeys(ALL, SUPPORTED)
    assert {part.verdict for part in parts_of(evidence).values()} == {SUPPORTED}


def test_a_study_in_which_the_opposite_is_true_contradicts_every_claim():
    evidence = Simulated(2, 0.001, 0.001).study(OPPOSITE)
    assert verdicts(evidence) == dict.fromkeys(ALL, CONTRADICTED)
    found = {name: part.verdict for name, part in parts_of(evidence).items()}
    assert {name for name, verdict in found.items() if verdict != CONTRADICTED} == {"C2c"}


def test_a_study_too_small_for_its_noise_is_inconclusive_on_every_claim():
    evidence = Simulated(3, of_seeds=0.3, of_sentences=0.1).study(AS_THE_PAPER)
    assert verdicts(evidence) == dict.fromkeys(ALL, INCONCLUSIVE)


def with_seeds(evidence, seeds):
    """Keep the first seeds alone."""

    def cut(draws):
        return {place: of[..., :seeds] for place, of in draws.items()}

    found = {name: cut(getattr(evidence.similarity, name)) for name in vars(Similarities())}
    if seeds == 1:
        found["ceiling"] = {}
    changes = [replace(change, draws=change.draws[:, :seeds]) for change in evidence.changes]
    scores = {name: cut(getattr(evidence, name)) for name in ("recovered", "kept", "lost")}
    return replace(evidence, similarity=Similarities(**found), changes=changes, **scores)


def test_one_seed_decides_nothing_and_is_told_so():
    evidence = with_seeds(Simulated(4).study(AS_THE_PAPER), 1)
    assert verdicts(evidence) == dict.fromkeys(ALL, INCONCLUSIVE)
    parts = parts_of(evidence)
    assert parts["C2b"].deciding.advice == "2 seeds or more: it has 1"
    assert parts["C1a"].part.missing == [f"three seeds of {task}" for task in TASKS]


def test_two_seeds_say_nothing_of_what_a_ceiling_enters():
    """Two seeds make one pair, which has no variance: its interval would be far too narrow."""
    parts = parts_of(with_seeds(Simulated(4, 1e-5, 1e-5).study(AS_THE_PAPER), 2))
    for name in ("C1a", "C3a"):
        assert parts[name].verdict == INCONCLUSIVE
        assert not parts[name].cells
        assert all(each.startswith("three seeds of ") for each in parts[name].part.missing)
    assert parts["C2b"].verdict == SUPPORTED


def test_what_the_study_lacks_is_named():
    evidence = replace(
        Simulated(5).study(AS_THE_PAPER),
        similarity=Similarities(),
        common_texts=[],
        contrasts=[],
        recovered={},
        kept={},
        lost={},
        changes=[],
    )
    lacking = {name: part.part.missing for name, part in parts_of(evidence).items()}
    assert all(lacking.values())
    assert lacking["C2a"] == [f"perturbed encoders of {task}" for task in TASKS]
    assert lacking["C2c"] == ["a text that no task was tuned on"]


def test_nothing_is_lost_only_if_every_kind_of_probe_says_so():
    evidence = Simulated(5).study(AS_THE_PAPER)
    assert parts_of(evidence)["C1b"].verdict == SUPPORTED
    edges = [change for change in evidence.changes if change.input != BEST_LAYER]
    part = parts_of(replace(evidence, changes=edges))["C1b"]
    assert part.verdict == INCONCLUSIVE
    assert part.part.missing == ["structural probes"]


def test_text_without_pairs_is_in_single_segments_as_it_is():
    """A treebank's and a plain text's own form: both are of one segment, and count as such."""
    evidence = Simulated(7).study(AS_THE_PAPER)
    as_it_is = [
        each for each in CONTRASTS if each["form"] == "own" and each["stimuli"] == OWN["parsing"]
    ]
    single = [OWN["parsing"], NEUTRAL]
    found = parts_of(replace(evidence, contrasts=as_it_is, single_texts=single))
    assert [judged.cell.where["text"] for judged in found["C4a"].cells] == [NEUTRAL]
    own = ", ".join(text for text in TEXTS if text != OWN["parsing"])
    assert [judged.cell.where["text"] for judged in found["C4b"].cells] == [own]


def test_of_several_own_texts_the_first_counts():
    evidence = Simulated(7).study(AS_THE_PAPER)
    second = {
        (text, task): draws + (0.3 if text == OWN["questions"] else 0)
        for (text, task), draws in evidence.similarity.tuned.items()
    }
    evidence = replace(evidence, similarity=replace(evidence.similarity, tuned=second))
    with_second = [
        *(each for each in CONTRASTS if each["task"] == "parsing"),
        *({**each, "stimuli": OWN["questions"]} for each in CONTRASTS if each["task"] == "parsing"),
    ]
    cells = [
        next(
            judged.cell.estimate.value
            for judged in parts_of(replace(evidence, contrasts=contrasts))["C4a"].cells
        )
        for contrasts in (CONTRASTS, with_second)
    ]
    assert cells[0] == cells[1]


@pytest.mark.parametrize("excess", [MARGINS.change_rsa, MARGINS.layer_rsa])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_with_no_effect_a_claim_is_supported_in_at_most_one_study_in_twenty(share, excess):
    """At the boundary of every part: no change beyond the ceiling, a loss of just the margin."""
    studies = 60
    found = dict.fromkeys(ALL, 0)
    for seed in range(studies):
        simulated = Simulated(1000 + seed, 0.01 * (1 - share), 0.01)
        for claim, verdict in verdicts(simulated.study(at_the_boundary(excess))).items():
            found[claim] += verdict == SUPPORTED
    assert max(found.values()) <= 0.05 * studies, found


def test_change_that_noise_of_that_size_makes_too_is_no_change_of_the_top():
    """Whatever grows upwards in the same way in perturbed encoders does not support C2a."""
    truth = replace(AS_THE_PAPER, perturbed=AS_THE_PAPER.change)
    assert parts_of(Simulated(6).study(truth))["C2a"].verdict == INCONCLUSIVE


def test_text_that_every_encoder_finds_more_similar_is_no_effect_of_domain():
    """A text on which all tasks' encoders stay more similar is not out of anyone's domain."""
    evidence = Simulated(7, 0.001, 0.001).study(replace(AS_THE_PAPER, out_of_domain=1.0))
    easier = {
        at: draws + (0.1 if at[0] in (NEUTRAL, OWN["questions"]) else 0)
        for at, draws in evidence.similarity.tuned.items()
    }
    easier = replace(evidence, similarity=replace(evidence.similarity, tuned=easier))
    cells = parts_of(easier)["C4a"].cells
    assert len(cells) == 3
    for judged in cells:
        assert abs(judged.cell.estimate.value) < 0.005


def test_a_best_layer_is_each_runs_own():
    scores = np.zeros((3, 4, 2))
    scores[1, :, 0], scores[2, :, 1], scores[0, 1:, :] = [5, 6, 7, 8], [3, 2, 1, 0], 9
    assert at_best_layer(scores).tolist() == [[5, 3], [6, 2], [7, 1], [8, 0]]


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


def test_advice_against_a_claim_counts_the_correction_for_the_number_of_its_cells():
    """Alone the cell is decided; among five undecided ones it is not, and so needs more."""
    estimate = Estimate(value=-1.7, seed_variance=0.0001, sentence_variance=0.55, seeds=3)
    against = Cell({}, estimate, 0.0, "above", "points", "t.csv", "r")
    alone = judge_one(Part("X", "", [against]), RULES).cells[0]
    assert alone.verdict == CONTRADICTED
    near = Estimate(value=-0.01, seed_variance=0.09, sentence_variance=0.05, seeds=3)
    others = [Cell({}, near, 0.0, "above", "points", "t.csv", "r")] * 4
    judged = judge_one(Part("X", "", [against, *others]), RULES).cells[0]
    assert judged.verdict == INCONCLUSIVE
    factor = float(judged.advice.split(" or ")[-1].split(" times the sentences")[0])
    assert factor > 1.1
    larger = replace(estimate, sentence_variance=0.55 / factor)
    cell = Cell({}, larger, 0.0, "above", "points", "t.csv", "r")
    assert judge_one(Part("X", "", [cell, *others]), RULES).cells[0].verdict == CONTRADICTED


def test_advice_on_what_has_no_value_says_that_there_is_none():
    cell = simple_cell(np.nan, np.random.default_rng(3))
    judged = judge_one(Part("X", "", [cell]), RULES)
    assert judged.verdict == INCONCLUSIVE
    assert judged.cells[0].advice.startswith("there is no value")
    assert _found(judged.cells[0], 0.95).endswith(": no value, claimed above 0")


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


ABOUT = About(
    "MiniLM",
    6,
    [Tuned("ewt", "treebank", False, 3000), Tuned("laboratory", "questions", True, 1800)],
    3,
)


def test_a_verdict_names_encoder_text_and_size(tmp_path):
    told = (
        "MiniLM, 6 layers; tuned on 3,000 sentences of EWT and 1,800 questions of a grammar's text"
    )
    assert str(ABOUT) == f"{told}; 3 seeds"
    grammar = replace(ABOUT, texts=[ABOUT.texts[1]] * 2, seeds=1)
    assert str(grammar).endswith(
        "tuned on 1,800 questions and 1,800 questions, written by a grammar; 1 seed"
    )
    files = written(tmp_path, Simulated(14).study(AS_THE_PAPER))
    lines = files.text.read_text().splitlines()
    headings = [number for number, line in enumerate(lines) if line.startswith("### C")]
    assert len(headings) == 4
    assert {lines[number + 2] for number in headings} == {f"{ABOUT}."}
    assert f"**{CHECK}**" in lines
    table = pd.read_csv(files.table)
    assert set(table["about"]) == {str(ABOUT)} and set(table["check"]) == {1}
    assert list(table.loc[table["decides"] == 0, "part"]) == ["C1c", "C4b"]


def test_text_that_no_grammar_wrote_is_no_check_of_the_software():
    assert not replace(ABOUT, texts=ABOUT.texts[:1]).is_check


def written(tmp_path, evidence):
    names = {"table": "claims.csv", "cells": "claim_cells.csv", "content": "claims.json"}
    files = ClaimFiles(**{key: tmp_path / name for key, name in names.items()}, text=tmp_path / "c")
    claims = {"tiny": claims_of(evidence, MARGINS, RULES)}
    write_claims(claims, {"tiny": ABOUT}, "constructed", MARGINS, RULES, files)
    return files


def test_all_forms_of_the_claims_tell_the_same(tmp_path):
    files = written(tmp_path, Simulated(11).study(replace(AS_THE_PAPER, probes=-1.9)))
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
        assert row["about"] in text
    inside = (cells["low"] <= cells["estimate"]) & (cells["estimate"] <= cells["high"])
    assert inside.all()


def test_a_supported_cell_lies_with_its_interval_on_the_side_of_the_claim(tmp_path):
    files = written(tmp_path, Simulated(12, 0.03, 0.02).study(replace(AS_THE_PAPER, probes=-1.0)))
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
