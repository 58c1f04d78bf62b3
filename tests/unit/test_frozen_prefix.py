"""The fixed first layers, run once: what follows gives the same as the whole encoder does."""

from pathlib import Path

import pytest
import torch

from architectures import CONFIGS, DEPTH, batch, write_all
from bertology.encoders import freeze_all, freeze_prefix, load_encoder
from bertology.finetuning.prefix import FixedPrefix

cuts = pytest.mark.parametrize(
    ("name", "layers"), [(name, layers) for name in CONFIGS for layers in range(1, DEPTH)]
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    return write_all(tmp_path_factory.mktemp("encoders"))


@cuts
def test_prefix_and_rest_give_what_the_whole_gives(name, layers, folders):
    encoder = load_encoder(folders[name])
    freeze_prefix(encoder, layers)
    with torch.no_grad():
        whole = encoder(**batch(), output_hidden_states=True)
    prefix = FixedPrefix(encoder)
    assert prefix.layers == layers
    with torch.no_grad():
        states = prefix.run(batch())
        rest = prefix.run_rest(states, batch())
        after = encoder(**batch()).last_hidden_state
    real = batch()["attention_mask"].bool()
    assert torch.equal(states[real], whole.hidden_states[layers][real])
    torch.testing.assert_close(rest[real], whole.last_hidden_state[real])
    # The encoder is as it was.
    torch.testing.assert_close(after, whole.last_hidden_state)


@cuts
def test_states_are_those_of_other_padding(name, layers, folders):
    """States are stored in batches of evaluation and read in batches of training."""
    encoder = load_encoder(folders[name])
    freeze_prefix(encoder, layers)
    prefix = FixedPrefix(encoder)
    alone = {key: value[1:, :7] for key, value in batch().items()}
    with torch.no_grad():
        states = torch.nn.functional.pad(prefix.run(alone), (0, 0, 0, 3))
        rest = prefix.run_rest(states, {key: value[1:] for key, value in batch().items()})
        whole = encoder(**batch()).last_hidden_state
    torch.testing.assert_close(rest[0, :7], whole[1, :7], rtol=1e-4, atol=1e-5)


@cuts
def test_what_follows_learns_and_what_is_fixed_does_not(name, layers, folders):
    gradients = []
    for stored in (False, True):
        encoder = load_encoder(folders[name])
        freeze_prefix(encoder, layers)
        prefix = FixedPrefix(encoder)
        with torch.no_grad():
            states = prefix.run(batch())
        output = (
            prefix.run_rest(states, batch()) if stored else encoder(**batch()).last_hidden_state
        )
        real = batch()["attention_mask"].bool()
        torch.manual_seed(0)
        (output[real] * torch.randn_like(output[real])).sum().backward()
        for parameter in encoder.parameters():
            assert (parameter.grad is None) == (not parameter.requires_grad)
        gradients.append({key: value.grad for key, value in encoder.named_parameters()})
    for key, gradient in gradients[0].items():
        if gradient is not None:
            torch.testing.assert_close(gradients[1][key], gradient, rtol=1e-3, atol=1e-5)


def test_fixed_layers_are_not_run_again(folders):
    encoder = load_encoder(folders["bert"])
    freeze_prefix(encoder, 3)
    prefix = FixedPrefix(encoder)
    ran = []
    for number, layer in enumerate(encoder.encoder.layer):
        layer.attention.register_forward_hook(lambda *_, number=number: ran.append(number))
    states = prefix.run(batch())
    assert ran == [0, 1, 2]
    ran.clear()
    prefix.run_rest(states, batch())
    assert ran == [3]


def test_nothing_fixed_or_embeddings_alone_have_no_prefix(folders):
    encoder = load_encoder(folders["bert"])
    assert FixedPrefix(encoder).layers == 0
    freeze_prefix(encoder, 0)
    assert FixedPrefix(encoder).layers == 0


@pytest.mark.parametrize("name", CONFIGS)
def test_the_output_of_a_fixed_encoder_is_kept_as_it_is(name, folders):
    encoder = load_encoder(folders[name])
    freeze_all(encoder)
    prefix = FixedPrefix(encoder)
    assert prefix.layers == DEPTH
    states = prefix.run(batch())
    assert torch.equal(states, encoder(**batch()).last_hidden_state)
    assert prefix.run_rest(states, batch()) is states
