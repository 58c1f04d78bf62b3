"""Run some of an encoder's layers by themselves, on hidden states that are known already."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from bertology.encoders import layer_stack

logger = logging.getLogger(__name__)


class LayersApart:
    """An encoder of which a stretch of layers can be run alone; it stays as it is otherwise.

    stack: its layers, first to last.
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        self.encoder = encoder
        self.stack = list(layer_stack(encoder))
        self._extras = _extra_outputs(encoder, self.stack)

    @contextmanager
    def only(self, first: int, end: int, states: Tensor | None = None) -> Iterator[None]:
        """Let the encoder run only layers `first` (counted from 0) to `end` (exclusive).

        states: hidden state `first` (batch x tokens x hidden) of the inputs that it is called with,
            which the first of these layers reads; None where `first` is 0.
        All other layers hand on what they get. They stay in the stack, because some encoders treat
        a layer by its number (DeBERTa has a convolution after the first).
        """
        skipped = [*self.stack[:first], *self.stack[end:]]
        extras = [*self._extras[:first], *self._extras[end:]]
        for layer, extra in zip(skipped, extras, strict=True):
            layer.forward = _handing_on(extra)
        handles = [] if states is None else [_feed(self.stack[first], states)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            for layer in skipped:
                del layer.forward

    def only_if_possible(
        self, first: int, end: int, states: Tensor | None = None
    ) -> AbstractContextManager[None]:
        """Give `only`, or where the encoder's layers cannot be run apart leave all to be run.

        For one whose weights give these hidden states anyway, so that it is a matter of time alone.
        """
        return self.only(first, end, states) if self._possible else nullcontext()

    @cached_property
    def _possible(self) -> bool:
        if all(self.can_start(number) for number in range(len(self.stack))):
            return True
        name = type(self.encoder).__name__
        logger.info("%s: its layers cannot be run apart: all are run each time", name)
        return False

    @torch.no_grad()
    def can_start(self, first: int) -> bool:
        """Try it: say whether layer `first` alone, and it with all that follow, give the same.

        Some encoders' layers hand on other things than hidden states (SqueezeBERT's).
        """
        inputs, mode = _dummy_inputs(self.encoder), self.encoder.training
        self.encoder.eval()
        try:
            whole = self.encoder(**inputs, output_hidden_states=True)
            states = whole.hidden_states[first]
            with self.only(first, first + 1, states):
                one = self.encoder(**inputs, output_hidden_states=True).hidden_states[first + 1]
            with self.only(first, len(self.stack), states):
                rest = self.encoder(**inputs).last_hidden_state
        except Exception:  # what another kind of layer does with what it is handed is not known
            return False
        finally:
            self.encoder.train(mode)
        pairs = ((one, whole.hidden_states[first + 1]), (rest, whole.last_hidden_state))
        return all(_same(*pair) for pair in pairs)


def _dummy_inputs(encoder: PreTrainedModel) -> dict[str, Tensor]:
    return {name: tensor.to(encoder.device) for name, tensor in encoder.dummy_inputs.items()}


def _same(found: Tensor, expected: Tensor) -> bool:
    return found.shape == expected.shape and torch.allclose(found, expected, atol=1e-4)


def _feed(layer: nn.Module, states: Tensor) -> torch.utils.hooks.RemovableHandle:
    """Put these hidden states in the place of those that a layer gets."""

    def put(
        layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args:
            return (states, *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": states}

    return layer.register_forward_pre_hook(put, with_kwargs=True)


@torch.no_grad()
def _extra_outputs(encoder: PreTrainedModel, stack: Sequence[nn.Module]) -> list[int | None]:
    """Find how many values each layer returns beside hidden states; None where no tuple."""
    found: list[int | None] = []

    def look(layer: nn.Module, inputs: Any, output: Any) -> None:
        found.append(len(output) - 1 if isinstance(output, tuple) else None)

    handles = [layer.register_forward_hook(look) for layer in stack]
    encoder(**_dummy_inputs(encoder))
    for handle in handles:
        handle.remove()
    return found


def _handing_on(extras: int | None) -> Callable[..., Any]:
    def forward(hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        return hidden_states if extras is None else (hidden_states, *[None] * extras)

    return forward
