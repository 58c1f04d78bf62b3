"""Train the edge probes of several inputs side by side, each with its own schedule and end."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.edge import Batch, EdgeProbes, collate, stacked
from bertology.probing.separate_adam import SeparateAdam
from bertology.probing.targets import ProbeData

logger = logging.getLogger(__name__)

PATIENCE_OF_RATE, PATIENCE = 5, 20
LOWEST_RATE = 1e-6
"""Jiant v1: halve the rate after 5 validations without gain; stop after 20, or below this rate."""


@dataclass
class Progress:
    """How the probe of one input stands."""

    rate: float
    best: float = -1.0
    best_weights: dict[str, Tensor] | None = None
    best_epoch: int = 0
    epochs: int = 0
    since_gain: int = 0
    since_halving: int = 0

    def note(self, score: float, weights: Callable[[], dict[str, Tensor]]) -> None:
        """Take in the development score of one validation; copy the weights if it is the best."""
        self.epochs += 1
        if score > self.best:
            self.best, self.best_weights, self.best_epoch = score, weights(), self.epochs
            self.since_gain = self.since_halving = 0
            return
        self.since_gain += 1
        self.since_halving += 1
        if self.since_halving >= PATIENCE_OF_RATE:
            self.rate /= 2
            self.since_halving = 0

    @property
    def finished(self) -> bool:
        """Say whether more training is of no use."""
        return self.since_gain >= PATIENCE or self.rate < LOWEST_RATE


class SideBySide:
    """Probes in training, each with an optimizer of its own."""

    def __init__(self, probes: EdgeProbes, optimizer: SeparateAdam) -> None:
        self.probes = probes
        self.optimizer = optimizer

    @classmethod
    def start(cls, probes: EdgeProbes, rate: float, clip: float) -> "SideBySide":
        """Begin to train new probes, all at one learning rate."""
        rates = [rate] * len(probes.inputs)
        return cls(probes, SeparateAdam(list(probes.parameters()), rates, clip, amsgrad=True))

    def step(self, batch: Batch) -> None:
        """Train all probes on one batch."""
        self.optimizer.zero_grad()
        logits = self.probes(batch)
        gold = batch.labels.expand_as(logits)
        losses = nn.functional.binary_cross_entropy_with_logits(logits, gold, reduction="none")
        # The sum keeps the inputs apart: no probe's gradient depends on another's.
        losses.mean(dim=(1, 2)).sum().backward()
        self.optimizer.step()

    def selected(self, numbers: Sequence[int]) -> "SideBySide":
        """Return the training of some inputs alone, which goes on where it stands."""
        probes = self.probes.selected(numbers)
        return SideBySide(probes, self.optimizer.selected(numbers, list(probes.parameters())))


@dataclass(frozen=True)
class Schedule:
    """How probes are trained; every value comes from the configuration."""

    learning_rate: float
    batch_sentences: int
    most_epochs: int
    clip: float


def train_edge_probes(
    train: ProbeData,
    development: ProbeData,
    inputs: Sequence[str | int],
    schedule: Schedule,
    seed: int,
    device: torch.device,
) -> dict[str | int, Progress]:
    """Train a probe for each input on the same batches; keep each at its best validation.

    Development data are scored (micro-F1) after each epoch. A probe that has stopped is taken out
    of the training and costs nothing more.
    """
    probes = EdgeProbes(inputs, **train.sizes, seed=seed).to(device)
    progress = {each: Progress(schedule.learning_rate) for each in inputs}
    running = SideBySide.start(probes, schedule.learning_rate, schedule.clip)
    order = np.random.default_rng(seed)
    for epoch in range(1, schedule.most_epochs + 1):
        train_epoch(running, train, schedule.batch_sentences, order)
        going = [progress[each] for each in running.probes.inputs]
        scores = micro_f1(evaluate(running.probes, development, schedule.batch_sentences))
        for number, (state, score) in enumerate(zip(going, scores, strict=True)):
            state.note(float(score), partial(running.probes.weights_of, number))
        logger.info("epoch %d: %s", epoch, _in_words(running.probes.inputs, scores))
        left = [number for number, state in enumerate(going) if not state.finished]
        if not left:
            break
        if len(left) < len(going):
            running = running.selected(left)
        running.optimizer.set_rates([going[number].rate for number in left])
    return progress


def best_probes(progress: Mapping[str | int, Progress], data: ProbeData) -> EdgeProbes:
    """Put the probes of all inputs, each as of its best validation, side by side."""
    weights = [state.best_weights for state in progress.values() if state.best_weights]
    return stacked(list(progress), weights, data.sizes).to(weights[0]["mix_scale"].device)


def train_epoch(
    running: SideBySide, train: ProbeData, batch_sentences: int, order: np.random.Generator
) -> None:
    """Train on all targets once."""
    running.probes.train()
    for targets in train.batches(batch_sentences, order):
        running.step(_batch(running.probes, train, targets))


def evaluate(probes: EdgeProbes, data: ProbeData, batch_sentences: int) -> np.ndarray:
    """Return confusion counts (inputs, labels, 3) of all probes on all targets."""
    predicted = predict(probes, data, batch_sentences) >= 0
    return confusion_counts(predicted, data.labels[None])


@torch.no_grad()
def predict(probes: EdgeProbes, data: ProbeData, batch_sentences: int) -> np.ndarray:
    """Return each probe's logits (inputs, targets, labels); a label is given from 0 on."""
    probes.eval()
    parts = [
        probes(_batch(probes, data, targets)).cpu().numpy()
        for targets in data.batches(batch_sentences, None)
    ]
    return np.concatenate(parts, axis=1)


def _batch(probes: EdgeProbes, data: ProbeData, targets: np.ndarray) -> Batch:
    layers = [data.layers[number] for number in probes.read]
    device = probes.mix_scale.device
    return collate(layers, data.spans[:, targets], data.labels[targets], device)


def _in_words(inputs: Sequence[str | int], scores: np.ndarray) -> str:
    return ", ".join(f"{each} {score:.1f}" for each, score in zip(inputs, scores, strict=True))
