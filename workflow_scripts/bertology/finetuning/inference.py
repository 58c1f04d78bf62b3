"""Natural language inference: a classifier on a pair's first token (Devlin et al. 2019)."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PretrainedConfig
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.corpora.inference import read_pairs
from bertology.corpora.shapes import INFERENCE_LABELS, SentencePair
from bertology.finetuning.task import (
    Feature,
    Head,
    Score,
    checkpoint_dropout,
    encoder_inputs,
    score_of,
)


class Classifier(Head):
    """First token -> dropout -> linear. `targets["labels"]` (batch) holds label numbers."""

    def __init__(self, hidden_size: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_size, labels)

    def loss(self, hidden: Tensor, targets: dict[str, Tensor]) -> Tensor:
        """Return the cross-entropy of the labels, mean over the batch."""
        return functional.cross_entropy(self._logits(hidden), targets["labels"])

    def forward(self, hidden: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return `logits` (batch x labels)."""
        return {"logits": self._logits(hidden)}

    def _logits(self, hidden: Tensor) -> Tensor:
        return self.linear(self.dropout(hidden[:, 0]))


class Inference:
    """Three-way inference over pairs of premise and hypothesis."""

    extension = "jsonl"
    unit = "pair"
    selection_metric = "accuracy"
    labels = INFERENCE_LABELS

    def __init__(
        self, tokenizer: Tokenizer, settings: Mapping[str, Any], training: Sequence[SentencePair]
    ) -> None:
        self.tokenizer = tokenizer
        self.settings = settings

    @staticmethod
    def read(path: Path) -> list[SentencePair]:
        """Read pairs from JSON lines."""
        return read_pairs(path)

    def head(self, config: PretrainedConfig) -> Classifier:
        """Build a classifier for an encoder of this configuration."""
        return Classifier(config.hidden_size, len(self.labels), checkpoint_dropout(config))

    def features(
        self, examples: Sequence[SentencePair], training: bool
    ) -> tuple[list[Feature], Counter[str]]:
        """Cut pairs into tokens; what is beyond the setting `longest` goes, off the longer text."""
        features: list[Feature] = []
        counts: Counter[str] = Counter()
        for index, pair in enumerate(examples):
            encoding = self.tokenizer(
                pair.premise,
                pair.hypothesis,
                truncation="longest_first",
                max_length=self.settings["longest"],
            ).encodings[0]
            counts["too long: shortened"] += bool(encoding.overflowing)
            label = self.labels.index(pair.label)
            features.append(Feature(encoder_inputs(encoding, self.tokenizer), index, label))
        return features, counts

    def targets(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate the numbers of the labels."""
        return {"labels": torch.tensor([feature.details for feature in features])}

    def decode(self, outputs: dict[str, Tensor], features: Sequence[Feature]) -> list[str]:
        """Choose the label with the highest logit."""
        return [self.labels[number] for number in outputs["logits"].argmax(-1).tolist()]

    def predictions(
        self, decoded: Sequence[str], features: Sequence[Feature], examples: Sequence[SentencePair]
    ) -> list[str]:
        """Return what was decoded: each pair has one feature, in the same order."""
        return list(decoded)

    def score(
        self, predictions: Sequence[str], examples: Sequence[SentencePair]
    ) -> dict[str, Score]:
        """Compute accuracy."""
        pairs = zip(predictions, examples, strict=True)
        return {"accuracy": score_of(label == pair.label for label, pair in pairs)}

    def write(
        self,
        predictions: Sequence[str],
        examples: Sequence[SentencePair],
        source: Path,
        path: Path,
    ) -> None:
        """Write JSON lines with the identifier and the predicted label of each pair."""
        with path.open("w", encoding="utf-8") as out:
            for label, pair in zip(predictions, examples, strict=True):
                row = {"id": pair.identifier, "label": label}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


TASK = Inference
