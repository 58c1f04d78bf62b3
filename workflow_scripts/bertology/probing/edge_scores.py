"""Probe one phenomenon in one model: edge probes of all inputs, and the controls beside them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from bertology.activations import Activations, open_activations
from bertology.corpora.groups import group_numbers
from bertology.corpora.kinds import read_kind, split_path
from bertology.corpora.shapes import SPLITS, SpanSentence
from bertology.device import available_device
from bertology.errors import InputError
from bertology.files import write_json
from bertology.left_out import records, warn_of
from bertology.probing.codelength import online_codelength
from bertology.probing.control import control_labels, of_known_types, of_unseen_words
from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.edge import EdgeProbes
from bertology.probing.edge_rows import (
    last_epoch_row,
    majority_f1,
    mix_rows,
    place,
    score_rows,
    scored_labels,
    sentence_rows,
)
from bertology.probing.files import SENTENCES, Row, write_parquet, write_scores
from bertology.probing.inputs import MIXES, Input
from bertology.probing.side_by_side import Progress
from bertology.probing.targets import ProbeData, align, known_labels
from bertology.probing.training import Schedule, Training, best_probes, predict, train_edge_probes

logger = logging.getLogger(__name__)

UNSEEN = "f1_unseen"
LEAST_COVERAGE = 50.0
"""Percent of test targets, below which the control task says little of a score."""
PREDICTIONS = ("input", "layer", "sentence", "target", "gold", "predicted")
Splits = Mapping[str, Sequence[SpanSentence]]


@dataclass(frozen=True)
class EdgeTask:
    """A phenomenon as one model sees it: splits aligned with its activations.

    labels: those of train; scored: which of them count, bool, (labels,).
    """

    labels: tuple[str, ...]
    scored: np.ndarray
    train: ProbeData
    dev: ProbeData
    test: ProbeData

    @classmethod
    def of(cls, activations: Activations, splits: Splits, phenomenon: str) -> "EdgeTask":
        """Align the splits. InputError for a split left empty, or if no label would count."""
        labels = known_labels(splits["train"])
        aligned = {name: align(activations, each, labels) for name, each in splits.items()}
        for name, data in aligned.items():
            if not len(data.labels):
                found = f"{name} data: found no target that can be used, but {data.left_out}"
                raise InputError(f"{found}; allowed: at least one")
        aligned["train"] = aligned["train"].with_moments()
        return cls(labels, scored_labels(phenomenon, labels), **aligned)

    def control(self, seed: int) -> "EdgeTask":
        """Draw the labels by word type; dev and test are the targets whose types are all in train.

        Of the others nothing that is learnt tells the labels.
        """
        train, dev, test = (
            replace(data, labels=control_labels(data.words, self.train.labels, seed)).of_targets(
                of_known_types(data.words, self.train.words)
            )
            for data in (self.train, self.dev, self.test)
        )
        return replace(self, train=train, dev=dev, test=test)


def probe_edges(
    data_folder: Path,
    activations_folder: Path,
    outputs: Mapping[str, Path],
    phenomenon: str,
    schedule: Schedule,
    controls: str,
    seed: int,
    threads: int,
) -> None:
    """Train and score the edge probes of one phenomenon on one model's activations.

    data_folder: train, dev and test as edge-probing JSON lines. controls: `all`, `mix` or `none`,
    the inputs for which the control task and the codelength are computed too. `outputs` names the
    files to write:
    - scores: CSV with the columns SCORES. `f1`, `majority_f1` and, on targets whose words had no
      label in training, `f1_unseen`, in percent; `last_epoch` (1: best in the last one allowed);
      of the mixes `mix_weight` and `mix_scale`; of controls see _control_rows and _codelength_rows;
    - sentences: Parquet with the columns SENTENCES, for intervals;
    - predictions: Parquet, for each input and test target its gold and its predicted labels;
    - summary: JSON with what was left out of each split and why, how training went, and which
      inputs are `unfinished`: their best epoch is the last one allowed.

    Raises InputError if a split has no target that can be used.
    """
    torch.set_num_threads(threads)
    training = Training(schedule, seed, available_device())
    activations = open_activations(activations_folder)
    splits = {name: read_kind("edges", split_path("edges", data_folder, name)) for name in SPLITS}
    task = EdgeTask.of(activations, splits, phenomenon)
    inputs: list[Input] = [*MIXES, *range(len(activations.layers))]
    progress, probes = _train(task, inputs, training)
    unfinished = _unfinished("", progress, schedule)
    predicted = _predicted(probes, task, training)
    rows = [*_score_rows(task, inputs, predicted), *mix_rows(probes)]
    rows += [last_epoch_row(each, each in unfinished) for each in inputs]
    controlled = [each for each in inputs if controls == "all" or each == controls]
    if controlled:
        of_controlled = predicted[[inputs.index(each) for each in controlled]]
        rows += _control_rows(task, controlled, of_controlled, training)
        rows += _codelength_rows(task, controlled, training)
    groups = group_numbers([each.document for each in splits["test"]])
    by_sentence = _sentence_rows(task, inputs, predicted, groups)
    write_scores(outputs["scores"], rows)
    write_parquet(outputs["sentences"], by_sentence, SENTENCES)
    write_parquet(outputs["predictions"], _predictions(inputs, predicted, task), PREDICTIONS)
    summary = _summary(task, progress, unfinished)
    warn_of(summary["left_out"])
    write_json(outputs["summary"], summary)


def _train(
    task: EdgeTask, inputs: Sequence[Input], training: Training
) -> tuple[dict[Input, Progress], EdgeProbes]:
    progress = train_edge_probes(task.train, task.dev, inputs, training)
    return progress, best_probes(progress, task.train)


def _predicted(probes: EdgeProbes, task: EdgeTask, training: Training) -> np.ndarray:
    """Labels given to test targets: bool, (inputs, targets, labels)."""
    return predict(probes, task.test, training.schedule.batch_sentences) >= 0


def _unfinished(what: str, progress: Mapping[Input, Progress], schedule: Schedule) -> list[Input]:
    """List the inputs whose best epoch is the last one allowed, and warn of them."""
    last = schedule.most_epochs
    unfinished = [each for each, state in progress.items() if state.best_epoch == last]
    if unfinished:
        found = f"{what}best in the last epoch allowed, {last}: {', '.join(map(str, unfinished))}"
        logger.warning("%s; with more epochs they may score higher", found)
    return unfinished


def _score_rows(task: EdgeTask, inputs: Sequence[Input], predicted: np.ndarray) -> Iterator[Row]:
    """Give the scores of all inputs, also on unseen words, and of the answer always the same."""
    gold = task.test.labels
    yield from score_rows(inputs, predicted, gold, task.labels, task.scored)
    unseen = _unseen(task)
    if unseen.any():
        for each, value in zip(inputs, _f1(task, predicted, unseen), strict=True):
            row = {**place(each), "metric": UNSEEN, "n": int(unseen.sum())}
            yield {**row, "value": value}
    majority = majority_f1(task.train.labels, gold, task.scored)
    yield {"metric": "majority_f1", "value": majority, "n": len(gold)}


def _sentence_rows(
    task: EdgeTask, inputs: Sequence[Input], predicted: np.ndarray, groups: Sequence[int]
) -> Iterator[Row]:
    """Give what each test sentence adds to the scores of each input."""
    for metric, chosen in (("f1", np.full(len(task.test.labels), True)), (UNSEEN, _unseen(task))):
        test = task.test.of_targets(chosen)
        of_chosen = predicted[:, chosen]
        yield from sentence_rows(
            inputs, of_chosen, test.labels, test.sentences, groups, task.scored, metric
        )


def _unseen(task: EdgeTask) -> np.ndarray:
    """Say which test targets have words that had no label in training: bool, (targets,).

    None where no label that counts is among theirs, for there is nothing to score.
    """
    unseen = of_unseen_words(task.test.words, task.train.words)
    return unseen & task.test.labels[unseen][:, task.scored].any()


def _f1(task: EdgeTask, predicted: np.ndarray, chosen: np.ndarray) -> list[float]:
    """Score each input's predictions for some test targets: micro-F1 over the labels that count."""
    counts = confusion_counts(predicted[:, chosen], task.test.labels[None, chosen])
    scores: list[float] = micro_f1(counts[:, task.scored]).tolist()
    return scores


def _control_rows(
    task: EdgeTask, inputs: Sequence[Input], predicted: np.ndarray, training: Training
) -> Iterator[Row]:
    """Give each input's F1 on the control task, how far that reaches, and the selectivity.

    The control task is scored on the test targets whose word types are all in training targets;
    `control_coverage` is their share in percent. Selectivity is the score on these targets less the
    control score: not the score on all targets less that. It is empty where fewer than half are
    covered, for it would say little of the score beside it.
    """
    known = of_known_types(task.test.words, task.train.words)
    coverage = 100 * float(known.mean())
    for each in inputs:
        row = {**place(each), "n": len(known)}
        yield {**row, "metric": "control_coverage", "value": coverage}
    control = task.control(training.seed)
    if not (len(control.dev.labels) and len(control.test.labels)):
        logger.warning("no control task: no target of dev, or of test, has known word types alone")
        return
    logger.info("control task")
    progress, probes = _train(control, inputs, training)
    _unfinished("control task: ", progress, training.schedule)
    every = np.full(len(control.test.labels), True)
    found = _f1(control, _predicted(probes, control, training), every)
    for each, score, value in zip(inputs, _f1(task, predicted, known), found, strict=True):
        row = {**place(each), "n": len(every)}
        gain = score - value if coverage >= LEAST_COVERAGE else np.nan
        yield {**row, "metric": "control_f1", "value": value}
        yield {**row, "metric": "selectivity", "value": gain}


def _codelength_rows(task: EdgeTask, inputs: Sequence[Input], training: Training) -> Iterator[Row]:
    """Give each input's online codelength, that of a uniform code, and how often the first fits."""
    lengths = online_codelength(task.train, task.dev, inputs, training)
    for each, length in lengths.items():
        row = {**place(each), "n": len(task.train.labels)}
        yield {**row, "metric": "codelength_bits", "value": length.online}
        yield {**row, "metric": "uniform_bits", "value": length.uniform}
        yield {**row, "metric": "compression", "value": length.compression}


def _predictions(inputs: Sequence[Input], predicted: np.ndarray, task: EdgeTask) -> pd.DataFrame:
    """Tabulate gold and predicted labels, joined by blanks, one row an input and test target.

    `sentence` is the sentence's line in the test data, from 0; `target` counts the targets that
    were used.
    """
    gold = _joined(task.test.labels, task.labels)
    tables = [
        pd.DataFrame(
            {
                **place(each),
                "sentence": task.test.sentences,
                "target": np.arange(len(gold)),
                "gold": gold,
                "predicted": _joined(of_input, task.labels),
            }
        )
        for each, of_input in zip(inputs, predicted, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


def _joined(marked: np.ndarray, labels: Sequence[str]) -> list[str]:
    return [" ".join(labels[column] for column in np.flatnonzero(row).tolist()) for row in marked]


def _summary(
    task: EdgeTask, progress: Mapping[Input, Progress], unfinished: Sequence[Input]
) -> dict[str, Any]:
    splits = {"train": task.train, "dev": task.dev, "test": task.test}
    return {
        "targets": {name: len(data.labels) for name, data in splits.items()},
        "left_out": [
            record
            for name, data in splits.items()
            for record in records(
                name, "target", len(data.labels) + sum(data.left_out.values()), data.left_out
            )
        ],
        "labels": task.labels,
        "labels_that_count": [
            label for label, counts in zip(task.labels, task.scored, strict=True) if counts
        ],
        "epochs": {str(each): state.epochs for each, state in progress.items()},
        "best_epoch": {str(each): state.best_epoch for each, state in progress.items()},
        "best_dev_loss": {str(each): -state.best for each, state in progress.items()},
        "unfinished": [str(each) for each in unfinished],
    }
