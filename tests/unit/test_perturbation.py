"""Noise that changes an encoder as much as fine-tuning did: its size, its place, and the search."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import pdist

import architectures
import tiny
from bertology import perturbation
from bertology.corpora.shapes import Stimulus
from bertology.corpora.stimuli import write_stimuli
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import layer_stack, load_encoder
from bertology.errors import InputError
from bertology.perturbation import (
    LARGEST,
    TOLERANCE,
    draw_sample,
    find_size,
    mean_change,
    perturbed,
    weight_change,
    write_perturbed,
)
from bertology.similarity.measures import COLUMNS
from bertology.similarity.perturbed import collect_perturbed

TYPES = ("bert", "roberta", "distilbert", "electra", "mpnet", "deberta-v2", "modernbert")
SETTINGS = {
    "perturbed_items": 8,
    "tokens": 1000,
    "seed": 1,
    "tokens_per_batch": 64,
    "measure": "rsa_pearson",
}
PLANTED = 0.3


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("encoders")
    found = {name: architectures.write_gated(name, root / name) for name in TYPES}
    for folder in found.values():
        spread(folder)
    return found


def spread(folder: Path) -> None:
    """Give biases values too, and all weights more of them: as drawn, layers do next to nothing."""
    encoder, letters = load_encoder(folder), load_tokenizer(folder)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weights in layer_stack(encoder).parameters():
            weights += 0.2 * torch.randn(weights.shape, generator=generator)
    encoder.save_pretrained(folder)
    letters.save_pretrained(folder)


@pytest.fixture(scope="module")
def stimuli(tmp_path_factory) -> Path:
    """Twelve items of two sentences each."""
    generator = np.random.default_rng(0)
    names = [f"{item}-{part}" for item in range(12) for part in "ab"]
    texts = [" ".join(tiny.word(generator) for _ in range(6)) for _ in names]
    path = tmp_path_factory.mktemp("stimuli") / "sea.jsonl"
    write_stimuli(
        path,
        [
            Stimulus.of_texts(name, (text,), *[name.split("-")[0]] * 2)
            for name, text in zip(names, texts, strict=True)
        ],
    )
    return path


def sample_of(folder: Path, stimuli: Path, **changes) -> perturbation.Sample:
    return draw_sample(stimuli, load_tokenizer(folder), 64, {**SETTINGS, **changes})


def weights_of(encoder) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in encoder.named_parameters()}


def change_by_hand(first: Path, second: Path, stimuli: Path) -> list[float]:
    """Correlate the cosines of all pairs of tokens, layer by layer, one sentence at a time."""
    layers = []
    for folder in (first, second):
        encoder, tokenizer = load_encoder(folder), load_tokenizer(folder)
        of_encoder = []
        for line in stimuli.read_text().splitlines():
            tokens = tokenizer(*json.loads(line)["texts"], return_tensors="pt")
            ordinary = [word is not None for word in tokens.word_ids()]
            with torch.no_grad():
                states = encoder(**tokens, output_hidden_states=True).hidden_states
            of_encoder.append([state[0, ordinary].double().numpy() for state in states[1:]])
        layers.append([np.concatenate(of_layer) for of_layer in zip(*of_encoder, strict=True)])
    return [
        1 - np.corrcoef(pdist(x, "cosine"), pdist(y, "cosine"))[0, 1]
        for x, y in zip(*layers, strict=True)
    ]


@pytest.mark.parametrize("name", TYPES)
def test_noise_has_its_size_in_each_tensor_of_the_layers_and_is_nowhere_else(folders, name):
    encoder = load_encoder(folders[name])
    before = weights_of(encoder)
    inside = {id(parameter) for parameter in layer_stack(encoder).parameters()}
    names = {name for name, value in encoder.named_parameters() if id(value) in inside}
    assert names and set(before) - names
    with perturbed(encoder, PLANTED, seed=1):
        after = weights_of(encoder)
    for key, value in before.items():
        moved = torch.linalg.vector_norm(after[key].double() - value.double())
        size = PLANTED * torch.linalg.vector_norm(value.double()) if key in names else 0
        assert float(moved) == pytest.approx(float(size), rel=1e-5)
    again = weights_of(encoder)
    assert all(torch.equal(again[key], value) for key, value in before.items())


def test_noise_is_gaussian_without_a_preferred_sign(folders):
    encoder = load_encoder(folders["bert"])
    weights = layer_stack(encoder)[0].intermediate.dense.weight
    before = weights.detach().clone()
    with perturbed(encoder, PLANTED, seed=1):
        noise = (weights.detach() - before).double().numpy().ravel()
    units = noise / noise.std()
    deviation = 1 / np.sqrt(len(units))
    assert abs(units.mean()) < 4 * deviation
    assert abs((units**3).mean()) < 4 * np.sqrt(15) * deviation
    assert (units**4).mean() == pytest.approx(3, abs=4 * np.sqrt(96) * deviation)


def test_a_tensor_of_zeros_stays(tmp_path):
    encoder = load_encoder(tiny.write_encoder(tmp_path / "tiny"))
    bias = layer_stack(encoder)[0].intermediate.dense.bias
    assert not bias.any()
    with perturbed(encoder, PLANTED, seed=1):
        assert not bias.any()


def test_a_seed_gives_one_noise_in_all_sizes_and_another_seed_another(folders):
    encoder = load_encoder(folders["bert"])
    weights = layer_stack(encoder)[1].intermediate.dense.weight
    before = weights.detach().double()

    def noise(size: float, seed: int) -> torch.Tensor:
        with perturbed(encoder, size, seed):
            return weights.detach().double() - before

    assert torch.equal(noise(0.5, 1), noise(0.5, 1))
    torch.testing.assert_close(noise(0.5, 1), 5 * noise(0.1, 1), rtol=1e-4, atol=1e-6)
    both = torch.stack([noise(0.5, 1).ravel(), noise(0.5, 2).ravel()])
    assert abs(float(torch.corrcoef(both)[0, 1])) < 0.1


def test_a_sample_is_read_without_special_tokens_whatever_the_batches(folders, stimuli):
    folder = folders["bert"]
    whole = sample_of(folder, stimuli, perturbed_items=12)
    encoder = load_encoder(folder)
    assert (whole.items, len(whole.encodings)) == (12, 24)
    single = sample_of(folder, stimuli, perturbed_items=12, tokens_per_batch=1)
    layers = whole.layers(encoder)
    assert [layer.shape for layer in layers] == [(whole.tokens, 32)] * 3
    for layer, other in zip(layers, single.layers(encoder), strict=True):
        order, other_order = (np.lexsort(each.T.round(3)) for each in (layer, other))
        np.testing.assert_allclose(layer[order], other[other_order], atol=1e-5)


def test_a_sample_is_a_prefix_of_one_order_of_items(folders, stimuli):
    folder = folders["bert"]
    few, more = (sample_of(folder, stimuli, perturbed_items=count) for count in (3, 8))
    inputs = [[encoding.input_ids for encoding in each.encodings] for each in (few, more)]
    assert (few.items, more.items) == (3, 8)
    assert inputs[1][: len(inputs[0])] == inputs[0]
    other = sample_of(folder, stimuli, perturbed_items=3, seed=2)
    assert [encoding.input_ids for encoding in other.encodings] != inputs[0]
    # Tokens are enough as soon as there are so many.
    short = sample_of(folder, stimuli, tokens=few.tokens)
    assert short.items == 3
    assert sample_of(folder, stimuli, tokens=few.tokens + 1).items == 4


@pytest.mark.parametrize("name", TYPES)
def test_the_search_finds_the_size_that_a_planted_change_was_made_with(
    folders, stimuli, name, tmp_path
):
    """A run that is the pretrained encoder with the very noise: of this seed, in this size."""
    folder = folders[name]
    encoder = load_encoder(folder)
    planted = tmp_path / "planted"
    with perturbed(encoder, PLANTED, seed=4):
        encoder.save_pretrained(planted)
    out, description = tmp_path / "perturbed", tmp_path / "perturbation.json"
    write_perturbed(planted, folder, stimuli, out, description, SETTINGS, seed=4, threads=1)
    found = json.loads(description.read_text())
    assert found["weight_change"] == pytest.approx(PLANTED, rel=1e-5)
    assert found["noise"] == pytest.approx(PLANTED, rel=2 * TOLERANCE)
    assert found["ratio"] == pytest.approx(1, rel=2 * TOLERANCE)
    assert found["change_perturbed"] == pytest.approx(found["change"], rel=TOLERANCE)
    assert (found["stimuli"], found["items"]) == ("sea", 8)
    texts = [json.loads(line)["texts"] for line in stimuli.read_text().splitlines()]
    saved, original = load_tokenizer(out), load_tokenizer(folder)
    assert [saved(*text).input_ids for text in texts] == [
        original(*text).input_ids for text in texts
    ]
    assert weight_change(load_encoder(out), load_encoder(folder)) == pytest.approx(
        found["noise"], rel=1e-5
    )


def test_a_run_and_its_perturbed_encoder_change_as_much_by_hand(folders, stimuli, tmp_path):
    """Of a run that changed one layer alone, on all items: the search knows nothing of layers."""
    folder = folders["bert"]
    encoder = load_encoder(folder)
    with torch.no_grad():
        layer_stack(encoder)[2].intermediate.dense.weight.mul_(-1)
    tuned = tmp_path / "tuned"
    encoder.save_pretrained(tuned)
    load_tokenizer(folder).save_pretrained(tuned)
    settings = {**SETTINGS, "perturbed_items": 12, "tokens": 10_000}
    out, description = tmp_path / "perturbed", tmp_path / "perturbation.json"
    write_perturbed(tuned, folder, stimuli, out, description, settings, seed=1, threads=1)
    found = json.loads(description.read_text())
    before, after = (change_by_hand(each, folder, stimuli) for each in (tuned, out))
    assert np.mean(before) == pytest.approx(found["change"], rel=1e-4)
    assert np.mean(after) == pytest.approx(found["change_perturbed"], rel=1e-4)
    assert np.mean(after) == pytest.approx(np.mean(before), rel=2 * TOLERANCE)
    # The run changed the top layer, the noise all of them.
    assert before[:2] == pytest.approx([0, 0], abs=1e-9)
    assert min(after) > 0.001
    # The same seed writes the same weights, another one others.
    for seed, same in ((1, True), (2, False)):
        again = tmp_path / f"seed-{seed}"
        write_perturbed(tuned, folder, stimuli, again, description, settings, seed, threads=1)
        names = [(each / "model.safetensors").read_bytes() for each in (out, again)]
        assert (names[0] == names[1]) == same


def test_a_run_that_changed_nothing_gets_no_noise(folders, stimuli, tmp_path):
    folder = folders["deberta-v2"]
    out, description = tmp_path / "perturbed", tmp_path / "perturbation.json"
    write_perturbed(folder, folder, stimuli, out, description, SETTINGS, seed=1, threads=1)
    found = json.loads(description.read_text())
    assert (found["noise"], found["weight_change"], found["ratio"]) == (0, 0, None)
    before, after = (weights_of(load_encoder(each)) for each in (folder, out))
    assert all(torch.equal(after[name], value) for name, value in before.items())
    sample = sample_of(folder, stimuli)
    for x, y in zip(*(sample.layers(load_encoder(each)) for each in (folder, out)), strict=True):
        assert np.array_equal(x, y)


def test_a_run_that_changed_its_embeddings_alone_gets_noise_too(folders, stimuli):
    encoder = load_encoder(folders["bert"])
    with torch.no_grad():
        words = encoder.embeddings.word_embeddings.weight
        words += 0.02 * torch.randn(words.shape, generator=torch.Generator().manual_seed(5))
    found = perturbation.match(
        encoder,
        load_encoder(folders["bert"]),
        sample_of(folders["bert"], stimuli),
        "rsa_standardised",
        seed=1,
    )
    assert (found["weight_change"], found["ratio"]) == (0, None)
    assert 0 < found["noise"] < LARGEST
    assert found["change_perturbed"] == pytest.approx(found["change"], rel=TOLERANCE)


@pytest.mark.parametrize("start", [1e-6, 0.01, 0.3, 3.0, 50.0])
@pytest.mark.parametrize("target", [1e-7, 1e-3, 0.1, 0.5])
def test_the_search_inverts_a_known_curve_from_wherever_it_begins(start, target):
    """Change that grows with the square of the noise and levels off at 1."""
    found = find_size(lambda size: 1 - np.exp(-(size**2)), target, start)
    assert found.size == pytest.approx(np.sqrt(-np.log1p(-target)), rel=TOLERANCE)
    assert found.steps <= 14


def test_a_good_guess_takes_few_steps():
    assert find_size(lambda size: 1 - np.exp(-3 * size**1.5), 0.4, 0.2).steps <= 4


def test_a_change_beyond_all_noise_is_refused():
    with pytest.raises(InputError, match=r"found a run that changed by 0.9 .* at most 0.8"):
        find_size(lambda size: 0.8 * min(size, 1), 0.9, 0.1)


def test_a_change_that_noise_jumps_over_is_refused():
    with pytest.raises(InputError, match=r"found no noise that changes it by 0.5 in 30 steps"):
        find_size(lambda size: 0.1 if size < 0.2 else 0.9, 0.5, 0.1)


def test_weight_change_is_that_of_all_layers_together(folders):
    first, second = (load_encoder(folders["electra"]) for _ in range(2))
    with torch.no_grad():
        for layer in layer_stack(first):
            layer.output.dense.weight.add_(0.5)
        first.embeddings.word_embeddings.weight.add_(1)
    before = torch.cat([value.ravel() for value in layer_stack(second).parameters()])
    after = torch.cat([value.ravel() for value in layer_stack(first).parameters()])
    expected = float((after - before).detach().norm() / before.detach().norm())
    assert weight_change(first, second) == pytest.approx(expected, rel=1e-5)


def test_mean_change_is_that_of_the_measure():
    generator = np.random.default_rng(0)
    first = [generator.normal(size=(30, 8)).astype(np.float32) for _ in range(2)]
    second = [layer + generator.normal(size=layer.shape).astype(np.float32) for layer in first]
    for measure, prepare in (
        ("rsa_pearson", lambda x: x),
        ("rsa_standardised", lambda x: (x - x.mean(axis=0)) / x.std(axis=0)),
    ):
        expected = [
            np.corrcoef(pdist(prepare(x), "cosine"), pdist(prepare(y), "cosine"))[0, 1]
            for x, y in zip(first, second, strict=True)
        ]
        assert mean_change(first, second, measure) == pytest.approx(1 - np.mean(expected), rel=1e-5)


def write_comparison(path: Path, values: dict[int, float]) -> Path:
    """Similarities of the same layers, among others that must not be read."""
    of = "e", "all"
    rows = [(*of, layer, layer, "rsa_pearson", value, 9) for layer, value in values.items()]
    rows += [(*of, 1, 2, "rsa_pearson", 0.1, 9), (*of, 1, 1, "cka", 0.2, 9)]
    rows += [("e", "first_token", 1, 1, "rsa_pearson", 0.3, 9)]
    rows += [("other", "all", 1, 1, "rsa_pearson", 0.4, 9)]
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)
    return path


def test_the_table_has_size_amount_and_place_of_both_changes(tmp_path):
    tuned = write_comparison(tmp_path / "a.csv", {0: 0.5, 1: 1, 2: 0.9, 3: 0.8, 4: 0.3})
    noise = write_comparison(tmp_path / "b.csv", {0: 1, 1: 0.8, 2: 0.7, 3: 0.7, 4: 0.8})
    description = tmp_path / "perturbation.json"
    description.write_text(json.dumps({"noise": 0.3, "weight_change": 0.02, "ratio": 15.0}))
    run = {"encoder": "e", "task": "t", "variant": "full", "seed": 1, "stimuli": "s"}
    same = write_comparison(tmp_path / "c.csv", {0: 1, 1: 1, 2: 1, 3: 1, 4: 1})
    nothing = tmp_path / "nothing.json"
    nothing.write_text(json.dumps({"noise": 0, "weight_change": 0, "ratio": None}))
    runs = [(run, description, tuned, noise), ({**run, "seed": 2}, nothing, same, same)]
    collect_perturbed(runs, "rsa_pearson", tmp_path / "perturbed.csv")
    first, second = pd.read_csv(tmp_path / "perturbed.csv").to_dict("records")
    assert first == pytest.approx(
        {
            **{"encoder": "e", "task": "t", "seed": 1, "stimuli": "s"},
            **{"noise": 0.3, "weight_change": 0.02, "ratio": 15},
            **{"change": 0.25, "change_perturbed": 0.25},
            **{"top_share": 0.7, "top_share_perturbed": 0.2},
        }
    )
    assert (second["change"], second["noise"]) == (0, 0)
    assert np.isnan([second[name] for name in ("ratio", "top_share")]).all()


def test_a_comparison_without_the_measure_is_refused(tmp_path):
    file = write_comparison(tmp_path / "a.csv", {})
    description = tmp_path / "perturbation.json"
    description.write_text(json.dumps({"noise": 0.3, "weight_change": 0.02, "ratio": 15.0}))
    run = {"encoder": "e", "task": "t", "seed": 1, "stimuli": "s"}
    with pytest.raises(InputError, match=r"a\.csv: found no rsa_standardised of layers"):
        collect_perturbed([(run, description, file, file)], "rsa_standardised", tmp_path / "t.csv")
