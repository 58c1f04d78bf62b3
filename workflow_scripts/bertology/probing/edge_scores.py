"""Probe one phenomenon in one model: edge probes of all inputs, and the controls beside them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from bertology.activations import Activations, open_activations
from bertology.corpora.groups import group_numbers
from bertology.corpora.kinds import read_kind, split_path
from bertology.corpora.shapes import SPLITS, SpanSentence
from bertology.errors import InputError
from bertology.files import write_json
from bertology.left_out import records, warn_of
from bertology.probing.codelength import online_codelength
from bertology.probing.control import control_task
from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.edge import MIX, EdgeProbes
from bertology.probing.edge_rows import (
    Input,
    majority_f1,
    mix_rows,
    place,
    score_rows,
    scored_labels,
    sentence_rows,
)
from bertology.probing.files import SENTENCES, Row, write_parquet, write_scores
from bertology.probing.side_by_side import Progress
from bertology.probing.targets import ProbeData, align, known_labels
from bertology.probing.training import Schedule, Training, best_probes, predict, train_edge_probes

logger = logging.getLogger(__name__)

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
        return cls(labels, scored_labels(phenomenon, labels), **aligned)


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
    - scores: CSV with the columns SCORES; F1 in percent, codelengths in bits;
    - sentences: Parquet with the columns SENTENCES, for intervals;
    - predictions: Parquet, for each input and test target its gold and its predicted labels;
    - summary: JSON with what was left out of each split and why, and how training went.

    Raises InputError if a split has no target that can be used.
    """
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training = Training(schedule, seed, device)
    activations = open_activations(activations_folder)
    splits = {name: read_kind("edges", split_path("edges", data_folder, name)) for name in SPLITS}
    task = EdgeTask.of(activations, splits, phenomenon)
    inputs: list[Input] = [MIX, *range(len(activations.layers))]
    progress, probes = _train(task, inputs, training)
    predicted = _predicted(probes, task, training)
    rows = [*_score_rows(task, inputs, predicted), *mix_rows(probes)]
    controlled = [each for each in inputs if controls == "all" or each == controls]
    if controlled:
        drawn = {name: control_task(each, splits["train"], seed) for name, each in splits.items()}
        control = EdgeTask.of(activations, drawn, phenomenon)
        scores = dict(zip(inputs, _f1(task, predicted), strict=True))
        rows += _control_rows(control, controlled, scores, training)
        rows += _codelength_rows(task, controlled, training)
    groups = group_numbers([each.document for each in splits["test"]])
    by_sentence = sentence_rows(
        inputs, predicted, task.test.labels, task.test.sentences, groups, task.scored
    )
    write_scores(outputs["scores"], rows)
    write_parquet(outputs["sentences"], by_sentence, SENTENCES)
    write_parquet(outputs["predictions"], _predictions(inputs, predicted, task), PREDICTIONS)
    summary = _summary(task, progress)
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


def _f1(task: EdgeTask, predicted: np.ndarray) -> list[float]:
    """Score each input's predictions for test targets: micro-F1 over the labels that count."""
    counts = confusion_counts(predicted, task.test.labels[None])
    scores: list[float] = micro_f1(counts[:, task.scored]).tolist()
    return scores


def _score_rows(task: EdgeTask, inputs: Sequence[Input], predicted: np.ndarray) -> Iterator[Row]:
    """Give the scores of all inputs, and of the answer that is always the same."""
    gold = task.test.labels
    yield from score_rows(inputs, predicted, gold, task.labels, task.scored)
    majority = majority_f1(task.train.labels, gold, task.scored)
    yield {"metric": "majority_f1", "value": majority, "n": len(gold)}


def _control_rows(
    control: EdgeTask,
    inputs: Sequence[Input],
    scores: Mapping[Input, float],
    training: Training,
) -> Iterator[Row]:
    """Give each input's F1 on the control task, and its selectivity, the gain over that."""
    logger.info("control task")
    _, probes = _train(control, inputs, training)
    found = _f1(control, _predicted(probes, control, training))
    for each, value in zip(inputs, found, strict=True):
        row = {**place(each), "n": len(control.test.labels)}
        yield {**row, "metric": "control_f1", "value": value}
        yield {**row, "metric": "selectivity", "value": scores[each] - value}


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


def _summary(task: EdgeTask, progress: Mapping[Input, Progress]) -> dict[str, Any]:
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
        "best_dev_f1": {str(each): state.best for each, state in progress.items()},
    }
