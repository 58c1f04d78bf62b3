"""Load, freeze, truncate and describe encoders.

An encoder is a Hugging Face folder: `model.safetensors`, `config.json` and the tokenizer's files.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.utils import logging

from bertology.errors import InputError

LISTS_OF_LAYERS = ("layer_types", "attention_window")
"""Settings of configurations that have one entry for each layer (ModernBERT, Longformer)."""


def load_encoder(folder: Path) -> PreTrainedModel:
    """Load an encoder folder in float32, in evaluation mode and without a pooler.

    The pooler (a layer over the first token, made for BERT's next-sentence objective) is left out
    because nothing here uses it: its parameters would get no gradient. Hidden states are those of
    plain `AutoModel.from_pretrained`. Raises InputError for weights that do not fit the
    configuration and for model classes that need code of their own.
    """
    try:
        # The pooler that some folders lack would be drawn from the global generator.
        with _quiet_transformers(), torch.random.fork_rng(devices=[]):
            encoder, report = AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
    except Exception as error:  # transformers and safetensors raise errors of every kind
        raise InputError(f"{folder}: cannot be loaded as an encoder: {error}") from error
    _refuse_other_weights(encoder, report, folder)
    return without_pooler(encoder).eval()


def _refuse_other_weights(encoder: PreTrainedModel, report: dict[str, Any], folder: Path) -> None:
    """Raise InputError for weights that lack, and for layers more than the configuration says.

    A head that was trained on the encoder is no layer of it, and is left out.
    """
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        raise InputError(f"{folder}: found no weights for {missing[0]} ({len(missing)} missing)")
    beyond = [key for key in report["unexpected_keys"] if _is_of_further_layer(key, encoder)]
    if beyond:
        raise InputError(
            f"{folder}: found weights for {min(beyond)}, a layer that its configuration does not "
            f"have ({len(beyond)} such); allowed: the configuration that they were saved with"
        )


def _is_of_further_layer(key: str, encoder: PreTrainedModel) -> bool:
    """Say whether a weight belongs to a layer above the last one of some stack of the encoder."""
    for name, module in encoder.named_modules():
        found = re.search(rf"(?:^|\.){re.escape(name)}\.([0-9]+)\.", key) if name else None
        if found and isinstance(module, nn.ModuleList) and int(found[1]) >= len(module):
            return True
    return False


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Silence the report on missing weights, which are checked here: a pooler's are no loss."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def without_pooler(encoder: PreTrainedModel) -> PreTrainedModel:
    """Take the pooler out, in place.

    In its stead hidden states are handed on, because some encoders (SqueezeBERT) call it always.
    """
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = nn.Identity()
    return encoder


def layer_stack(encoder: PreTrainedModel) -> nn.ModuleList:
    """Return the encoder's layers, first to last: `config.num_hidden_layers` modules of one class.

    Raises InputError that names the model class where there is not exactly one such stack, as in
    encoder-decoder models or ALBERT, whose layers share their weights.
    """
    depth = getattr(encoder.config, "num_hidden_layers", None)
    found: dict[str, nn.ModuleList] = {}
    for name, module in encoder.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer in found)
        if isinstance(module, nn.ModuleList) and len(module) == depth and not inside:
            found[name] = module
    if len(found) != 1 or getattr(encoder.config, "is_encoder_decoder", False):
        raise InputError(
            f"{type(encoder).__name__}: found {len(found)} stacks of {depth} layers; allowed: "
            "an encoder with exactly one stack of layers that share no weights"
        )
    return next(iter(found.values()))


def embeddings(encoder: PreTrainedModel) -> nn.Module:
    """Return the module that maps token ids to hidden state 0, or the table it begins with."""
    module = getattr(encoder, "embeddings", None)
    if not isinstance(module, nn.Module):
        module = encoder.get_input_embeddings()
    return module


def maximum_tokens(encoder: PreTrainedModel) -> int:
    """Return how many tokens, special ones included, fit into the encoder at once.

    Raises InputError that names the model class where its configuration does not say it.
    """
    table = getattr(embeddings(encoder), "position_embeddings", None)
    weight = getattr(table, "weight", None)
    if weight is None:
        return _positions_of_configuration(encoder)
    # RoBERTa and MPNet count positions from the number after the padding index.
    padding = getattr(table, "padding_idx", None)
    rows = weight.shape[0] - (0 if padding is None else padding + 1)
    # Nystroemformer has rows that no position points to.
    numbers = getattr(embeddings(encoder), "position_ids", None)
    return rows if numbers is None else min(rows, numbers.shape[-1])


def _positions_of_configuration(encoder: PreTrainedModel) -> int:
    positions = getattr(encoder.config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions < 1:
        raise InputError(
            f"{type(encoder).__name__}: found max_position_embeddings {positions} in its "
            "configuration; allowed: the number of tokens that it takes"
        )
    return positions


def freeze_prefix(encoder: PreTrainedModel, layers: int) -> None:
    """Fix the embeddings and the first `layers` layers; dropout stays off in what is fixed.

    Fixed is every parameter that hidden state number `layers` depends on, so that this hidden
    state stays that of the pretrained encoder: also what layers share, such as the relative
    position embeddings of DeBERTa and MPNet. With 0, only the embeddings are fixed.
    """
    stack = layer_stack(encoder)
    if not 0 <= layers <= len(stack):
        raise InputError(f"frozen layers: found {layers}; allowed: 0 to {len(stack)}")
    parameters = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    hidden = encoder(**encoder.dummy_inputs, output_hidden_states=True).hidden_states[layers]
    gradients = torch.autograd.grad(hidden.sum(), parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.requires_grad_(gradient is None)
    # Also what no text reaches (LUKE's attention to entities): else their modules count as free.
    for module in (embeddings(encoder), *stack[:layers]):
        module.requires_grad_(False)
    _keep_fixed_modules_in_evaluation(encoder)


def freeze_all(encoder: PreTrainedModel) -> None:
    """Fix every parameter of the encoder; its dropout stays off."""
    encoder.requires_grad_(False)
    _keep_fixed_modules_in_evaluation(encoder)


def _keep_fixed_modules_in_evaluation(encoder: PreTrainedModel) -> None:
    """Switch modules whose parameters are all fixed to evaluation mode before each forward pass.

    A hook, because training loops call `train()` on the whole model again and again.
    """
    for module in encoder.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.register_forward_pre_hook(lambda fixed, _: fixed.eval() and None)


def truncate(encoder: PreTrainedModel, layers: int) -> None:
    """Keep only the first `layers` layers, in place, and say so in the configuration.

    The encoder's output is then hidden state `layers` of the whole one. Encoders that normalise
    after their last layer (ModernBERT) keep that normalisation, and their output is that hidden
    state normalised: without it the saved folder would no longer load as its class.
    """
    stack = layer_stack(encoder)
    depth = len(stack)
    if not 1 <= layers <= depth:
        raise InputError(f"kept layers: found {layers}; allowed: 1 to {depth}")
    del stack[layers:]
    encoder.config.num_hidden_layers = layers
    for name in LISTS_OF_LAYERS:
        of_layers = getattr(encoder.config, name, None)
        if isinstance(of_layers, list):
            setattr(encoder.config, name, of_layers[:layers])


def describe(encoder: PreTrainedModel) -> dict[str, str | int]:
    """Return the class, layers, width (units), parameters and most tokens at once."""
    return {
        "class": type(encoder).__name__,
        "layers": len(layer_stack(encoder)),
        "width": int(encoder.config.hidden_size),
        "parameters": sum(parameter.numel() for parameter in encoder.parameters()),
        "maximum_tokens": maximum_tokens(encoder),
    }
