"""Adam for models that are stacked along axis 0 of their parameters and learn side by side."""

import copy
from collections.abc import Sequence

import torch
from torch import nn


class SeparateAdam:
    """Adam (Kingma & Ba 2015) with a state, a learning rate and clipping for each stacked model.

    parameters: each (models, ...); their gradients are kept in place from step to step.
    clip: largest norm of a model's gradient; None for no clipping.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        rates: Sequence[float],
        clip: float | None = None,
        amsgrad: bool = False,
    ) -> None:
        self.clip = clip
        self.amsgrad = amsgrad
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        self.parts = [_parts(parameters, number) for number in range(len(rates))]
        groups = [
            {"params": part, "lr": rate} for part, rate in zip(self.parts, rates, strict=True)
        ]
        self.optimizer = torch.optim.Adam(groups, amsgrad=amsgrad, fused=True)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        self.optimizer.zero_grad(set_to_none=False)

    def step(self) -> None:
        """Change each model by its own gradient."""
        if self.clip is not None:
            for part in self.parts:
                nn.utils.clip_grad_norm_(part, self.clip)
        self.optimizer.step()

    def set_rates(self, rates: Sequence[float]) -> None:
        """Set each model's learning rate."""
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def selected(
        self, numbers: Sequence[int], parameters: Sequence[nn.Parameter]
    ) -> "SeparateAdam":
        """Return the optimizer of some models, which goes on where it stands.

        parameters: those of the chosen models, stacked anew.
        """
        rates = [self.optimizer.param_groups[number]["lr"] for number in numbers]
        chosen = SeparateAdam(parameters, rates, self.clip, self.amsgrad)
        for part, number in zip(chosen.parts, numbers, strict=True):
            for new, old in zip(part, self.parts[number], strict=True):
                chosen.optimizer.state[new] = copy.deepcopy(self.optimizer.state[old])
        return chosen


def _parts(parameters: Sequence[nn.Parameter], number: int) -> list[nn.Parameter]:
    """Give one model's parts of all parameters as parameters that share their memory.

    What the optimizer does to them, it does to the stacked parameters.
    """
    parts = []
    for parameter in parameters:
        assert parameter.grad is not None
        part = nn.Parameter(parameter.detach()[number])
        part.grad = parameter.grad[number]
        parts.append(part)
    return parts
