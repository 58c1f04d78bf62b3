"""Labelled spans over words, as rows of a cache of activations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import pandas as pd

from bertology.activations import Activations
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.probing.texts import sentence_key

NO_ROW = -1
Words = tuple[tuple[str, ...], ...]
"""The words of a target in lower case, span by span: what it is as a type."""
TOO_LONG = "sentence longer than the encoder takes"
UNKNOWN = "label unknown in training"


@dataclass(frozen=True)
class ProbeData:
    """Targets of one split with the activations they are read from.

    layers: one array (tokens, width) per layer, memory-mapped; layer 0 is the embedding layer.
    spans: (slots, targets, 2): first row of each span in `layers`, and the row after its last;
        slots is 2 for pairs of spans, else 1.
    labels: (targets, labels), bool, one column for each label known in training.
    sentences: (targets,): number of each target's sentence; never falls.
    words: of each target.
    left_out: number of targets that cannot be used, by reason.
    moments: (2, layers, width): mean and standard deviation of the tokens that probes learn from,
        where a probe reads normalised layers (see `with_moments`).
    """

    layers: list[np.ndarray]
    spans: np.ndarray
    labels: np.ndarray
    sentences: np.ndarray
    words: tuple[Words, ...]
    left_out: dict[str, int]
    moments: np.ndarray | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """Give the sizes that probes of these data have, by the names of EdgeProbes."""
        return {
            "layers": len(self.layers),
            "width": self.layers[0].shape[1],
            "labels": self.labels.shape[1],
            "slots": len(self.spans),
        }

    def batches(self, size: int, generator: np.random.Generator | None) -> Iterator[np.ndarray]:
        """Give the numbers of the targets of `size` sentences at a time, in random order if any."""
        bounds = np.flatnonzero(np.diff(self.sentences, prepend=-1, append=np.inf))
        order = np.arange(len(bounds) - 1)
        if generator is not None:
            generator.shuffle(order)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            yield np.concatenate([np.arange(bounds[i], bounds[i + 1]) for i in chosen])

    def of_sentences(self, numbers: np.ndarray) -> "ProbeData":
        """Return the targets of some sentences alone."""
        return self.of_targets(np.isin(self.sentences, numbers))

    def of_targets(self, chosen: np.ndarray) -> "ProbeData":
        """Return some targets alone: bool, (targets,)."""
        return replace(
            self,
            spans=self.spans[:, chosen],
            labels=self.labels[chosen],
            sentences=self.sentences[chosen],
            words=tuple(compress(self.words, chosen)),
        )

    def with_moments(self) -> "ProbeData":
        """Measure mean and standard deviation of the tokens in spans, each token once."""
        rows = np.unique(np.concatenate([rows_of_spans(slot)[0] for slot in self.spans]))
        moments = np.stack([_moments(layer[rows]) for layer in self.layers], axis=1)
        return replace(self, moments=moments)


def rows_of_spans(spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List the rows of spans (targets, 2) one after another, and the number of each row's span."""
    lengths = spans[:, 1] - spans[:, 0]
    members = np.repeat(np.arange(len(spans)), lengths)
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) - before[members] + spans[members, 0], members


def _moments(vectors: np.ndarray) -> np.ndarray:
    """Return mean and standard deviation of each dimension: (tokens, width) -> (2, width)."""
    centred = vectors.astype(np.float32)
    mean = centred.mean(axis=0, dtype=np.float64)
    centred -= mean
    variance = np.square(centred, out=centred).mean(axis=0, dtype=np.float64)
    return np.stack([mean, np.sqrt(variance)]).astype(np.float32)


_Kept = tuple[int, np.ndarray, list[int], Words]
"""Of a target: number of its sentence, rows of its spans, columns of its labels, words."""


def known_labels(sentences: Sequence[SpanSentence]) -> tuple[str, ...]:
    """List the labels of (training) data in alphabetical order."""
    found = {label for each in sentences for target in each.targets for label in target.labels}
    return tuple(sorted(found))


def align(
    activations: Activations, sentences: Sequence[SpanSentence], labels: Sequence[str]
) -> ProbeData:
    """Find the rows of each target's tokens.

    The stimuli of `activations` are named by their words (`texts.sentence_key`), each of which has
    a token there. Left out and counted are targets of sentences that the cache has not, and targets
    with a label that is not among `labels`.
    """
    words = rows_of_words(activations.tokens, [sentence.words for sentence in sentences])
    column = {label: number for number, label in enumerate(labels)}
    left_out: Counter[str] = Counter()
    kept: list[_Kept] = []
    for number, (sentence, (firsts, ends)) in enumerate(zip(sentences, words, strict=True)):
        for target in sentence.targets:
            if (firsts == NO_ROW).all():
                left_out[TOO_LONG] += 1
            elif not all(label in column for label in target.labels):
                left_out[UNKNOWN] += 1
            else:
                spans = _rows_of_spans(target, firsts, ends)
                columns = [column[label] for label in target.labels]
                kept.append((number, spans, columns, words_of(sentence, target)))
    return _gathered(activations.layers, kept, len(labels), dict(left_out))


def words_of(sentence: SpanSentence, target: SpanTarget) -> Words:
    """Give the words of a target."""
    return tuple(
        tuple(word.lower() for word in sentence.words[first:end]) for first, end in target.spans
    )


def rows_of_words(
    tokens: pd.DataFrame, sentences: Sequence[Sequence[str]]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each sentence, the first row of each word and the row after its last, or NO_ROW."""
    keys = [sentence_key(words) for words in sentences]
    found = {
        key: (np.full(len(words), NO_ROW), np.full(len(words), NO_ROW))
        for key, words in zip(keys, sentences, strict=True)
    }
    rows = tokens.assign(row=np.arange(len(tokens)))[~tokens["special"].to_numpy(bool)]
    rows = rows[rows["sentence"].isin(found)]
    bounds = rows.groupby(["sentence", "word"], sort=False)["row"].agg(["min", "max"]).reset_index()
    columns = (bounds[name].to_numpy() for name in ("sentence", "word", "min", "max"))
    for sentence, word, first, last in zip(*columns, strict=True):
        firsts, ends = found[sentence]
        firsts[word], ends[word] = first, last + 1
    return [found[key] for key in keys]


def _rows_of_spans(target: SpanTarget, firsts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.array([(firsts[first], ends[end - 1]) for first, end in target.spans])


def _gathered(
    layers: list[np.ndarray],
    kept: Sequence[_Kept],
    labels: int,
    left_out: dict[str, int],
) -> ProbeData:
    marked = np.zeros((len(kept), labels), dtype=bool)
    for row, (_, _, columns, _) in enumerate(kept):
        marked[row, columns] = True
    spans = np.array([spans for _, spans, _, _ in kept], dtype=np.int64)
    sentences = np.array([number for number, _, _, _ in kept], dtype=np.int64)
    slots = spans.shape[1] if kept else 1
    by_slot = spans.reshape(len(kept), slots, 2).transpose(1, 0, 2)
    words = tuple(words for _, _, _, words in kept)
    return ProbeData(layers, by_slot, marked, sentences, words, left_out)
