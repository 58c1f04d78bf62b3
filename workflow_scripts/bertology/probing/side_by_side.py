"""Train probes of several inputs side by side, each with a learning rate and an end of its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from bertology.probing.separate_adam import SeparateAdam

Weights = dict[str, Tensor]


class StackedProbes(nn.Module, ABC):
    """Probes of several inputs; axis 0 of every parameter is the input."""

    def weights_of(self, number: int) -> Weights:
        """Copy the weights of one input's probe, without the axis of inputs."""
        return {name: value.detach()[number].clone() for name, value in self.named_parameters()}

    @abstractmethod
    def selected(self, numbers: Sequence[int]) -> Self:
        """Return the probes of some inputs alone, which go on as they would have here."""


Probes = TypeVar("Probes", bound=StackedProbes)


@dataclass(frozen=True)
class Plateau:
    """What happens to a probe that no longer gains, counted in validations without gain.

    Its rate is divided each time there were `until_lower`; it stops after `until_stop`, or below
    the lowest rate.
    """

    until_lower: int
    divisor: float
    until_stop: int
    lowest_rate: float = 0.0


@dataclass
class Progress:
    """How the probe of one input stands, and its weights as of its best validation."""

    rate: float
    plateau: Plateau
    best: float = -np.inf
    best_weights: Weights = field(default_factory=dict)
    best_epoch: int = 0
    epochs: int = 0
    since_gain: int = 0

    def note(self, score: float, weights: Callable[[], Weights]) -> None:
        """Take in the development score of one validation; copy the weights if it is the best."""
        self.epochs += 1
        if score > self.best:
            self.best, self.best_weights, self.best_epoch = score, weights(), self.epochs
            self.since_gain = 0
            return
        self.since_gain += 1
        if self.since_gain % self.plateau.until_lower == 0:
            self.rate /= self.plateau.divisor

    @property
    def finished(self) -> bool:
        """Say whether more training is of no use."""
        return self.since_gain >= self.plateau.until_stop or self.rate < self.plateau.lowest_rate


@dataclass
class SideBySide(Generic[Probes]):
    """Probes in training, each with an optimizer of its own."""

    probes: Probes
    optimizer: SeparateAdam

    @classmethod
    def start(
        cls, probes: Probes, rate: float, clip: float | None = None, amsgrad: bool = False
    ) -> Self:
        """Begin to train new probes, all at one learning rate."""
        parameters = list(probes.parameters())
        return cls(probes, SeparateAdam(parameters, [rate] * len(parameters[0]), clip, amsgrad))

    def step(self, losses: Tensor) -> None:
        """Change each probe by the gradient of its own loss: (inputs,)."""
        self.optimizer.zero_grad()
        # The sum keeps the inputs apart: no probe's gradient depends on another's.
        losses.sum().backward()
        self.optimizer.step()

    def selected(self, numbers: Sequence[int]) -> Self:
        """Return the training of some inputs alone, which goes on where it stands."""
        probes = self.probes.selected(numbers)
        chosen = self.optimizer.selected(numbers, list(probes.parameters()))
        return type(self)(probes, chosen)


def train_until_finished(
    running: SideBySide[Probes],
    progress: Iterable[Progress],
    train_and_score: Callable[[SideBySide[Probes], int], np.ndarray],
    most_epochs: int,
) -> None:
    """Train each probe until it gains no more; what has finished costs nothing more.

    progress: of each probe, in their order. train_and_score: train those that are left for the
    epoch of this number, and give each one's development score; more is better.
    """
    going = list(progress)
    for epoch in range(1, most_epochs + 1):
        scores = train_and_score(running, epoch)
        for number, (state, score) in enumerate(zip(going, scores.tolist(), strict=True)):
            state.note(score, partial(running.probes.weights_of, number))
        left = [number for number, state in enumerate(going) if not state.finished]
        if not left:
            return
        if len(left) < len(going):
            running, going = running.selected(left), [going[number] for number in left]
        running.optimizer.set_rates([state.rate for state in going])


def stacked_weights(weights: Sequence[Weights]) -> Weights:
    """Put the weights of single probes (as `weights_of` gives them) side by side, on axis 0."""
    return {name: torch.stack([each[name] for each in weights]) for name in weights[0]}
