"""Time of fine-tuning, against the loop of Hugging Face's example scripts on the same model.

The scripts draw batches at random and pad each sequence to a fixed length, or (by an option) to the
longest of its batch; they validate in the order of the file; they compute in float32. Same model,
task, batch size, optimizer and number of examples. Lengths are those of EWT, MultiNLI and SQuAD: of
an epoch over 2,000 examples a few batches are run, evenly spaced by length (of the deep encoder
one), and a quarter as many examples of development data. One thread. Ours also in bfloat16 where
the processor computes in it, and with the first two thirds of the layers frozen, against full
tuning. Run by `make bench`, or `python benchmarks/finetuning.py`.
"""

import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import yaml
from examples import BASE, SMALL, write_encoder, write_task
from harness import OURS, REPOSITORY, Bar, Report
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.data import RandomSampler, Sampler
from transformers.utils.logging import disable_progress_bar

from bertology.encoder_tokenizers import load_tokenizer
from bertology.finetuning import prediction
from bertology.finetuning.model import TaskModel, uses_bfloat16
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.resuming import Unfinished
from bertology.finetuning.runs import build_model
from bertology.finetuning.sampling import SimilarLengths
from bertology.finetuning.task import task_class
from bertology.finetuning.trainer import TaskTrainer
from bertology.memory import keep_freed_memory

EXAMPLES = 2000
BATCHES = {SMALL: 4, BASE: 1}
ROUNDS = {SMALL: 3, BASE: 2}
FIXED, LONGEST = "padded to a fixed length", "padded to the longest"
IN_BFLOAT16, FROZEN, FULL_TUNING = "ours in bfloat16", "two thirds frozen", "full tuning"
BARS = [Bar(FIXED, least=1.6), Bar(LONGEST, least=1.6)]
BFLOAT16_BARS = [Bar(peer, least=4, name=IN_BFLOAT16) for peer in (FIXED, LONGEST)]
TWO_THIRDS = 2 / 3


class EvenlySpaced(Sampler[int]):
    """Some batches of an epoch, evenly spaced by the length of their longest sequence."""

    def __init__(self, epoch: Sampler[int], lengths: Sequence[int], size: int, count: int) -> None:
        numbers = list(epoch)
        batches = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        ordered = sorted(batches, key=lambda batch: max(lengths[number] for number in batch))
        places = np.linspace(0, len(ordered) - 1, count + 2)[1:-1].round().astype(int)
        self.numbers = [number for place in places for number in ordered[place]]

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)


class FixedLength(TaskModel):
    """Runs the encoder on inputs that are padded to a fixed length."""

    length = 0

    def hidden(self, inputs: dict[str, Tensor]) -> Tensor:
        longest = next(iter(inputs.values())).shape[1]
        padded = {name: pad(value, (0, self.length - longest)) for name, value in inputs.items()}
        return super().hidden(padded)[:, :longest]


def in_order(features: Sequence[object], size: int) -> Iterator[list[int]]:
    for start in range(0, len(features), size):
        yield list(range(start, min(start + size, len(features))))


@dataclass
class Training:
    """A few batches of a task with an encoder."""

    folder: Path
    task: str
    size: tuple[int, int]

    def __post_init__(self) -> None:
        config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
        self.settings = config["tasks"][self.task]
        self.encoder = self.folder / "{}x{}".format(*self.size)
        self.tokenizer = load_tokenizer(self.encoder)
        kind = task_class(self.task)
        paths = [self.folder / self.task / f"{name}.{kind.extension}" for name in ("train", "dev")]
        read = [kind.read(path) for path in paths]
        read[1] = read[1][: BATCHES[self.size] * self.settings["batch_size"] // 4]
        self.kind = kind(self.tokenizer, self.settings, read[0])
        self.splits = [
            Split(path, examples, self.kind.features(examples, True)[0])
            for path, examples in zip(paths, read, strict=True)
        ]

    def prepared(
        self, sampler: Callable, model_class: type, precision: str, variant: str, epochs: int
    ) -> Callable[[], object]:
        """Load the encoder and choose the batches; give what trains on them, and scores."""
        model = build_model(
            self.kind, self.encoder, variant, precision, self.settings["longest"], seed=1
        )
        model.__class__ = model_class
        model.length = self.settings["longest"]
        predictor = Predictor(model, self.kind, self.tokenizer, self.settings["batch_size"])
        lengths = [len(feature) for feature in self.splits[0].features]
        size, count = self.settings["batch_size"], BATCHES[self.size]
        chosen = EvenlySpaced(sampler(lengths, size), lengths, size, count)
        features = [self.splits[0].features[number] for number in chosen]
        train = self.splits[0]._replace(features=features)
        settings = {**self.settings, "epochs": epochs}

        def train_and_score() -> None:
            unfinished = Unfinished(self.folder / "out", "now")
            trainer = TaskTrainer(predictor, train, self.splits[1], settings, 1, unfinished)
            trainer._get_train_sampler = lambda *_: range(len(features))
            trainer.train()

        return train_and_score

    def ours(self, precision: str = "float32") -> Callable[[], object]:
        return self.prepared(SimilarLengths, TaskModel, precision, "full", epochs=1)

    def scripts(self, model_class: type) -> Callable[[], object]:
        """Train as the example scripts do."""
        train = self.prepared(
            lambda lengths, _: RandomSampler(lengths), model_class, "float32", "full", 1
        )

        def in_file_order() -> None:
            with patch.object(prediction, "batches_by_length", in_order):
                train()

        return in_file_order

    def epochs(self, variant: str) -> Callable[[], object]:
        """Train for as many epochs as the default study does, in the best precision here."""
        return self.prepared(SimilarLengths, TaskModel, "auto", variant, self.settings["epochs"])

    @property
    def frozen_bar(self) -> Bar:
        """A tenth above what layers cost that are run once, and in no epoch, backward included.

        In passes through all layers, a backward one being two: 3 in each epoch.
        """
        epochs = self.settings["epochs"]
        limit = (TWO_THIRDS + 3 * epochs * (1 - TWO_THIRDS)) / (3 * epochs)
        return Bar(FULL_TUNING, most=round(1.1 * limit, 2), name=FROZEN)


def measure(report: Report, folder: Path, task: str, size: tuple[int, int]) -> None:
    training = Training(folder, task, size)
    ways = {
        OURS: training.ours,
        IN_BFLOAT16: partial(training.ours, "bfloat16"),
        FIXED: partial(training.scripts, FixedLength),
        LONGEST: partial(training.scripts, TaskModel),
        FROZEN: partial(training.epochs, f"freeze-{round(TWO_THIRDS * size[0])}"),
        FULL_TUNING: partial(training.epochs, "full"),
    }
    bars = [*BARS, *BFLOAT16_BARS, training.frozen_bar]
    absent = set()
    if not uses_bfloat16("auto"):
        absent.add(IN_BFLOAT16)
    if size == BASE:  # of what takes longest, and differs little with the size
        absent.update((FIXED, FROZEN, FULL_TUNING))
    ways = {name: way for name, way in ways.items() if name not in absent}
    bars = [bar for bar in bars if not absent.intersection((bar.name, bar.peer))]
    report.measure(f"{task}, {size[0]} x {size[1]}", ways, bars, ROUNDS[size], warm=False)


def main() -> int:
    torch.set_num_threads(1)
    keep_freed_memory()
    logging.disable(logging.WARNING)
    disable_progress_bar()
    report = Report("finetuning")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in (SMALL, BASE):
            write_encoder(folder / "{}x{}".format(*size), *size)
        for task in ("parsing", "inference", "question_answering"):
            write_task(folder / task, task, {"train": EXAMPLES, "dev": EXAMPLES // 10})
            for size in (SMALL, BASE):
                measure(report, folder, task, size)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
