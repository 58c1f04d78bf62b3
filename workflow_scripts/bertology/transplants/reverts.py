"""What a task's score owes to each layer's change: layers put back, under the trained head.

Parts of a tuned encoder get their pretrained weights again, and the task is scored on test data,
with nothing retrained. Zhang, Bengio & Singer 2019 ("Are all layers created equal?") reset layers
of trained networks in this way.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from bertology.corpora.groups import group_names
from bertology.device import available_device
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder
from bertology.files import atomic_folder, write_json
from bertology.finetuning.model import TaskModel
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.results import example_table, score_table
from bertology.finetuning.runs import build_model
from bertology.finetuning.sampling import chosen_numbers
from bertology.finetuning.task import Score, task_class
from bertology.left_out import records, warn_of
from bertology.transplants.names import FIRST, LAST, NONE, SINGLE
from bertology.transplants.parts import transplanted
from bertology.variants import FULL

TEST = "test"


class Revert(NamedTuple):
    """What is put back: `part` and `layers` as of `transplants.names`."""

    part: str
    layers: int

    def parts(self, depth: int) -> range:
        """Return the numbers of the encoder's parts (see `transplants.parts`)."""
        return {
            NONE: range(0),
            SINGLE: range(self.layers, self.layers + 1),
            FIRST: range(self.layers + 1),
            LAST: range(depth - self.layers + 1, depth + 1),
        }[self.part]


def all_reverts(depth: int) -> list[Revert]:
    """List what is put back of an encoder of `depth` layers: first nothing, at last all layers.

    The pretrained encoder with the tuned embeddings and first k layers is `last` of depth - k, so
    that transplants in the other direction are among these.
    """
    return [
        Revert(NONE, 0),
        *(Revert(SINGLE, layer) for layer in range(1, depth + 1)),
        *(Revert(FIRST, layers) for layers in range(depth + 1)),
        *(Revert(LAST, layers) for layers in range(1, depth + 1)),
    ]


class RevertedEncoder:
    """The encoder of a tuned model, parts of which are put back to the pretrained weights."""

    def __init__(self, model: TaskModel, pretrained: PreTrainedModel) -> None:
        self.model = model
        self.pretrained = pretrained
        self.apart = model.prefix.apart
        self.depth = len(self.apart.stack)
        self.reverts = all_reverts(self.depth)

    def last_states(self, inputs: dict[str, Tensor]) -> Iterator[Tensor]:
        """Give last hidden states (batch x tokens x hidden, float32), for each of `reverts`.

        Layers below the first one that a revert changes are not run again: their hidden states are
        those of the tuned encoder, or of the pretrained one where the embeddings are put back.
        """
        tuned = self._run(inputs)
        with transplanted(self.model.encoder, self.pretrained, range(self.depth + 1)):
            restored = self._run(inputs)
        for revert in self.reverts:
            yield self._reverted(revert, inputs, tuned, restored).last_hidden_state.float()

    def _reverted(
        self,
        revert: Revert,
        inputs: dict[str, Tensor],
        tuned: BaseModelOutput,
        restored: BaseModelOutput,
    ) -> BaseModelOutput:
        parts = revert.parts(self.depth)
        if len(parts) in (0, self.depth + 1):
            return restored if parts else tuned
        below, first = (restored, parts[-1]) if 0 in parts else (tuned, parts[0] - 1)
        with (
            transplanted(self.model.encoder, self.pretrained, parts),
            self.apart.only_if_possible(first, self.depth, below.hidden_states[first]),
        ):
            return self._run(inputs)

    def _run(self, inputs: dict[str, Tensor]) -> BaseModelOutput:
        with self.model.precision():
            output: BaseModelOutput = self.model.encoder(**inputs, output_hidden_states=True)
        return output


def revert_layers(
    task: str,
    run_folder: Path,
    pretrained_folder: Path,
    task_folder: Path,
    out_folder: Path,
    settings: Mapping[str, Any],
    chosen: Mapping[str, Any],
    precision: str,
    threads: int,
) -> None:
    """Score a tuned model with parts of its encoder put back (`all_reverts`); write that.

    task, task_folder, settings, precision: as of `finetune`, which wrote the encoder and the head
        in run_folder. chosen: examples (the most test examples to score on; None: all) and seed,
        which draws them, the same ones for each model of a task.

    Written are `scores.csv` (part, layers, metric, value, n), `examples.parquet` (part, layers, and
    the columns that the run's own has; `example` is the number in the test data), `summary.json`.
    Part `none` is the tuned model itself, on these examples. Raises InputError for an encoder that
    does not fit the pretrained one.
    """
    torch.set_num_threads(threads)
    predictor, test = _load_model(task, run_folder, task_folder, settings, precision)
    reverted = RevertedEncoder(predictor.model, load_encoder(pretrained_folder))
    reverted.pretrained.to(available_device())
    examples = predictor.task.read(test)
    numbers = chosen_numbers(len(examples), chosen["examples"], chosen["seed"])
    kept = [examples[number] for number in numbers]
    features, counts = predictor.task.features(kept, False)
    left_out = records(TEST, predictor.task.unit, len(kept), counts)
    warn_of(left_out)
    split = Split(test, kept, features)
    predictions = predictor.predict_each(split, reverted.reverts, reverted.last_states)
    scores = {revert: predictor.task.score(of, kept) for revert, of in predictions.items()}
    with atomic_folder(out_folder) as folder:
        _write(scores, numbers, group_names(kept), folder)
        counted = {"examples": len(kept), "of": len(examples)}
        write_json(folder / "summary.json", {**counted, "left_out": left_out})


def _load_model(
    task: str, run_folder: Path, task_folder: Path, settings: Mapping[str, Any], precision: str
) -> tuple[Predictor, Path]:
    """Load a tuned encoder with its head; give also the file of the test data."""
    encoder_folder = run_folder / "encoder"
    tokenizer = load_tokenizer(encoder_folder)
    kind = task_class(task)
    training = kind.read(task_folder / f"train.{kind.extension}")
    of_task = kind(tokenizer, settings, training)
    model = build_model(of_task, encoder_folder, FULL, precision, settings["longest"], seed=0)
    model.head.load_state_dict(load_file(run_folder / "head.safetensors"))
    predictor = Predictor(model, of_task, tokenizer, settings["batch_size"])
    return predictor, task_folder / f"test.{kind.extension}"


def _write(
    scores: Mapping[Revert, Mapping[str, Score]],
    numbers: np.ndarray,
    groups: Sequence[str],
    folder: Path,
) -> None:
    of_scores, of_examples = [], []
    for revert, of_revert in scores.items():
        table = example_table(of_revert, groups)
        table["example"] = numbers[table["example"]]
        of_examples.append(_named(table, revert))
        of_scores.append(_named(score_table({TEST: of_revert}).drop(columns="split"), revert))
    pd.concat(of_scores).to_csv(folder / "scores.csv", index=False)
    pd.concat(of_examples).to_parquet(folder / "examples.parquet", index=False)


def _named(table: pd.DataFrame, revert: Revert) -> pd.DataFrame:
    table.insert(0, "part", revert.part)
    table.insert(1, "layers", revert.layers)
    return table
