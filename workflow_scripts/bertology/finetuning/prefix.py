"""The fixed first layers of an encoder: run once, and what they give is read in every epoch."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel

from bertology.encoders import embeddings
from bertology.layers_apart import LayersApart

logger = logging.getLogger(__name__)


class FixedPrefix:
    """The embeddings and the first layers of an encoder, where nothing in them learns.

    layers: how many layers that is; 0 also where the embeddings alone are fixed, which are cheap,
    and where layers cannot be run apart (SqueezeBERT's, which hand on other things than hidden
    states). The encoder itself stays as it is, and can be run as a whole at any time.
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        self.encoder = encoder
        self.apart = LayersApart(encoder)
        stack = self.apart.stack
        self.whole = not any(parameter.requires_grad for parameter in encoder.parameters())
        self.layers = len(stack) if self.whole else _fixed_layers(encoder, stack)
        if self.layers and not self.whole and not self.apart.can_start(self.layers):
            name = type(encoder).__name__
            logger.info("%s: its first layers cannot be run apart: computed anew each time", name)
            self.layers = 0

    def run(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Run the fixed layers alone: the hidden states after them (batch x tokens x hidden).

        Where the whole encoder is fixed these are its output.
        """
        if self.whole:
            return self.encoder(**inputs).last_hidden_state
        seen: list[Tensor] = []

        def look(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            seen.append(args[0] if args else kwargs["hidden_states"])

        handle = self.apart.stack[self.layers].register_forward_pre_hook(look, with_kwargs=True)
        with self.apart.only(0, self.layers):
            self.encoder(**inputs)
        handle.remove()
        return seen[0]

    def run_rest(self, states: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """Run what follows on the output of `run` for the same inputs: the encoder's output."""
        if self.whole:
            return states
        with self.apart.only(self.layers, len(self.apart.stack), states):
            return self.encoder(**inputs).last_hidden_state


def _fixed_layers(encoder: PreTrainedModel, stack: Sequence[nn.Module]) -> int:
    """Count the layers from the first to the last that nothing learns in or below."""
    for number, module in enumerate((embeddings(encoder), *stack)):
        if any(parameter.requires_grad for parameter in module.parameters()):
            return max(number - 1, 0)
    return len(stack)
