"""Edge probes (Tenney et al. 2019, "What do you learn from context?", section 3; as in jiant v1).

A probe reads one or two spans of a sentence from one input (a layer, or a learned mix of all
layers) and decides on each label. The probes of all inputs are trained side by side: axis 0 of
every parameter is the input. They share each batch and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bertology.probing.inputs import MIX, MIX_NORMALISED, MIXES, Input
from bertology.probing.side_by_side import StackedProbes, Weights, stacked_weights
from bertology.probing.targets import rows_of_spans

INPUT_DROPOUT, HIDDEN_DROPOUT = 0.2, 0.3
PROJECTION = 256


@dataclass(frozen=True)
class Batch:
    """Some targets, and the vectors of the tokens in their spans.

    hidden: (layers, tokens, width), float32: the layers that were asked for, in that order.
    tokens, members: one entry per token of each target's span, for each slot: number of the token
        in `hidden`, and number of the target.
    labels: (targets, labels), float32.
    """

    hidden: Tensor
    tokens: list[Tensor]
    members: list[Tensor]
    labels: Tensor


def collate(
    layers: Sequence[np.ndarray], spans: np.ndarray, labels: np.ndarray, device: torch.device
) -> Batch:
    """Read the tokens of spans (slots, targets, 2), each of them once.

    layers: arrays (rows, width); spans hold first rows and rows after the last.
    """
    rows = [rows_of_spans(slot) for slot in spans]
    needed, place = np.unique(np.concatenate([row for row, _ in rows]), return_inverse=True)
    tokens = np.split(place, np.cumsum([len(row) for row, _ in rows])[:-1])
    hidden = np.stack([layer[needed] for layer in layers])
    return Batch(
        torch.from_numpy(hidden).to(device).float(),
        [torch.from_numpy(each).to(device) for each in tokens],
        [torch.from_numpy(member).to(device) for _, member in rows],
        torch.from_numpy(labels).to(device).float(),
    )


class EdgeProbes(StackedProbes):
    """One edge probe for each of `inputs`: numbers of layers, and before them any of MIXES.

    moments: (2, layers, width), for MIX_NORMALISED: the mean that is taken from each dimension of
    each layer, and the standard deviation by which it is divided before layers are weighed, since
    layers differ in norm and weights then mislead (Fayyaz et al. 2021, "Not all models localize
    linguistic knowledge in the same place"). A dimension that never varies becomes 0.

    All inputs have the same initial weights and the same dropout, so that a probe is the same
    whatever others it is trained with, and chance adds little to the differences between layers.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        layers: int,
        width: int,
        labels: int,
        slots: int,
        seed: int,
        moments: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.inputs = list(inputs)
        self.mixes = [each for each in inputs if each in MIXES]
        if self.mixes != self.inputs[: len(self.mixes)]:
            raise ValueError("mixes come first among the inputs")
        if MIX_NORMALISED in inputs and moments is None:
            raise ValueError("to normalise layers takes their moments")
        self.moments = moments
        self.shift, self.scale = (
            nn.Buffer(values, persistent=False) for values in _normaliser(moments)
        )
        self.sizes = {"layers": layers, "width": width, "labels": labels, "slots": slots}
        self.slots = slots
        self.generator = torch.Generator().manual_seed(seed)
        # A mix reads all layers; the probes of single layers read theirs alone.
        self.singles = [int(each) for each in inputs[len(self.mixes) :]]
        self.read = list(range(layers)) if self.mixes else self.singles
        self.mix_weights = nn.Parameter(torch.zeros(len(inputs), layers))
        self.mix_scale = nn.Parameter(torch.ones(len(inputs)))
        self.project = self._linear(width, slots * PROJECTION)
        self.project_bias = self._bias(width, slots * PROJECTION)
        self.attend = self._linear(PROJECTION, slots)
        self.hidden = self._linear(slots * PROJECTION, PROJECTION)
        self.hidden_bias = self._bias(slots * PROJECTION, PROJECTION)
        self.norm = nn.Parameter(torch.ones(len(inputs), 1, PROJECTION))
        self.norm_bias = nn.Parameter(torch.zeros(len(inputs), 1, PROJECTION))
        self.decide = self._linear(PROJECTION, labels)
        self.decide_bias = self._bias(PROJECTION, labels)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits (inputs, targets, labels)."""
        projected = self._project(batch.hidden, self._dropout(batch.hidden, INPUT_DROPOUT))
        by_slot = projected.split(PROJECTION, dim=-1)
        pooled = [self._pool(mine, batch, slot) for slot, mine in enumerate(by_slot)]
        hidden = torch.baddbmm(self.hidden_bias, torch.cat(pooled, dim=-1), self.hidden).tanh()
        normal = functional.layer_norm(hidden, (PROJECTION,)) * self.norm + self.norm_bias
        kept = normal * self._dropout(normal, HIDDEN_DROPOUT)
        return torch.baddbmm(self.decide_bias, kept, self.decide)

    def layer_weights(self) -> Tensor:
        """Return each input's weights of the layers (inputs, layers); of use for mixes alone."""
        return self.mix_weights.softmax(dim=-1)

    def selected(self, numbers: Sequence[int]) -> "EdgeProbes":
        """Return the probes of some inputs alone, which go on as they would have here."""
        inputs = [self.inputs[number] for number in numbers]
        weights = [self.weights_of(number) for number in numbers]
        probes = stacked(inputs, weights, self.sizes, self.moments)
        probes.generator = self.generator.clone_state()
        return probes.to(self.mix_scale.device)

    def _project(self, hidden: Tensor, dropout: Tensor) -> Tensor:
        """Project each input: (layers read, tokens, width) -> (inputs, tokens, projected).

        Mixes are apart, for they alone need the gradient of what they project.
        """
        if not self.mixes:
            return torch.baddbmm(self.project_bias, hidden * dropout, self.project)
        sizes = [len(self.mixes), len(self.singles)]
        (mix_bias, single_bias), (mix, single) = (
            values.split(sizes) for values in (self.project_bias, self.project)
        )
        chosen = hidden if self.singles == self.read else hidden[self.singles]
        return torch.cat(
            [
                torch.baddbmm(mix_bias, self._mixed(hidden) * dropout, mix),
                torch.baddbmm(single_bias, chosen * dropout, single),
            ]
        )

    def _mixed(self, hidden: Tensor) -> Tensor:
        """Weigh the layers: (layers, tokens, width) -> (mixes, tokens, width)."""
        weights = self.mix_scale[:, None] * self.layer_weights()
        mixed = []
        for each, of_layers in zip(self.mixes, weights[: len(self.mixes)], strict=True):
            layers = hidden if each == MIX else (hidden - self.shift) * self.scale
            mixed.append(torch.einsum("l,ltw->tw", of_layers, layers))
        return torch.stack(mixed)

    def _pool(self, mine: Tensor, batch: Batch, slot: int) -> Tensor:
        """Average each span's tokens, weighted by attention: tokens -> targets on axis 1."""
        scores = (mine @ self.attend[..., slot : slot + 1]).squeeze(-1)
        tokens, members = batch.tokens[slot], batch.members[slot]
        targets = len(batch.labels)
        if len(tokens) == targets:  # every span is one token: its weight is 1
            return mine[:, tokens]
        weights = softmax_within(scores[:, tokens], members, targets)
        summed = mine.new_zeros(len(mine), targets, PROJECTION)
        return summed.index_add(1, members, weights[..., None] * mine[:, tokens])

    def _dropout(self, values: Tensor, share: float) -> Tensor:
        """Give the factors that drop a share of the values, the same ones for all inputs."""
        if not self.training:
            return values.new_ones(())
        keep = torch.empty(values.shape[1:]).bernoulli_(1 - share, generator=self.generator)
        return keep.div_(1 - share).to(values.device)

    def _linear(self, rows: int, columns: int) -> nn.Parameter:
        return self._uniform((rows, columns), rows)

    def _bias(self, rows: int, columns: int) -> nn.Parameter:
        return self._uniform((1, columns), rows)

    def _uniform(self, shape: tuple[int, int], fan_in: int) -> nn.Parameter:
        """Draw weights as torch.nn.Linear does, the same ones for all inputs."""
        bound = fan_in**-0.5
        drawn = torch.empty(shape).uniform_(-bound, bound, generator=self.generator)
        return nn.Parameter(drawn.repeat(len(self.inputs), 1, 1))


def _normaliser(moments: np.ndarray | None) -> tuple[Tensor, Tensor]:
    """Return what is taken from tokens, and by what they are multiplied: (layers, 1, width)."""
    if moments is None:
        return torch.zeros(()), torch.ones(())
    mean, deviation = torch.from_numpy(moments)[:, :, None].float()
    return mean, torch.where(deviation > 0, 1 / deviation, 0)


def stacked(
    inputs: Sequence[Input],
    weights: Sequence[Weights],
    sizes: Mapping[str, int],
    moments: np.ndarray | None,
) -> EdgeProbes:
    """Put the probes of single inputs, of these weights, side by side."""
    probes = EdgeProbes(inputs, **sizes, seed=0, moments=moments)
    probes.load_state_dict(stacked_weights(weights))
    return probes


def softmax_within(scores: Tensor, members: Tensor, groups: int) -> Tensor:
    """Softmax over the entries of each group: scores (inputs, entries), members (entries,)."""
    index = members.expand_as(scores)
    lowest = scores.new_full((len(scores), groups), -torch.inf)
    highest = lowest.scatter_reduce(1, index, scores.detach(), "amax")
    powers = (scores - highest[:, members]).exp()
    total = scores.new_zeros(len(scores), groups).index_add(1, members, powers)
    return powers / total[:, members]
