"""Time of training the edge probes of all inputs, against re-encoding and against one at a time.

The size is that of the packaged MiniLM: a mix and 7 layers of 384; pairs of words with 50 labels,
one pair a word, as for dependency labels, in sentences as long as EWT's. Ours encodes the text once
and trains all probes side by side from the cache. Re-encoding, as jiant does, runs the text through
the encoder in each epoch of each probe (train and dev). One at a time trains each probe from the
cache by itself. All train for the same epochs, one thread. Run by `make bench`, or
`python benchmarks/edge_probes.py`.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from examples import SMALL, TOKENS_PER_BATCH, write_encoder, write_texts
from harness import OURS, Bar, Report

from bertology.activations import Activations, all_layers, open_activations, write_cache
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder
from bertology.probing.inputs import MIX
from bertology.probing.targets import ProbeData
from bertology.probing.training import Schedule, Training, train_edge_probes

SENTENCES, LABELS, EPOCHS = {"train": 80, "dev": 20}, 50, 5
INPUTS: list[str | int] = [MIX, *range(SMALL[0] + 1)]
TRAINING = Training(Schedule(2e-3, 10, EPOCHS, 5.0), 1, torch.device("cpu"))
ENCODED_AGAIN, ONE_BY_ONE = "re-encoding in each epoch", "one at a time"
TRAINED = "training all from the cache"
BARS = [
    Bar(ENCODED_AGAIN, least=10),
    Bar(ONE_BY_ONE, least=1, name=TRAINED),
    Bar(ONE_BY_ONE, least=1),
]


class Work:
    """A text, an encoder, and labels on pairs of words of the text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.encoder = load_encoder(write_encoder(folder / "encoder", *SMALL))
        self.tokenizer = load_tokenizer(folder / "encoder")
        for seed, (split, count) in enumerate(SENTENCES.items()):
            write_texts(folder / f"{split}.jsonl", count, seed)
        self.encode()

    def encode(self) -> None:
        for split in SENTENCES:
            paths = self.folder / f"{split}.jsonl", self.folder / split
            write_cache(self.encoder, self.tokenizer, *paths, TOKENS_PER_BATCH, all_layers)

    def data(self) -> list[ProbeData]:
        return [labelled(open_activations(self.folder / split)) for split in SENTENCES]

    def train(self, inputs: Sequence[str | int], epochs: int = EPOCHS) -> None:
        schedule = replace(TRAINING.schedule, most_epochs=epochs)
        train_edge_probes(*self.data(), inputs, replace(TRAINING, schedule=schedule))

    def ours(self) -> None:
        self.encode()
        self.train(INPUTS)

    def one_by_one(self) -> None:
        for each in INPUTS:
            self.train([each])

    def encoded_again(self) -> None:
        for each in INPUTS:
            for _ in range(EPOCHS):
                self.encode()
                self.train([each], epochs=1)


def labelled(cache: Activations) -> ProbeData:
    """Pair each word with a random one of its sentence, and label the pair."""
    generator = np.random.default_rng(0)
    rows = np.flatnonzero(~cache.tokens["special"].to_numpy())
    sentences, numbers = np.unique(cache.tokens["sentence"].iloc[rows], return_inverse=True)
    partners = np.empty_like(rows)
    for number in range(len(sentences)):
        of_sentence = rows[numbers == number]
        partners[numbers == number] = generator.choice(of_sentence, len(of_sentence))
    spans = np.stack([rows, partners])
    labels = np.eye(LABELS, dtype=bool)[generator.integers(0, LABELS, len(rows))]
    words = ((),) * len(rows)
    return ProbeData(
        cache.layers, np.stack([spans, spans + 1], axis=-1), labels, numbers, words, {}
    )


def main() -> int:
    torch.set_num_threads(1)
    report = Report("edge_probes")
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder))
        ways = {
            OURS: work.ours,
            TRAINED: lambda: work.train(INPUTS),
            ONE_BY_ONE: work.one_by_one,
            ENCODED_AGAIN: work.encoded_again,
        }
        report.measure("{} x {}".format(*SMALL), ways, BARS, warm=False)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
