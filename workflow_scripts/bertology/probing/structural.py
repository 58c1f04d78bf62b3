"""Structural probes (Hewitt & Manning 2019, "A structural probe for finding syntax").

A linear map turns each layer's word vectors so that squared distances between words are distances
in the dependency tree, or squared norms are depths. The probes of all layers train side by side.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from bertology.probing.side_by_side import (
    Plateau,
    Progress,
    SideBySide,
    StackedProbes,
    Weights,
    stacked_weights,
    train_until_finished,
)
from bertology.probing.trees import tree_depths, tree_distances

logger = logging.getLogger(__name__)

Kind = Literal["distance", "depth"]
INITIAL = 0.05
LEARNING_RATE = 1e-3
BATCH = 20


@dataclass(frozen=True)
class Regimen:
    """How probes are trained. An epoch is as many passes over the sentences as make `least_steps`.

    dealt_anew: in each pass, sentences of a length are dealt into other batches.
    """

    plateau: Plateau
    least_steps: int
    dealt_anew: bool

    def passes(self, batches: int) -> int:
        """Give the passes over the sentences, so many batches each, that an epoch has."""
        return max(1, -(-self.least_steps // batches))


REGIMENS = {
    "published": Regimen(Plateau(until_lower=1, divisor=10.0, until_stop=5), 1, dealt_anew=False),
    "patient": Regimen(
        Plateau(until_lower=3, divisor=10.0, until_stop=10, lowest_rate=1e-5),
        100,
        dealt_anew=True,
    ),
}
"""`published` is that of Hewitt and Manning's code, made for 2,000 batches an epoch. With a few
hundred sentences it stops long before a probe has learnt; `patient` does not. It stops below a rate
at which nothing is learnt any more: losses of 294 probes then fell by .002 at most."""


@dataclass(frozen=True)
class Training:
    """How the probes of a job are trained, whatever their data and kind.

    regimen: one of REGIMENS. rank: columns of the map; None for the width of the encoder.
    """

    regimen: str
    most_epochs: int
    rank: int | None
    seed: int
    device: torch.device


@dataclass(frozen=True)
class Tree:
    """A sentence with its vectors and what the probe should find.

    vectors: (layers, words, width), float32 or float16: a word is the mean of its wordpieces.
    heads: 1-based head of each word, 0 for the root.
    counted: (words,), bool: which words are not punctuation.
    document: that it stands in, where that is known.
    """

    vectors: np.ndarray
    heads: tuple[int, ...]
    counted: np.ndarray
    document: str | None = None
    distances: np.ndarray = field(init=False)
    depths: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "distances", tree_distances(self.heads))
        object.__setattr__(self, "depths", tree_depths(self.heads))

    def __len__(self) -> int:
        """Count the words."""
        return len(self.heads)


class StructuralProbes(StackedProbes):
    """One linear map (width x rank, no bias) for each of `layers`, axis 0 of the parameter."""

    def __init__(self, layers: Sequence[int], width: int, rank: int, kind: Kind, seed: int) -> None:
        super().__init__()
        self.layers = list(layers)
        self.kind = kind
        self.map = nn.Parameter(torch.stack([_uniform(width, rank, seed, n) for n in layers]))

    def forward(self, vectors: Tensor) -> Tensor:
        """Predict squared distances (layers, sentences, words, words) or norms (..., words).

        vectors: (layers, sentences, words, width).
        """
        mapped = torch.einsum("lswd,ldk->lswk", vectors, self.map)
        norms = mapped.square().sum(dim=-1)
        if self.kind == "depth":
            return norms
        products = mapped @ mapped.transpose(-1, -2)
        return (norms[..., :, None] + norms[..., None, :] - 2 * products).clamp(min=0)

    def selected(self, numbers: Sequence[int]) -> "StructuralProbes":
        """Return the probes of some layers alone."""
        layers = [self.layers[number] for number in numbers]
        return _stacked(layers, self.kind, [self.weights_of(number) for number in numbers])


def _uniform(width: int, rank: int, seed: int, layer: int) -> Tensor:
    """Draw a layer's initial map; it does not depend on which other layers are trained."""
    state = np.random.SeedSequence((seed, layer)).generate_state(1)
    generator = torch.Generator().manual_seed(int(state[0]))
    return torch.empty(width, rank).uniform_(-INITIAL, INITIAL, generator=generator)


def losses(predicted: Tensor, gold: Tensor, lengths: Tensor) -> Tensor:
    """Return each layer's L1 loss (layers,): a mean over sentences of the mean over cells.

    predicted: (layers, sentences, words, words) or (layers, sentences, words); gold likewise
    without the first axis, and -1 in padding. A sentence's sum is divided by its length squared
    (distances) or its length (depths).
    """
    inside = gold >= 0
    wrong = ((predicted - gold).abs() * inside).flatten(start_dim=2).sum(dim=-1)
    cells = lengths ** (gold.ndim - 1)
    return (wrong / cells).mean(dim=-1)


def train_structural_probes(
    train: Sequence[Tree],
    development: Sequence[Tree],
    layers: Sequence[int],
    kind: Kind,
    training: Training,
) -> dict[int, Progress]:
    """Train a probe for each of `layers` on the same batches; keep each at its best validation.

    Validation is the loss on development data (less is better) after each epoch.
    """
    width, regimen = train[0].vectors.shape[-1], REGIMENS[training.regimen]
    probes = StructuralProbes(layers, width, training.rank or width, kind, training.seed)
    order = np.random.default_rng(training.seed)

    def train_and_score(running: SideBySide[StructuralProbes], epoch: int) -> np.ndarray:
        train_epoch(running, train, regimen, order)
        found = development_losses(running.probes, development)
        logger.info("%s, epoch %d: %s", kind, epoch, _in_words(running.probes.layers, found))
        return -found

    progress = {layer: Progress(LEARNING_RATE, regimen.plateau) for layer in layers}
    running = SideBySide.start(probes.to(training.device), LEARNING_RATE)
    train_until_finished(running, progress.values(), train_and_score, training.most_epochs)
    return progress


def best_probes(progress: Mapping[int, Progress], kind: Kind) -> StructuralProbes:
    """Put the probes of all layers, each as of its best validation, side by side."""
    return _stacked(list(progress), kind, [state.best_weights for state in progress.values()])


def _stacked(layers: Sequence[int], kind: Kind, weights: Sequence[Weights]) -> StructuralProbes:
    probes = StructuralProbes(layers, 1, 1, kind, 0)
    probes.map = nn.Parameter(stacked_weights(weights)["map"])
    return probes


def train_epoch(
    running: SideBySide[StructuralProbes],
    train: Sequence[Tree],
    regimen: Regimen,
    order: np.random.Generator,
) -> None:
    """Train on all sentences, as often as the regimen says."""
    for _ in range(regimen.passes(-(-len(train) // BATCH))):
        for batch in dealt(train, order, regimen.dealt_anew):
            vectors, gold, lengths = collate(batch, running.probes)
            running.step(losses(running.probes(vectors), gold, lengths))


def dealt(trees: Sequence[Tree], order: np.random.Generator, anew: bool) -> Iterator[list[Tree]]:
    """Deal trees into batches of similar length, in random order; anew: or else always the same."""
    shuffled = [trees[number] for number in order.permutation(len(trees))] if anew else trees
    batches = list(_batches(shuffled))
    for number in order.permutation(len(batches)):
        yield batches[number]


@torch.no_grad()
def development_losses(probes: StructuralProbes, trees: Sequence[Tree]) -> np.ndarray:
    """Return each layer's mean loss over sentences (layers,)."""
    total = np.zeros(len(probes.layers))
    for batch in _batches(trees):
        vectors, gold, lengths = collate(batch, probes)
        total += len(batch) * losses(probes(vectors), gold, lengths).cpu().numpy()
    return total / len(trees)


def _batches(trees: Sequence[Tree]) -> Iterator[list[Tree]]:
    """Cut trees, sorted by length, into batches; trees of one length keep their order."""
    ordered = sorted(trees, key=len)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def collate(trees: Sequence[Tree], probes: StructuralProbes) -> tuple[Tensor, Tensor, Tensor]:
    """Pad a batch: vectors (layers, sentences, words, width), gold with -1 in padding, lengths."""
    longest = max(map(len, trees))
    distance = probes.kind == "distance"
    gold = np.full((len(trees), *[longest] * (2 if distance else 1)), -1.0, np.float32)
    width = trees[0].vectors.shape[-1]
    kept = trees[0].vectors.dtype
    vectors = np.zeros((len(probes.layers), len(trees), longest, width), kept)
    for number, tree in enumerate(trees):
        vectors[:, number, : len(tree)] = tree.vectors[probes.layers]
        if distance:
            gold[number, : len(tree), : len(tree)] = tree.distances
        else:
            gold[number, : len(tree)] = tree.depths
    lengths = torch.tensor([len(tree) for tree in trees], dtype=torch.float32)
    device = probes.map.device
    return (
        torch.from_numpy(vectors).to(device).float(),
        torch.from_numpy(gold).to(device),
        lengths.to(device),
    )


@torch.no_grad()
def predictions(probes: StructuralProbes, trees: Sequence[Tree]) -> list[np.ndarray]:
    """Return each tree's predicted distances (layers, words, words) or depths (layers, words)."""
    found = []
    for tree in trees:
        vectors, _, _ = collate([tree], probes)
        found.append(probes(vectors)[:, 0].cpu().numpy())
    return found


def _in_words(layers: Sequence[int], values: np.ndarray) -> str:
    return ", ".join(f"layer {n} {value:.3f}" for n, value in zip(layers, values, strict=True))
