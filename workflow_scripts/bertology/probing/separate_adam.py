"""Adam for models that are stacked along axis 0 of their parameters and learn side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


@dataclass
class _Part:
    """One model: its parts of all parameters, their gradients and Adam's state, in one order.

    largest: of AMSGrad; empty without it.
    """

    rate: float
    parameters: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    largest: list[Tensor]
    steps: list[Tensor]


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
        self.gradients = [torch.zeros_like(parameter) for parameter in parameters]
        for parameter, gradient in zip(parameters, self.gradients, strict=True):
            parameter.grad = gradient
        self.parts = [_part(parameters, n, rate, amsgrad) for n, rate in enumerate(rates)]

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for gradient in self.gradients:
            gradient.zero_()

    @torch.no_grad()
    def step(self) -> None:
        """Change each model by its own gradient."""
        for part in self.parts:
            if self.clip is not None:
                nn.utils.clip_grad_norm_(part.parameters, self.clip)
            self._change(part)

    def _change(self, part: _Part) -> None:
        # Not the class torch.optim.Adam, which imports PyTorch's compiler: .7 s for each job.
        adam(
            part.parameters,
            part.gradients,
            part.means,
            part.squares,
            part.largest,
            part.steps,
            fused=True,
            amsgrad=self.amsgrad,
            beta1=0.9,
            beta2=0.999,
            lr=part.rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )

    @property
    def rates(self) -> list[float]:
        """Each model's learning rate."""
        return [part.rate for part in self.parts]

    def set_rates(self, rates: Sequence[float]) -> None:
        """Set each model's learning rate."""
        for part, rate in zip(self.parts, rates, strict=True):
            part.rate = rate

    def selected(
        self, numbers: Sequence[int], parameters: Sequence[nn.Parameter]
    ) -> "SeparateAdam":
        """Return the optimizer of some models, which goes on where it stands.

        parameters: those of the chosen models, stacked anew.
        """
        old = [self.parts[number] for number in numbers]
        chosen = SeparateAdam(parameters, [each.rate for each in old], self.clip, self.amsgrad)
        for new, part in zip(chosen.parts, old, strict=True):
            new.means, new.squares, new.largest, new.steps = (
                [each.clone() for each in state]
                for state in (part.means, part.squares, part.largest, part.steps)
            )
        return chosen


def _part(parameters: Sequence[nn.Parameter], number: int, rate: float, amsgrad: bool) -> _Part:
    """Give one model's parts of all parameters, which share their memory, and an empty state.

    What the optimizer does to them, it does to the stacked parameters.
    """
    parts: list[Tensor] = []
    gradients = []
    for parameter in parameters:
        assert parameter.grad is not None
        part = nn.Parameter(parameter.detach()[number])
        part.grad = parameter.grad[number]
        parts.append(part)
        gradients.append(part.grad)
    means, squares, largest = ([torch.zeros_like(each) for each in gradients] for _ in range(3))
    steps = [torch.zeros((), device=each.device) for each in gradients]
    return _Part(rate, parts, gradients, means, squares, largest if amsgrad else [], steps)
