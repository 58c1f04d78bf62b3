"""What every fine-tuning task offers to the trainer, and what the tasks share."""

import importlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from tokenizers import Encoding
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import PretrainedConfig
from transformers import PreTrainedTokenizerBase as Tokenizer

IGNORED = -100
"""A target that cross-entropy leaves out: padding."""


@dataclass(frozen=True, slots=True)
class Score:
    """A metric in percent, as what each example adds to it and to how much at most.

    numerators, denominators: (examples,); their units are words, answers, or whole examples.
    """

    numerators: np.ndarray
    denominators: np.ndarray

    @property
    def value(self) -> float:
        """The percentage, 0 where there is no unit; rounded in the order of udeval."""
        return 100 * float(self.numerators.sum() / max(self.n, 1))

    @property
    def n(self) -> int:
        """The number of units."""
        return int(self.denominators.sum())


def score_of(examples: Iterable[float]) -> Score:
    """Make a score of what each example is worth, from 0 to 1."""
    worth = np.array(list(examples), dtype=float)
    return Score(worth, np.ones(len(worth)))


@dataclass(frozen=True, slots=True)
class Feature:
    """One sequence of tokens as the encoder reads it.

    inputs: the encoder's inputs by name, each with one entry per token; among them the output of
        its fixed layers (tokens x hidden) where that was computed once and for all.
    example: number of the example that it was made of; a long example may have several features.
    details: what the task has to know about the sequence.
    """

    inputs: Mapping[str, Any]
    example: int
    details: Any

    def __len__(self) -> int:
        """Count the tokens, special ones included."""
        return len(next(iter(self.inputs.values())))


class Head(nn.Module, ABC):
    """Layers on top of an encoder's last hidden states (batch x tokens x hidden).

    `targets` is what `Task.targets` collates for the same batch.
    """

    @abstractmethod
    def loss(self, hidden: Tensor, targets: dict[str, Tensor]) -> Tensor:
        """Return the mean loss, a scalar."""

    @abstractmethod
    def forward(self, hidden: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return what `Task.decode` reads; the first axis of each tensor is the batch."""


class Task(Protocol):
    """A task: its examples, its head, its decoding and its metrics."""

    extension: ClassVar[str]
    """Of the files of examples: <task folder>/<split>.<extension>."""
    unit: ClassVar[str]
    """What an example is, in words: sentence, pair, question."""
    selection_metric: ClassVar[str]
    """The metric on development data that chooses the epoch."""

    def __init__(
        self, tokenizer: Tokenizer, settings: Mapping[str, Any], training: Sequence[Any]
    ) -> None: ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the head can give, in its order."""

    @staticmethod
    def read(path: Path) -> list[Any]:
        """Read the examples of one file."""

    def head(self, config: PretrainedConfig) -> Head:
        """Build a freshly initialised head for an encoder of this configuration."""

    def features(
        self, examples: Sequence[Any], training: bool
    ) -> tuple[list[Feature], Counter[str]]:
        """Cut examples into tokens; for training, only what can be learnt from.

        The second result counts the examples that are left out or changed, by reason.
        """

    def targets(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate what the head needs beside hidden states, for one batch."""

    def decode(self, outputs: dict[str, Tensor], features: Sequence[Feature]) -> list[Any]:
        """Decode one batch of the head's outputs, one result a feature."""

    def predictions(
        self, decoded: Sequence[Any], features: Sequence[Feature], examples: Sequence[Any]
    ) -> list[Any]:
        """Combine the results of features to one prediction an example."""

    def score(self, predictions: Sequence[Any], examples: Sequence[Any]) -> dict[str, Score]:
        """Compare predictions with what the examples say."""

    def write(
        self, predictions: Sequence[Any], examples: Sequence[Any], source: Path, path: Path
    ) -> None:
        """Write predictions on the examples of the file `source` in the task's public format."""


def task_class(kind: str) -> type[Task]:
    """Import a task's module by name, so that no task depends on the code of another."""
    return importlib.import_module(f"bertology.finetuning.{kind}").TASK


def pad(rows: Sequence[Any], value: float) -> Tensor:
    """Stack rows of different length to one tensor (rows x longest x ...), padded at the end."""
    tensors = [torch.as_tensor(row) for row in rows]
    return pad_sequence(tensors, batch_first=True, padding_value=value)


def collate_inputs(features: Sequence[Feature], tokenizer: Tokenizer) -> dict[str, Tensor]:
    """Stack the encoder's inputs of a batch (batch x tokens), padded to its longest sequence."""
    padding = {
        "input_ids": tokenizer.pad_token_id,
        "token_type_ids": tokenizer.pad_token_type_id,
    }
    return {
        name: pad([feature.inputs[name] for feature in features], padding.get(name, 0))
        for name in features[0].inputs
    }


def encoder_inputs(encoding: Encoding, tokenizer: Tokenizer) -> dict[str, list[int]]:
    """Pick an encoder's inputs from one encoded sequence, by the names that its model reads."""
    inputs = {
        "input_ids": encoding.ids,
        "token_type_ids": encoding.type_ids,
        "attention_mask": encoding.attention_mask,
    }
    return {name: value for name, value in inputs.items() if name in tokenizer.model_input_names}


def checkpoint_dropout(config: PretrainedConfig) -> float:
    """Return the dropout before a classifier that an encoder's configuration asks for.

    A configuration that names none (its architecture trains without) gives 0.
    """
    for name in ("classifier_dropout", "seq_classif_dropout", "hidden_dropout_prob"):
        value = getattr(config, name, None)
        if value is not None:
            return float(value)
    return 0.0
