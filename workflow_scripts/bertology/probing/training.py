"""Train the edge probes of several inputs, and have them predict."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.edge import Batch, EdgeProbes, collate, stacked
from bertology.probing.side_by_side import Plateau, Progress, SideBySide, train_until_finished
from bertology.probing.targets import ProbeData

logger = logging.getLogger(__name__)

JIANT = Plateau(until_lower=5, divisor=2.0, until_stop=20, lowest_rate=1e-6)
"""As jiant v1 trains, by validations after each epoch."""


@dataclass(frozen=True)
class Schedule:
    """How probes are trained; every value comes from the configuration."""

    learning_rate: float
    batch_sentences: int
    most_epochs: int
    clip: float


@dataclass(frozen=True)
class Training:
    """How the probes of a job are trained, whatever their data."""

    schedule: Schedule
    seed: int
    device: torch.device


def train_edge_probes(
    train: ProbeData,
    development: ProbeData,
    inputs: Sequence[str | int],
    training: Training,
) -> dict[str | int, Progress]:
    """Train a probe for each input on the same batches; keep each at its best validation.

    Development data are scored (micro-F1) after each epoch.
    """
    schedule = training.schedule
    probes = EdgeProbes(inputs, **train.sizes, seed=training.seed).to(training.device)
    order = np.random.default_rng(training.seed)

    def train_and_score(running: SideBySide[EdgeProbes], epoch: int) -> np.ndarray:
        train_epoch(running, train, schedule.batch_sentences, order)
        scores = micro_f1(evaluate(running.probes, development, schedule.batch_sentences))
        logger.info("epoch %d: %s", epoch, _in_words(running.probes.inputs, scores))
        return scores

    progress = {each: Progress(schedule.learning_rate, JIANT) for each in inputs}
    running = SideBySide.start(probes, schedule.learning_rate, schedule.clip, amsgrad=True)
    train_until_finished(running, progress.values(), train_and_score, schedule.most_epochs)
    return progress


def best_probes(progress: Mapping[str | int, Progress], data: ProbeData) -> EdgeProbes:
    """Put the probes of all inputs, each as of its best validation, side by side."""
    weights = [state.best_weights for state in progress.values()]
    return stacked(list(progress), weights, data.sizes).to(weights[0]["mix_scale"].device)


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
