"""Parts of one encoder in another: against whole passes of encoders whose weights were copied."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

import tiny
from architectures import CONFIGS, DEPTH, TOKENS, batch, write_all, write_gated
from bertology.activations import all_layers, cache_activations, open_activations
from bertology.encoders import layer_stack, load_encoder
from bertology.errors import InputError
from bertology.transplants.own_change import TransplantedLayers, cache_own_change
from bertology.transplants.parts import parts_of, transplanted

every_architecture = pytest.mark.parametrize("name", CONFIGS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    return write_all(tmp_path_factory.mktemp("encoders"))


def tuned(folder: Path, layers: range = range(1, DEPTH + 1), rest: bool = True) -> PreTrainedModel:
    """An encoder of which some layers, and all that is not in layers, have other weights."""
    encoder = load_encoder(folder)
    stack = layer_stack(encoder)
    in_layers = {parameter for layer in stack for parameter in layer.parameters()}
    chosen = {parameter for number in layers for parameter in stack[number - 1].parameters()}
    generator = torch.Generator().manual_seed(5)
    for parameter in encoder.parameters():
        if parameter in chosen or (rest and parameter not in in_layers):
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data += 0.1 * noise
    return encoder


@torch.no_grad()
def states(encoder: PreTrainedModel) -> tuple[torch.Tensor, ...]:
    return all_layers(encoder, batch())


def equal(found, expected) -> list[bool]:
    return [torch.equal(*pair) for pair in zip(found, expected, strict=True)]


def copied(encoder: PreTrainedModel, donor: PreTrainedModel, prefix: str) -> PreTrainedModel:
    """The oracle: load what the donor has below a name."""
    weights = {name: v for name, v in donor.state_dict().items() if name.startswith(prefix)}
    assert weights
    encoder.load_state_dict(weights, strict=False)
    return encoder


def name_of_layer(encoder: PreTrainedModel, layer: int) -> str:
    module = layer_stack(encoder)[layer - 1]
    return next(f"{name}." for name, each in encoder.named_modules() if each is module)


@every_architecture
def test_parts_hold_each_weight_once(name, folders):
    encoder = load_encoder(folders[name])
    parts = parts_of(encoder)
    assert len(parts) == DEPTH + 1
    names = [key for part in parts for key in part]
    assert sorted(names) == sorted(encoder.state_dict())
    for number, layer in enumerate(layer_stack(encoder), start=1):
        assert len(parts[number]) == len(layer.state_dict())


@every_architecture
def test_all_parts_put_back_give_the_pretrained_states_and_none_the_tuned_ones(name, folders):
    pretrained, other = load_encoder(folders[name]), tuned(folders[name])
    before, expected = states(other), states(pretrained)
    assert not any(equal(before, expected))
    with transplanted(other, pretrained, range(DEPTH + 1)):
        assert all(equal(states(other), expected))
    with transplanted(other, pretrained, []):
        assert all(equal(states(other), before))
    # Afterwards both are as they were.
    assert all(equal(states(other), before))
    assert all(equal(states(pretrained), expected))


@every_architecture
@pytest.mark.parametrize("layer", range(1, DEPTH + 1))
def test_a_layer_put_back_is_the_pretrained_layer(name, layer, folders):
    pretrained, other = load_encoder(folders[name]), tuned(folders[name])
    oracle = copied(tuned(folders[name]), pretrained, name_of_layer(other, layer))
    with transplanted(other, pretrained, [layer]):
        assert all(equal(states(other), states(oracle)))


def test_parts_come_back_after_an_error(folders):
    pretrained, other = load_encoder(folders["bert"]), tuned(folders["bert"])
    before = states(other)
    with pytest.raises(ZeroDivisionError), transplanted(other, pretrained, [0, 2]):
        raise ZeroDivisionError
    assert all(equal(states(other), before))


def test_parts_of_another_architecture_are_refused(folders):
    other = load_encoder(folders["electra"])
    putting = transplanted(load_encoder(folders["bert"]), other, [0])
    with pytest.raises(InputError, match=r"ElectraModel: found other weights"), putting:
        pass


@every_architecture
def test_what_a_layer_changes_by_itself_is_a_whole_pass_with_that_layer_alone_tuned(name, folders):
    other = tuned(folders[name])
    with torch.inference_mode():
        layers = TransplantedLayers(load_encoder(folders[name]), other)
        found = layers.hidden_states(batch())
    assert torch.equal(found[0], states(other)[0])
    for layer in range(1, DEPTH + 1):
        oracle = copied(load_encoder(folders[name]), other, name_of_layer(other, layer))
        assert torch.equal(found[layer], states(oracle)[layer])
    assert not any(equal(found, states(layers.pretrained)))


@every_architecture
def test_a_layer_that_was_not_trained_changes_nothing_by_itself(name, folders):
    pretrained = load_encoder(folders[name])
    other = tuned(folders[name], layers=range(2, 4), rest=False)
    with torch.inference_mode():
        found = TransplantedLayers(pretrained, other).hidden_states(batch())
    assert equal(found, states(pretrained)) == [True, True, False, False, True]
    # Though by then its hidden states have changed.
    assert equal(states(other), states(pretrained)) == [True, True, False, False, False]


@every_architecture
def test_each_layer_runs_twice(name, folders):
    """Once in the pretrained encoder, once alone with the tuned weights."""
    layers = TransplantedLayers(load_encoder(folders[name]), tuned(folders[name]))
    layers.hidden_states(batch())  # the first call tries whether layers can be run apart
    ran: list[int] = []
    for number, layer in enumerate(layer_stack(layers.pretrained)):
        inside = next(module for module in layer.modules() if isinstance(module, torch.nn.Linear))
        inside.register_forward_hook(lambda *_, number=number: ran.append(number))
    layers.hidden_states(batch())
    assert sorted(ran) == sorted([*range(DEPTH), *range(DEPTH)])


def test_layers_that_cannot_be_run_apart_are_run_as_a_whole(tmp_path):
    folder = write_gated("squeezebert", tmp_path / "squeezebert")
    pretrained, other = load_encoder(folder), load_encoder(folder)
    for parameter in layer_stack(other)[1].parameters():
        parameter.data *= 1.1
    inputs = {"input_ids": TOKENS, "attention_mask": torch.ones_like(TOKENS)}
    with torch.inference_mode():
        found = TransplantedLayers(pretrained, other).hidden_states(inputs)
        before = all_layers(pretrained, inputs)
    assert equal(found, before) == [True, True, False, True]


def test_the_cache_of_own_changes_has_the_rows_of_the_pretrained_one(tmp_path):
    folder = tiny.write_encoder(tmp_path / "pretrained")
    other = load_encoder(folder)
    for parameter in layer_stack(other)[1].parameters():
        parameter.data *= 1.1
    other.save_pretrained(tmp_path / "tuned")
    tiny.tokenizer().save_pretrained(tmp_path / "tuned")
    texts = ["a boat", "the ferry left late", "who sailed?"]
    stimuli = tmp_path / "stimuli.jsonl"
    lines = [
        {"id": f"{n}", "item": f"{n}", "group": f"{n}", "texts": [text]}
        for n, text in enumerate(texts)
    ]
    stimuli.write_text("".join(json.dumps(line) + "\n" for line in lines))
    cache_activations(folder, stimuli, tmp_path / "plain", 64, 1)
    cache_own_change(tmp_path / "tuned", folder, stimuli, tmp_path / "own", 64, 1)
    plain, own = (open_activations(tmp_path / name) for name in ("plain", "own"))
    assert own.tokens.equals(plain.tokens)
    for layer in (0, 1):
        np.testing.assert_array_equal(own.layers[layer], plain.layers[layer])
    assert not np.array_equal(own.layers[2], plain.layers[2])
