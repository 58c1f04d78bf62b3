"""Online codelength (Voita & Titov 2020, "Information-theoretic probing with MDL").

The labels of the training data are sent in portions; each portion is encoded by a probe trained on
all portions before it, the first one uniformly. A representation that makes labels easy to learn
makes this code short. All lengths are in bits.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from bertology.probing.inputs import Input
from bertology.probing.side_by_side import Plateau
from bertology.probing.targets import ProbeData
from bertology.probing.training import (
    Schedule,
    Training,
    best_probes,
    predict,
    train_edge_probes,
)

logger = logging.getLogger(__name__)

PORTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Shares of the training data at which portions end."""
IMPATIENT = Plateau(until_lower=2, divisor=2.0, until_stop=5, lowest_rate=1e-6)
"""Ten trainings one after the other: with jiant's patience of 20 epochs most of their time would be
spent after the best one, for codes that differ by 2 % at most (five phenomena, MiniLM)."""


def portion_ends(examples: int) -> list[int]:
    """Return the numbers of examples at which portions end; rising, each at least 1, none twice."""
    return sorted({max(1, round(share * examples)) for share in PORTIONS})


def code_bits(logits: np.ndarray, labels: np.ndarray, one_label: bool) -> np.ndarray:
    """Return how many bits each target's labels cost: (..., targets).

    logits: (..., targets, labels) of independent yes-no decisions; labels: bool, (targets, labels).
    one_label: every target is known to have exactly one label. Under that condition independent
    decisions become a softmax over their logits; else each cell is encoded on its own.
    """
    logits = logits.astype(np.float64)
    if one_label:
        nats = np.logaddexp.reduce(logits, axis=-1) - (logits * labels).sum(axis=-1)
    else:
        nats = np.logaddexp(0.0, np.where(labels, -logits, logits)).sum(axis=-1)
    return nats / np.log(2.0)


def uniform_bits(labels: np.ndarray, one_label: bool) -> float:
    """Return the length of a code that knows nothing but the names of the labels."""
    targets, names = labels.shape
    return float(targets * (np.log2(names) if one_label else names))


def has_one_label(labels: np.ndarray) -> bool:
    """Say whether every target has exactly one label: labels (targets, labels), bool."""
    return bool((labels.sum(axis=1) == 1).all())


@dataclass(frozen=True)
class Codelength:
    """Bits for the labels of all training targets: the online code's, and the uniform code's."""

    online: float
    uniform: float

    @property
    def compression(self) -> float:
        """Say how many times shorter the online code is; NaN if there is only one label to send."""
        return self.uniform / self.online if self.online > 0 else float("nan")


def online_codelength(
    train: ProbeData,
    development: ProbeData,
    inputs: Sequence[Input],
    training: Training,
) -> dict[Input, Codelength]:
    """Send the labels of `train`, sentences in random order, with the probes of `inputs`.

    Each portion is sent with the probes as of their shortest code for `development`, among those
    trained on what came before. An epoch of a few sentences is a few steps, in which nothing is
    learnt, so the schedule's epochs are those of all training data: each portion may take as many
    optimizer steps, and ends before that where it gains no more.
    """
    one_label = has_one_label(train.labels)
    uniform = uniform_bits(train.labels, one_label)
    numbers = np.random.default_rng(training.seed).permutation(np.unique(train.sentences))
    ends = portion_ends(len(numbers))
    first = train.of_sentences(numbers[: ends[0]])
    bits = np.full(len(inputs), uniform_bits(first.labels, one_label))
    code = partial(code_bits, one_label=one_label)
    for known, end in pairwise(ends):
        logger.info("codelength: %d of %d sentences known", known, len(numbers))
        before, sent = train.of_sentences(numbers[:known]), train.of_sentences(numbers[known:end])
        passes, epochs = _pace(known, len(numbers), development, training.schedule)
        schedule = replace(training.schedule, most_epochs=epochs, plateau=IMPATIENT)
        longer = replace(training, schedule=schedule)
        progress = train_edge_probes(before, development, inputs, longer, passes, code)
        logits = predict(best_probes(progress, train), sent, training.schedule.batch_sentences)
        bits += code(logits, sent.labels).sum(axis=-1)
    return {
        each: Codelength(float(length), uniform) for each, length in zip(inputs, bits, strict=True)
    }


def _pace(
    known: int, sentences: int, development: ProbeData, schedule: Schedule
) -> tuple[int, int]:
    """Return passes in an epoch and most epochs that give some sentences the steps of all.

    An epoch has a quarter of the batches of the development data at least: these are read without
    gradients, so that to validate takes about as long as to train.
    """
    batch = schedule.batch_sentences
    steps, every, validated = (
        math.ceil(size / batch)
        for size in (known, sentences, len(np.unique(development.sentences)))
    )
    passes = math.ceil(validated / 4 / steps)
    return passes, math.ceil(schedule.most_epochs * every / (steps * passes))
