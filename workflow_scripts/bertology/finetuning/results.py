"""What a training run leaves: scores, what each example adds to them, predictions, the head."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import save_file

from bertology.corpora.groups import group_names
from bertology.finetuning.prediction import Split
from bertology.finetuning.task import Head, Score, Task
from bertology.finetuning.trainer import DEVELOPMENT, TaskTrainer


def write_results(trainer: TaskTrainer, test: Split, kind: str, folder: Path) -> None:
    """Predict and score test data with the model as it is; write that, and how training went.

    kind: the task's name. Files are `training.csv` (loss curve and development scores),
    `scores.csv` (split, metric, value, n), `examples.parquet` (what each test example adds to each
    score), `predictions/test.<extension>` (in the task's public format), `head.safetensors` and
    `head.json`.
    """
    task, model = trainer.predictor.task, trainer.predictor.model
    predictions = trainer.predictor.predict(test)
    scores = task.score(predictions, test.examples)
    score_table({"dev": trainer.best, "test": scores}).to_csv(folder / "scores.csv", index=False)
    example_table(scores, group_names(test.examples)).to_parquet(
        folder / "examples.parquet", index=False
    )
    training_table(trainer).to_csv(folder / "training.csv", index=False)
    predicted = folder / "predictions" / f"test.{task.extension}"
    predicted.parent.mkdir()
    task.write(predictions, test.examples, test.path, predicted)
    save_head(model.head, task, kind, folder)


def training_table(trainer: TaskTrainer) -> pd.DataFrame:
    """Return the loss curve and development scores.

    Columns are step, epoch, loss, learning_rate, dev_<metric> and chosen. The learning rate is that
    of the encoder (of the head where the encoder is fixed), the loss a mean since the row before. A
    row holds either these two or development scores. `chosen` is 1 in the row of scores at the step
    whose weights are kept, else 0.
    """
    history = trainer.state.log_history
    rows = [row for row in history if "loss" in row or any(DEVELOPMENT in name for name in row)]
    table = pd.DataFrame(rows)
    scores = [name for name in table.columns if name.startswith(DEVELOPMENT)]
    table["chosen"] = ((table["step"] == trainer.best_step) & table["loss"].isna()).astype(int)
    return table[["step", "epoch", "loss", "learning_rate", *scores, "chosen"]]


def score_table(scores: Mapping[str, Mapping[str, Score]]) -> pd.DataFrame:
    """Return scores by split in long form: split, metric, value, n."""
    rows = [
        (split, metric, score.value, score.n)
        for split, of_split in scores.items()
        for metric, score in of_split.items()
    ]
    return pd.DataFrame(rows, columns=["split", "metric", "value", "n"])


def example_table(scores: Mapping[str, Score], groups: Sequence[str]) -> pd.DataFrame:
    """Return what each example adds to each score: metric, example, group, numerator, denominator.

    groups: each example's (see `corpora.groups`).
    """
    tables = [
        pd.DataFrame(
            {
                "metric": metric,
                "example": np.arange(len(score.numerators)),
                "group": groups,
                "numerator": score.numerators,
                "denominator": score.denominators,
            }
        )
        for metric, score in scores.items()
    ]
    return pd.concat(tables, ignore_index=True)


def save_head(head: Head, task: Task, kind: str, folder: Path) -> None:
    """Write the head's weights, and its task, labels and sizes."""
    save_file(
        {name: weight.cpu().contiguous() for name, weight in head.state_dict().items()},
        folder / "head.safetensors",
    )
    shapes = {name: list(weight.shape) for name, weight in head.state_dict().items()}
    description = {"task": kind, "labels": list(task.labels), "shapes": shapes}
    (folder / "head.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
