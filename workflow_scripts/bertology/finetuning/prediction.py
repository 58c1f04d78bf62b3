"""Run a model over features without training it."""

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.finetuning.model import STORED, TaskModel
from bertology.finetuning.task import Feature, Score, Task, collate_inputs

logger = logging.getLogger(__name__)

Name = TypeVar("Name", bound=Hashable)
Hidden = Callable[[dict[str, Tensor]], Iterable[Tensor]]

STORED_BYTES = 2**30
"""The output of an encoder's fixed layers is stored in memory up to this size, for each split."""


class Split(NamedTuple):
    """The examples of one file, and what they become for the encoder."""

    path: Path
    examples: list[Any]
    features: list[Feature]


@dataclass(frozen=True, slots=True)
class Predictor:
    """A model at work on its task, in batches of `batch_size` sequences of similar length."""

    model: TaskModel
    task: Task
    tokenizer: Tokenizer
    batch_size: int

    def predict(self, split: Split) -> list[Any]:
        """Predict each example of a split. The model is left in evaluation mode."""
        return self.predict_each(split, [""], lambda inputs: [self.model.hidden(inputs)])[""]

    @torch.no_grad()
    def predict_each(
        self, split: Split, names: Sequence[Name], hidden: Hidden
    ) -> dict[Name, list[Any]]:
        """Predict each example with each of several encoders under the model's head.

        hidden: from a batch of inputs to last hidden states (batch x tokens x hidden), one tensor
            for each of the names.
        """
        self.model.eval()
        decoded: dict[Name, list[Any]] = {name: [None] * len(split.features) for name in names}
        for numbers in batches_by_length(split.features, self.batch_size):
            batch = [split.features[number] for number in numbers]
            targets = self._to_device(self.task.targets(batch))
            for name, states in zip(names, hidden(self._inputs(batch)), strict=True):
                outputs = self.model.head(states, targets)
                on_cpu = {key: tensor.cpu() for key, tensor in outputs.items()}
                for number, result in zip(numbers, self.task.decode(on_cpu, batch), strict=True):
                    decoded[name][number] = result
        return {
            name: self.task.predictions(results, split.features, split.examples)
            for name, results in decoded.items()
        }

    def evaluate(self, split: Split) -> dict[str, Score]:
        """Predict a split and score that."""
        return self.task.score(self.predict(split), split.examples)

    @torch.no_grad()
    def with_stored_states(self, split: Split) -> Split:
        """Add to features' inputs what the encoder's fixed layers give, so that it runs once.

        The split is returned as it is where no layer is fixed, and where the states would take
        more than STORED_BYTES.
        """
        if not self.model.prefix.layers:
            return split
        values = sum(map(len, split.features)) * self.model.encoder.config.hidden_size
        if values * torch.float32.itemsize > STORED_BYTES:
            size = values * torch.float32.itemsize / 2**30
            logger.info("%s: %.1f GiB of states, not stored: computed anew", split.path.name, size)
            return split
        self.model.eval()
        stored = list(split.features)
        for numbers in batches_by_length(split.features, self.batch_size):
            batch = [split.features[number] for number in numbers]
            states = self.model.stored_states(self._inputs(batch)).cpu()
            for number, feature, own in zip(numbers, batch, states, strict=True):
                inputs = {**feature.inputs, STORED: own[: len(feature)].clone()}
                stored[number] = replace(feature, inputs=inputs)
        return split._replace(features=stored)

    def _inputs(self, batch: Sequence[Feature]) -> dict[str, Tensor]:
        return self._to_device(collate_inputs(batch, self.tokenizer))

    def _to_device(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        device = next(self.model.parameters()).device
        return {name: tensor.to(device) for name, tensor in tensors.items()}


def batches_by_length(features: Sequence[Feature], size: int) -> Iterator[list[int]]:
    """Give the numbers of features in batches of similar length, the longest first."""
    order = sorted(range(len(features)), key=lambda number: -len(features[number]))
    for start in range(0, len(order), size):
        yield order[start : start + size]
