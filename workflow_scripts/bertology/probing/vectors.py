"""Edge probes on vectors that one already has: no cache, no corpus, no files."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bertology.corpora.shapes import SPLITS
from bertology.device import available_device
from bertology.errors import InputError
from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.inputs import MIX, Input
from bertology.probing.targets import ProbeData
from bertology.probing.training import Schedule, Training, best_probes, predict, train_edge_probes

AT_MOST = Schedule(learning_rate=1e-3, batch_sentences=64, most_epochs=50, clip=5.0)
"""How probes are trained, with each vector as a sentence of its own."""


def probe_vectors(
    layers: Sequence[np.ndarray],
    labels: Sequence[str],
    splits: Sequence[str],
    seed: int = 1,
    schedule: Schedule = AT_MOST,
) -> pd.DataFrame:
    """Probe each layer, and the learned mix of all, for one label of each vector.

    layers: arrays (vectors, width), any float type; row i is of the same thing in each. labels and
    splits: (vectors,); a split is train, dev (which chooses the epoch) or test (which is scored).
    Returns a row for each probe: `input` (mix, or the layer's number), `f1` on test in percent,
    `majority_f1` (of who always says the most frequent label of train) and `unfinished` (its best
    epoch is the last one allowed). InputError for arrays that do not fit, a split that is empty,
    or a label that train has not.
    """
    names, parts = np.asarray(labels), np.asarray(splits)
    _check(layers, names, parts)
    known = np.unique(names[parts == "train"])
    marked = names[:, None] == known
    train, development, test = (_data(layers, marked, parts == split) for split in SPLITS)
    inputs: list[Input] = [MIX, *range(len(layers))]
    training = Training(schedule, seed, available_device())
    progress = train_edge_probes(train, development, inputs, training)
    logits = predict(best_probes(progress, train), test, schedule.batch_sentences)
    most_frequent = np.zeros_like(test.labels)
    most_frequent[:, train.labels.sum(axis=0).argmax()] = True
    return pd.DataFrame(
        {
            "input": [str(each) for each in inputs],
            "f1": micro_f1(confusion_counts(logits >= 0, test.labels)),
            "majority_f1": float(micro_f1(confusion_counts(most_frequent, test.labels))),
            "unfinished": [p.best_epoch == schedule.most_epochs for p in progress.values()],
        }
    )


def _check(layers: Sequence[np.ndarray], labels: np.ndarray, splits: np.ndarray) -> None:
    shapes = sorted({np.shape(layer) for layer in layers})
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise InputError(f"layers: found the shapes {shapes}; allowed: one, (vectors, width)")
    for name, values in (("labels", labels), ("splits", splits)):
        if values.shape != shapes[0][:1]:
            raise InputError(f"{name}: found {values.shape}; allowed: {shapes[0][:1]}, as vectors")
    found = np.unique(splits).tolist()
    if set(found) != set(SPLITS):
        raise InputError(f"splits: found {found}; allowed: all of {list(SPLITS)}")
    unknown = np.setdiff1d(labels, labels[splits == "train"]).tolist()
    if unknown:
        raise InputError(f"labels: found {unknown}, which train has not; allowed: labels of train")


def _data(layers: Sequence[np.ndarray], labels: np.ndarray, chosen: np.ndarray) -> ProbeData:
    """Take each chosen vector for a sentence whose one target is a span of one token."""
    rows = np.flatnonzero(chosen)
    spans = np.stack([rows, rows + 1], axis=-1)[None]
    words = ((("",),),) * len(rows)
    return ProbeData(list(layers), spans, labels[rows], np.arange(len(rows)), words, {})
