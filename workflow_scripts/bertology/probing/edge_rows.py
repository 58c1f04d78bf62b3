"""What edge probes found, as rows of tables."""

from collections.abc import Iterator, Sequence

import numpy as np

from bertology.errors import InputError
from bertology.probing.counts import COUNTS, confusion_counts, micro_f1
from bertology.probing.edge import EdgeProbes
from bertology.probing.files import Row
from bertology.probing.inputs import MIXES, Input


def scored_labels(phenomenon: str, labels: Sequence[str]) -> np.ndarray:
    """Say which labels count for the score of a phenomenon: bool, (labels,).

    Coreference counts "1" alone, and semantic roles count no reference or continuation (R-, C-), as
    in jiant v1; published scores that count all labels are higher. InputError if none would count.
    """
    if phenomenon == "coreference":
        chosen = np.array([label == "1" for label in labels])
    elif phenomenon == "semantic_roles":
        chosen = np.array([not label.startswith(("R-", "C-")) for label in labels])
    else:
        chosen = np.ones(len(labels), dtype=bool)
    if not chosen.any():
        found = f"{phenomenon}: found no label that counts among {', '.join(labels)}"
        raise InputError(f'{found}; allowed: "1" for coreference, others than R- and C- for roles')
    return chosen


def place(each: Input) -> Row:
    """Give the columns that name an input."""
    if each in MIXES:
        return {"input": each, "layer": ""}
    return {"input": "layer", "layer": str(each)}


def score_rows(
    inputs: Sequence[Input],
    predicted: np.ndarray,
    gold: np.ndarray,
    labels: Sequence[str],
    scored: np.ndarray,
) -> Iterator[Row]:
    """Give each input's micro-F1, and F1 and confusion counts for each label.

    predicted: bool, (inputs, targets, labels); gold: bool, (targets, labels).
    """
    for each, counts in zip(inputs, confusion_counts(predicted, gold[None]), strict=True):
        score = micro_f1(counts[scored])
        yield {**place(each), "metric": "f1", "value": float(score), "n": len(gold)}
        for label, of_label in zip(labels, counts, strict=True):
            row = {**place(each), "label": label, "n": int(of_label[0] + of_label[2])}
            yield {**row, "metric": "f1", "value": float(micro_f1(of_label[None]))}
            for name, count in zip(COUNTS, of_label, strict=True):
                yield {**row, "metric": name, "value": int(count)}


def majority_f1(train: np.ndarray, gold: np.ndarray, scored: np.ndarray) -> float:
    """Score the answer that is always the same: labels (targets, labels), bool -> F1 in percent.

    It gives each label that more than half of the training targets have, or else the most frequent
    one; among the labels that count.
    """
    shares = np.where(scored, train.mean(axis=0), -1)
    answer = shares > 0.5 if (shares > 0.5).any() else shares == shares.max()
    always = np.broadcast_to(answer, gold.shape)
    return float(micro_f1(confusion_counts(always, gold)[scored]))


def last_epoch_row(each: Input, unfinished: bool) -> Row:
    """Say whether an input's probe was best in the last epoch allowed: more may be to be had."""
    return {**place(each), "metric": "last_epoch", "value": int(unfinished), "n": 1}


def mix_rows(probes: EdgeProbes) -> Iterator[Row]:
    """Give each mix's weight of each layer and its scale (gamma), where there are mixes."""
    weights, scales = probes.layer_weights().tolist(), probes.mix_scale.tolist()
    for mix, of_layers, scale in zip(probes.mixes, weights, scales, strict=False):
        for layer, weight in enumerate(of_layers):
            row = {"input": mix, "layer": layer, "metric": "mix_weight", "value": weight}
            yield {**row, "n": 1}
        yield {**place(mix), "metric": "mix_scale", "value": scale, "n": 1}


def sentence_rows(
    inputs: Sequence[Input],
    predicted: np.ndarray,
    gold: np.ndarray,
    sentences: np.ndarray,
    groups: Sequence[int],
    scored: np.ndarray,
    metric: str = "f1",
) -> Iterator[Row]:
    """Give what each test sentence adds to an input's F1: 200 TP over 2 TP + FP + FN.

    sentences: (targets,), the number of each target's sentence. groups: that of each sentence.
    metric: what this F1 is called.
    """
    numbers, starts = np.unique(sentences, return_index=True)
    for each, of_input in zip(inputs, predicted, strict=True):
        right = (of_input & gold)[:, scored].sum(axis=1)
        given = of_input[:, scored].sum(axis=1) + gold[:, scored].sum(axis=1)
        sums = (200 * np.add.reduceat(right, starts), np.add.reduceat(given, starts))
        for number, numerator, denominator in zip(numbers, *sums, strict=True):
            row = {**place(each), "metric": metric, "sentence": int(number)}
            row["group"] = groups[number]
            yield {**row, "numerator": int(numerator), "denominator": int(denominator)}
