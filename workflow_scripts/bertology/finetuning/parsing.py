"""Dependency parsing: a deep biaffine parser on an encoder (Dozat & Manning 2017).

A sentence longer than the encoder takes is not cut. In training it is left out; in testing its
words are attached each to the word before it with the relation `dep`, and count as such.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PretrainedConfig
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.corpora.shapes import TreeSentence
from bertology.corpora.treebank import read_treebank
from bertology.encoding import encode_words
from bertology.finetuning.biaffine import BiaffineParser
from bertology.finetuning.task import IGNORED, Feature, Score, encoder_inputs, pad
from bertology.finetuning.trees import (
    Tree,
    attachment_scores,
    maximum_spanning_tree,
    without_subtype,
)

ROOT = "root"
"""What Universal Dependencies calls the relation of the root; other treebanks may differ."""
UNKNOWN = "dep"


@dataclass(frozen=True, slots=True)
class Words:
    """The word of each token (None for special tokens), and gold heads and relation numbers."""

    of_tokens: tuple[int | None, ...]
    heads: tuple[int, ...]
    relations: tuple[int, ...]


class Parsing:
    """Dependency parsing of treebank sentences."""

    extension = "conllu"
    unit = "sentence"
    selection_metric = "las"

    def __init__(
        self, tokenizer: Tokenizer, settings: Mapping[str, Any], training: Sequence[TreeSentence]
    ) -> None:
        self.tokenizer = tokenizer
        self.settings = settings
        self.of_root, self.of_others = relations_seen(training)
        self.labels = relation_labels(training)

    @staticmethod
    def read(path: Path) -> list[TreeSentence]:
        """Read a CoNLL-U file."""
        return read_treebank(path)

    def head(self, config: PretrainedConfig) -> BiaffineParser:
        """Build a biaffine scorer for an encoder of this configuration."""
        return BiaffineParser(
            hidden_size=config.hidden_size,
            of_root=[label in self.of_root for label in self.labels],
            of_others=[label in (self.of_others or self.of_root) for label in self.labels],
            arc_size=self.settings["arc_size"],
            relation_size=self.settings["relation_size"],
            dropout=self.settings["dropout"],
        )

    def features(
        self, examples: Sequence[TreeSentence], training: bool
    ) -> tuple[list[Feature], Counter[str]]:
        """Cut sentences into tokens; those longer than the setting `longest` have no feature."""
        number = {label: index for index, label in enumerate(self.labels)}
        features = []
        for index, sentence in enumerate(examples):
            encoding = encode_words(self.tokenizer, sentence.words).encodings[0]
            # A relation that training data lack cannot be predicted; it only ever counts as wrong.
            relations = (number.get(without_subtype(name), IGNORED) for name in sentence.relations)
            words = Words(tuple(encoding.word_ids), sentence.heads, tuple(relations))
            feature = Feature(encoder_inputs(encoding, self.tokenizer), index, words)
            if len(feature) <= self.settings["longest"]:
                features.append(feature)
        reason = "too long: not trained on" if training else "too long: parsed as a chain"
        return features, Counter({reason: len(examples) - len(features)})

    def targets(self, features: Sequence[Feature]) -> dict[str, Tensor]:
        """Collate what BiaffineParser reads."""
        words = [feature.details for feature in features]
        counts = [len(word.heads) for word in words]
        weights = torch.zeros(len(features), max(counts) + 1, max(map(len, features)))
        for row, word in zip(weights, words, strict=True):
            row[: len(word.heads) + 1, : len(word.of_tokens)] = torch.from_numpy(
                word_weights(word.of_tokens, len(word.heads), self.settings["word"])
            )
        return {
            "word_weights": weights,
            "words": torch.arange(max(counts) + 1) <= torch.tensor(counts).unsqueeze(1),
            "heads": pad([word.heads for word in words], IGNORED),
            "relations": pad([word.relations for word in words], IGNORED),
        }

    def decode(self, outputs: dict[str, Tensor], features: Sequence[Feature]) -> list[Tree]:
        """Find the best tree of each sentence."""
        trees = []
        for arcs, relations, feature in zip(
            outputs["arcs"].numpy(), outputs["relations"].numpy(), features, strict=True
        ):
            n = len(feature.details.heads)
            heads = maximum_spanning_tree(arcs[:n, : n + 1])
            labels = relations[np.arange(n), heads]
            trees.append(Tree(tuple(heads), tuple(self.labels[label] for label in labels)))
        return trees

    def predictions(
        self, decoded: Sequence[Tree], features: Sequence[Feature], examples: Sequence[TreeSentence]
    ) -> list[Tree]:
        """Give each sentence its tree; one that was too long becomes a chain."""
        trees = {feature.example: tree for feature, tree in zip(features, decoded, strict=True)}
        return [
            trees[index] if index in trees else self._chain(len(sentence.words))
            for index, sentence in enumerate(examples)
        ]

    def _chain(self, words: int) -> Tree:
        """Attach each word to the one before it."""
        root = min(self.of_root, key=lambda name: (-self.of_root[name], name))
        return Tree(tuple(range(words)), (root, *itertools.repeat(UNKNOWN, words - 1)))

    def score(
        self, predictions: Sequence[Tree], examples: Sequence[TreeSentence]
    ) -> dict[str, Score]:
        """Compute attachment scores in percent; see `attachment_scores`."""
        return attachment_scores(predictions, examples)

    def write(
        self,
        predictions: Sequence[Tree],
        examples: Sequence[TreeSentence],
        source: Path,
        path: Path,
    ) -> None:
        """Write the CoNLL-U file `source` with predicted heads and relations."""
        words = itertools.chain.from_iterable(
            zip(tree.heads, tree.relations, strict=True) for tree in predictions
        )
        # A carriage return may stand inside a word, and ends no line.
        with (
            source.open(encoding="utf-8", newline="\n") as lines,
            path.open("w", encoding="utf-8", newline="\n") as out,
        ):
            out.writelines(_with_predictions(lines, words))


def relations_seen(sentences: Sequence[TreeSentence]) -> tuple[Counter[str], Counter[str]]:
    """Count the relations, without their subtypes, of words with head 0, and of other words.

    A treebank calls the relation of the root as it likes (root, ROOT), and may use it elsewhere.
    """
    of_root: Counter[str] = Counter()
    of_others: Counter[str] = Counter()
    for sentence in sentences:
        for head, relation in zip(sentence.heads, sentence.relations, strict=True):
            (of_others if head else of_root)[without_subtype(relation)] += 1
    return of_root, of_others


def relation_labels(sentences: Sequence[TreeSentence]) -> tuple[str, ...]:
    """Return the relations of sentences without their subtypes, in alphabetical order.

    Relations of the root stand where `root` does, so that their name changes no number.
    """
    of_root, of_others = relations_seen(sentences)
    names = of_root | of_others
    return tuple(sorted(names, key=lambda name: (ROOT if name in of_root else name, name)))


def word_weights(of_tokens: Sequence[int | None], words: int, kind: str) -> np.ndarray:
    """Return the weights (words + 1 x tokens) with which tokens make up the vector of a word.

    Row 0 is the root, for which the first token stands ([CLS]). `kind` is `first` (a word is its
    first wordpiece) or `mean` (of its wordpieces).
    """
    weights = np.zeros((words + 1, len(of_tokens)), dtype=np.float32)
    weights[0, 0] = 1
    for token, word in enumerate(of_tokens):
        if word is not None and (kind == "mean" or not weights[word + 1].any()):
            weights[word + 1, token] = 1
    return weights / weights.sum(axis=1, keepdims=True)


def _with_predictions(lines: Iterable[str], words: Iterator[tuple[int, str]]) -> Iterator[str]:
    """Put the next head and relation in each word's line; empty nodes and their graph go."""
    for line in lines:
        columns = line.split("\t")
        if len(columns) > 1 and "." in columns[0]:
            continue
        if columns[0].isdigit():
            head, relation = next(words)
            columns[6:9] = [str(head), relation, "_"]
        yield "\t".join(columns)


TASK = Parsing
