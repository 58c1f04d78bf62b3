"""Studies whose truth is known, from encoders to verdicts: nothing was learnt, or the top alone."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from bertology.claims.evidence import Evidence, Similarities
from bertology.claims.paper import (
    claims_of,
    nothing_lost,
    top_more_by_itself,
    top_share,
)
from bertology.claims.verdict import CONTRADICTED, SUPPORTED, judge
from bertology.encoders import layer_stack
from bertology.perturbation import find_size, mean_change, perturbed
from bertology.similarity.resampling import pair_sums, resampled_rsa
from bertology.statistics import Resamples, holm, over_pairs
from bertology.transplants.own_change import TransplantedLayers
from null_study import changes, holds_zero
from three_tasks import CONTRASTS, LAYERS, MARGINS, NEUTRAL, OWN, RULES, TASKS

SEEDS, SENTENCES, WORDS = (1, 2, 3), 30, 8
PAIRS = [("1", "2"), ("1", "3"), ("2", "3")]
ITEMS = np.repeat(np.arange(SENTENCES), WORDS)


@pytest.fixture(scope="module")
def encoder():
    """Give a random BERT whose layers do something: as drawn, they hardly do."""
    sizes = {"hidden_size": 24, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 50}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(BertConfig(**sizes, num_hidden_layers=LAYERS), add_pooling_layer=False)
        with torch.no_grad():
            for weights in layer_stack(model).parameters():
                weights += 0.2 * torch.randn(weights.shape)
    return model.eval()


def inputs_of(text):
    generator = torch.Generator().manual_seed([*OWN.values(), NEUTRAL].index(text))
    return {"input_ids": torch.randint(0, 50, (SENTENCES, WORDS), generator=generator)}


def vectors(states):
    """Give hidden states as (layers, tokens, width)."""
    return np.stack([state.detach().flatten(0, 1).numpy() for state in states])


@torch.no_grad()
def hidden(encoder, text):
    return vectors(encoder(**inputs_of(text), output_hidden_states=True).hidden_states)


def similarity(pairs, text):
    """Compare pairs of vectors, layer by layer: (layers, draws, pairs)."""
    resamples = Resamples.draw(SENTENCES, 60, [*OWN.values(), NEUTRAL].index(text))
    return np.array(
        [
            [resampled_rsa(pair_sums(x, y, ITEMS, SENTENCES), resamples) for x, y in of_layer]
            for of_layer in zip(*(zip(*pair, strict=True) for pair in pairs), strict=True)
        ]
    ).transpose(0, 2, 1)


def evidence_of(similarities):
    return Evidence(
        tasks=TASKS,
        layers=LAYERS,
        own_texts=OWN,
        own_stimuli={task: [text] for task, text in OWN.items()},
        single_texts=[*OWN.values(), NEUTRAL],
        common_texts=[NEUTRAL],
        contrasts=CONTRASTS,
        similarity=similarities,
    )


def noisy(values, generator):
    return values * (1 + 0.01 * generator.standard_normal(values.shape))


def learnt_nothing(encoder):
    """Tuned vectors are the pretrained ones but for noise of 1 %, and so are layers' own."""
    generator = np.random.default_rng(1)
    found = {name: {} for name in ("tuned", "ceiling", "perturbed", "own_change")}
    floor = {}
    for text in [*OWN.values(), NEUTRAL]:
        before = hidden(encoder, text)
        random = np.random.default_rng(2).standard_normal(before.shape)
        floor[text] = similarity([(random, before)], text)
        for task in TASKS:
            runs = {str(seed): noisy(before, generator) for seed in SEEDS}
            tuned = similarity([(run, before) for run in runs.values()], text)
            found["tuned"][text, task] = tuned
            both = similarity([(runs[one], runs[other]) for one, other in PAIRS], text)
            found["ceiling"][text, task] = np.stack(
                [over_pairs(each, PAIRS, "123") for each in both]
            )
            own = [(noisy(before, generator), before) for _ in SEEDS]
            found["own_change"][text, task] = similarity(own, text)
            found["perturbed"][text, task] = noise_of_size(encoder, text, 1 - tuned[1:, 0], before)
    return Similarities(**found, floor=floor)


def noise_of_size(encoder, text, change, before):
    """Compare encoders that noise has changed as much as each run, (layers, seeds)."""
    pairs = []
    for seed, target in zip(SEEDS, change.mean(axis=0), strict=True):

        def change_at(size, seed=seed):
            with perturbed(encoder, size, seed):
                return mean_change(hidden(encoder, text)[1:], before[1:], "rsa_pearson")

        with perturbed(encoder, find_size(change_at, target, 0.01).size, seed):
            pairs.append((hidden(encoder, text), before))
    return similarity(pairs, text)


def test_of_an_encoder_that_learnt_nothing_no_claim_of_change_is_supported(encoder):
    claims = claims_of(evidence_of(learnt_nothing(encoder)), MARGINS, RULES)
    parts = {part.part.name: part for claim in claims for part in claim.parts}
    of_change = ("C1a", "C2a", "C2b", "C3a", "C3b", "C4a", "C4b")
    assert all(parts[name].cells for name in of_change)
    assert not [name for name in of_change if parts[name].verdict == SUPPORTED]
    assert SUPPORTED not in [claim.verdict for claim in claims]


def tuned_by_noise(encoder, layers, seed):
    """Copy an encoder, and change some of its layers (from 0) by noise."""
    copy = BertModel(encoder.config, add_pooling_layer=False).eval()
    copy.load_state_dict(encoder.state_dict())
    generator = torch.Generator().manual_seed(100 + seed)
    with torch.no_grad():
        for layer in layers:
            for weights in layer_stack(copy)[layer].parameters():
                noise = torch.randn(weights.shape, generator=generator)
                weights += 0.15 * noise * weights.norm() / noise.norm()
    return copy


def changed_in(encoder, layers):
    """Give the evidence on encoders that were changed in some layers (from 0) alone."""
    found = {name: {} for name in ("tuned", "perturbed", "own_change")}
    for number, (task, text) in enumerate(OWN.items()):
        before = hidden(encoder, text)
        runs = [tuned_by_noise(encoder, layers, 10 * number + seed) for seed in SEEDS]
        tuned = similarity([(hidden(run, text), before) for run in runs], text)
        with torch.no_grad():
            own = [
                (vectors(TransplantedLayers(encoder, run).hidden_states(inputs_of(text))), before)
                for run in runs
            ]
        found["tuned"][text, task] = tuned
        found["own_change"][text, task] = similarity(own, text)
        found["perturbed"][text, task] = noise_of_size(encoder, text, 1 - tuned[1:, 0], before)
    return evidence_of(Similarities(**found))


@pytest.mark.parametrize(("layers", "supported"), [((4, 5), True), (range(6), False)])
def test_change_of_the_top_third_alone_supports_what_even_change_does_not(
    encoder, layers, supported
):
    evidence = changed_in(encoder, layers)
    parts = judge([top_share(evidence), top_more_by_itself(evidence)], RULES)
    assert [part.part.name for part in parts] == ["C2a", "C2b"]
    assert [part.verdict == SUPPORTED for part in parts] == [supported] * 2


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """Probe four pretrained encoders and what they were tuned to, which is nothing."""
    folder = tmp_path_factory.mktemp("probed")
    kinds = ("part_of_speech", "structure")
    return [
        changes(folder / f"{kind}-{number}", kind, number) for kind in kinds for number in (1, 2)
    ]


def test_intervals_of_probes_hold_that_nothing_changed(probed):
    """These are few; `python benchmarks/statistics/null_study.py` has two hundred jobs."""
    cells = [change for of_job in probed for change in of_job]
    assert np.mean([holds_zero(change) for change in cells]) >= 0.85


def test_no_probe_forgot_anything_and_no_panel_has_a_certain_change(probed):
    from bertology.probing.summary import p_of_no_change
    from bertology.statistics import Estimate

    for of_job in probed:
        evidence = Evidence(TASKS, LAYERS, {}, {}, [], [], [], Similarities(), changes=of_job)
        part = nothing_lost(evidence, "C1b", MARGINS.catastrophic_points, decides=True)
        assert judge([part], RULES)[0].verdict != CONTRADICTED
        p_values = [p_of_no_change(Estimate.of(change.draws)) for change in of_job]
        assert (holm(np.array(p_values)) > 0.05).all()
