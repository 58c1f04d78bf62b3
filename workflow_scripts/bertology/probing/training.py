"""Train the edge probes of several inputs, and have them predict."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bertology.probing.edge import Batch, EdgeProbes, collate, stacked
from bertology.probing.inputs import Input
from bertology.probing.side_by_side import Plateau, Progress, SideBySide, train_until_finished
from bertology.probing.targets import ProbeData

logger = logging.getLogger(__name__)

Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Of logits (inputs, targets, labels) and labels (targets, labels): (inputs, targets)."""

JIANT = Plateau(until_lower=5, divisor=2.0, until_stop=20, lowest_rate=1e-6)
"""As jiant v1 trains, by validations after each epoch."""


@dataclass(frozen=True)
class Schedule:
    """How probes are trained: what the configuration says, and what is done without gain on dev."""

    learning_rate: float
    batch_sentences: int
    most_epochs: int
    clip: float
    plateau: Plateau = JIANT


@dataclass(frozen=True)
class Training:
    """How the probes of a job are trained, whatever their data."""

    schedule: Schedule
    seed: int
    device: torch.device


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each target's mean binary cross-entropy in nats, which training minimises (`losses`).

    logits: (inputs, targets, labels); labels: bool, (targets, labels). Returns (inputs, targets).
    """
    found: np.ndarray = np.logaddexp(0, np.where(labels, -logits, logits)).mean(axis=-1)
    return found


def train_edge_probes(
    train: ProbeData,
    development: ProbeData,
    inputs: Sequence[Input],
    training: Training,
    passes: int = 1,
    loss: Loss = cross_entropy,
) -> dict[Input, Progress]:
    """Train a probe for each input on the same batches; keep each as of its lowest loss on dev.

    passes: over the training data in an epoch, after which development data are scored, with the
    negative mean of `loss` over all their targets.
    """
    schedule = training.schedule
    probes = EdgeProbes(inputs, **train.sizes, seed=training.seed, moments=train.moments)
    order = np.random.default_rng(training.seed)

    def train_and_score(running: SideBySide[EdgeProbes], epoch: int) -> np.ndarray:
        for _ in range(passes):
            train_epoch(running, train, schedule.batch_sentences, order)
        logits = predict(running.probes, development, schedule.batch_sentences)
        found = loss(logits, development.labels).mean(axis=-1, dtype=np.float64)
        logger.info("epoch %d: %s", epoch, _in_words(running.probes.inputs, found))
        return -found

    progress = {each: Progress(schedule.learning_rate, schedule.plateau) for each in inputs}
    running = SideBySide.start(
        probes.to(training.device), schedule.learning_rate, schedule.clip, amsgrad=True
    )
    train_until_finished(running, progress.values(), train_and_score, schedule.most_epochs)
    return progress


def best_probes(progress: Mapping[Input, Progress], train: ProbeData) -> EdgeProbes:
    """Put the probes of all inputs, each as of its best validation, side by side."""
    weights = [state.best_weights for state in progress.values()]
    probes = stacked(list(progress), weights, train.sizes, train.moments)
    return probes.to(weights[0]["mix_scale"].device)


def train_epoch(
    running: SideBySide[EdgeProbes],
    train: ProbeData,
    batch_sentences: int,
    order: np.random.Generator,
) -> None:
    """Train on all targets once."""
    running.probes.train()
    for targets in train.batches(batch_sentences, order):
        batch = _batch(running.probes, train, targets)
        running.step(losses(running.probes(batch), batch.labels))


def losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Return each input's loss (inputs,): the mean binary cross-entropy of all decisions.

    logits: (inputs, targets, labels); labels: (targets, labels), 0 or 1.
    """
    gold = labels.expand_as(logits)
    each = nn.functional.binary_cross_entropy_with_logits(logits, gold, reduction="none")
    return each.mean(dim=(1, 2))


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


def _in_words(inputs: Sequence[Input], found: np.ndarray) -> str:
    return ", ".join(f"{each} {loss:.4f}" for each, loss in zip(inputs, found, strict=True))
