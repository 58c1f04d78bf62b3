"""The fixed first layers of an encoder: run once, and what they give is read in every epoch."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from bertology.encoders import embeddings, layer_stack

logger = logging.getLogger(__name__)

Hook = Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], Any]


class FixedPrefix:
    """The embeddings and the first layers of an encoder, where nothing in them learns.

    layers: how many layers that is; 0 also where the embeddings alone are fixed, which are cheap,
    and where layers cannot be run apart (SqueezeBERT's, which hand on other things than hidden
    states). The encoder itself stays as it is, and can be run as a whole at any time.
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        self.encoder = encoder
        self.stack = list(layer_stack(encoder))
        self.whole = not any(parameter.requires_grad for parameter in encoder.parameters())
        self.layers = len(self.stack) if self.whole else _fixed_layers(encoder, self.stack)
        self._extras = _extra_outputs(encoder, self.stack)
        if self.layers and not self._can_be_run_apart():
            name = type(encoder).__name__
            logger.info("%s: its first layers cannot be run apart: computed anew each time", name)
            self.layers = 0

    @torch.no_grad()
    def _can_be_run_apart(self) -> bool:
        """Try it: say whether the two parts give what the whole encoder gives, without dropout."""
        inputs = self.encoder.dummy_inputs
        mode = self.encoder.training
        self.encoder.eval()
        expected = self.encoder(**inputs).last_hidden_state
        try:
            found = self.run_rest(self.run(inputs), inputs)
        except Exception:  # what another kind of layer does with what it is handed is not known
            return False
        finally:
            self.encoder.train(mode)
        return found.shape == expected.shape and torch.allclose(found, expected, atol=1e-4)

    def run(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Run the fixed layers alone: the hidden states after them (batch x tokens x hidden).

        Where the whole encoder is fixed these are its output.
        """
        if self.whole:
            return self.encoder(**inputs).last_hidden_state
        seen: list[Tensor] = []

        def look(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            seen.append(args[0] if args else kwargs["hidden_states"])

        with self._skipping(range(self.layers, len(self.stack))), self._before_first(look):
            self.encoder(**inputs)
        return seen[0]

    def run_rest(self, states: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """Run what follows on the output of `run` for the same inputs: the encoder's output."""
        if self.whole:
            return states

        def put(
            layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> tuple[tuple[Any, ...], dict[str, Any]]:
            if args:
                return (states, *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": states}

        with self._skipping(range(self.layers)), self._before_first(put):
            return self.encoder(**inputs).last_hidden_state

    @contextmanager
    def _before_first(self, hook: Hook) -> Iterator[None]:
        """Call a hook before the first layer that is not fixed."""
        handle = self.stack[self.layers].register_forward_pre_hook(hook, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()

    @contextmanager
    def _skipping(self, numbers: range) -> Iterator[None]:
        """Let some layers hand on what they get.

        They stay in the stack, because some encoders treat a layer by its number (DeBERTa has a
        convolution after the first).
        """
        for number in numbers:
            self.stack[number].forward = _handing_on(self._extras[number])
        try:
            yield
        finally:
            for number in numbers:
                del self.stack[number].forward


def _fixed_layers(encoder: PreTrainedModel, stack: Sequence[nn.Module]) -> int:
    """Count the layers from the first to the last that nothing learns in or below."""
    for number, module in enumerate((embeddings(encoder), *stack)):
        if any(parameter.requires_grad for parameter in module.parameters()):
            return max(number - 1, 0)
    return len(stack)


@torch.no_grad()
def _extra_outputs(encoder: PreTrainedModel, stack: Sequence[nn.Module]) -> list[int | None]:
    """Find how many values each layer returns beside hidden states; None where no tuple."""
    found: list[int | None] = []

    def look(layer: nn.Module, inputs: Any, output: Any) -> None:
        found.append(len(output) - 1 if isinstance(output, tuple) else None)

    handles = [layer.register_forward_hook(look) for layer in stack]
    encoder(**encoder.dummy_inputs)
    for handle in handles:
        handle.remove()
    return found


def _handing_on(extras: int | None) -> Callable[..., Any]:
    def forward(hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        return hidden_states if extras is None else (hidden_states, *[None] * extras)

    return forward
