"""Fine-tune an encoder on a task, or train the task's head alone."""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim import AdamW
from torch.utils.data import Sampler
from transformers import PreTrainedModel, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import PrinterCallback
from transformers.utils.logging import disable_progress_bar

from bertology.corpora.groups import group_names
from bertology.device import available_device
from bertology.encoder_tokenizers import copy_tokenizer, load_tokenizer
from bertology.encoders import load_encoder, maximum_tokens
from bertology.errors import InputError
from bertology.files import atomic_folder, read_json, write_json
from bertology.finetuning.model import TaskModel, apply_variant, parameter_groups, uses_bfloat16
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.reproducible import seed_everything
from bertology.finetuning.resuming import (
    Unfinished,
    learned,
    load_optimizer,
    load_random,
    name_of,
    put_back,
    reading,
    save_optimizer,
    save_random,
    save_tensors,
)
from bertology.finetuning.sampling import SimilarLengths, part
from bertology.finetuning.task import Feature, Head, Score, Task, collate_inputs, task_class
from bertology.left_out import records, warn_of
from bertology.memory import keep_freed_memory
from bertology.provenance import package_versions, sha256
from bertology.variants import FULL, WHOLE, part_of

logger = logging.getLogger(__name__)

SPLITS = ("train", "dev", "test")
POINTS_OF_LOSS_CURVE = 100
DEVELOPMENT = "dev_"


def finetune(
    task: str,
    encoder_folder: Path,
    task_folder: Path,
    out_folder: Path,
    variant: str,
    settings: Mapping[str, Any],
    seed: int,
    precision: str,
    threads: int,
    code: str = "",
) -> None:
    """Train on `train`, choose the epoch on `dev`, score once on `test`; write to `out_folder`.

    task: name of a module of this package (parsing, inference, question_answering), which finds
        its examples in task_folder as train, dev and test in the task's public format.
    variant: full, untuned, freeze-<k>, keep-<k> (see `apply_variant`); each also -of-<percent> of
        the training data, drawn with the seed.
    settings: learning_rate (of the encoder), head_learning_rate_factor, batch_size, epochs,
        longest (tokens), warmup_fraction, weight_decay, clip, and the task's own.
    precision: float32, bfloat16 (autocast of the encoder) or auto (see `uses_bfloat16`).
    code: a name for the code; with other code, as with other data or settings, it begins anew.

    Written are the files of `write_results`, `summary.json` (precision, how much there is, what was
    left out or shortened) and, for `full` alone, whose encoder is kept, the Hugging Face folder
    `encoder/`. A call that was killed is taken up after the last epoch that it ended (see
    `resuming`). InputError for unusable input.
    """
    values = (task, variant, dict(settings), seed, precision, threads, code)
    unfinished = Unfinished(out_folder, made_from(encoder_folder, task_folder, values))
    run = prepare_run(
        task, encoder_folder, task_folder, variant, settings, seed, precision, threads
    )
    trainer = run.trainer(unfinished)
    with atomic_folder(out_folder) as folder:
        trainer.train(resume_from_checkpoint=unfinished.newest())
        put_back(run.predictor.model, trainer.best_weights)
        write_results(trainer, run.test, task, folder)
        write_json(folder / "summary.json", run.summary)
        if variant == FULL:
            save_encoder(run.predictor.model.encoder, encoder_folder, folder / "encoder")
    unfinished.remove()


def made_from(encoder_folder: Path, task_folder: Path, values: Sequence[Any]) -> str:
    """Name what a training depends on: the files' contents, all other values, the packages."""
    contents = [sha256(encoder_folder), sha256(task_folder)]
    return name_of([contents, values, package_versions()])


def trace(
    task: str,
    encoder_folder: Path,
    task_folder: Path,
    out_folder: Path,
    settings: Mapping[str, Any],
    seed: int,
    precision: str,
    threads: int,
    steps: Sequence[int],
) -> None:
    """Train as `finetune` does for `full`, as far as the last of `steps`; keep the encoder of each.

    steps: numbers of optimizer steps after which the encoder is saved; 0 is the start. Written are
    the Hugging Face folders `step-<n>/`. Otherwise as `finetune`; InputError also for steps that
    training does not reach.
    """
    run = prepare_run(task, encoder_folder, task_folder, FULL, settings, seed, precision, threads)
    with atomic_folder(out_folder) as folder, TemporaryDirectory() as scratch:
        trainer = run.trainer(Unfinished(Path(scratch, "training"), "now"))
        trainer.add_callback(EncoderSaver(encoder_folder, folder, steps))
        trainer.train()


@dataclass(frozen=True)
class Run:
    """A training run that can begin: model and data, and what its summary says of these."""

    predictor: Predictor
    train: Split
    development: Split
    test: Split
    settings: Mapping[str, Any]
    seed: int
    summary: Mapping[str, Any]

    def trainer(self, unfinished: Unfinished) -> "TaskTrainer":
        """Give what trains it, and keeps in `unfinished` what it can be taken up from."""
        return TaskTrainer(
            self.predictor, self.train, self.development, self.settings, self.seed, unfinished
        )


def prepare_run(
    task: str,
    encoder_folder: Path,
    task_folder: Path,
    variant: str,
    settings: Mapping[str, Any],
    seed: int,
    precision: str,
    threads: int,
) -> Run:
    """Read data and encoder of a run; arguments and errors are those of `finetune`."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    disable_progress_bar()
    tokenizer = load_tokenizer(encoder_folder)
    kind = task_class(task)
    paths = {name: task_folder / f"{name}.{kind.extension}" for name in SPLITS}
    whole, percent = part_of(variant)
    examples = read_examples(kind, paths, percent, seed)
    chosen = kind(tokenizer, settings, examples["train"])
    model = build_model(chosen, encoder_folder, whole, precision, settings["longest"], seed)
    predictor = Predictor(model, chosen, tokenizer, settings["batch_size"])
    (train, development, test), counted = encode_splits(chosen, paths, examples)
    refuse_nothing_to_learn(train, settings["longest"])
    summary = {"precision": model.named_precision, **counted}
    return Run(predictor, train, development, test, settings, seed, summary)


def read_examples(
    kind: type[Task], paths: Mapping[str, Path], percent: int, seed: int
) -> dict[str, list[Any]]:
    """Read the splits; keep so many percent of the training data, drawn with the seed."""
    examples = {name: kind.read(path) for name, path in paths.items()}
    if percent != WHOLE:
        examples["train"] = part(examples["train"], percent, seed)
    return examples


def encode_splits(
    task: Task, paths: Mapping[str, Path], examples: Mapping[str, list[Any]]
) -> tuple[list[Split], dict[str, Any]]:
    """Cut each split into features; count these, and what is left out or changed, and log that."""
    splits: list[Split] = []
    left_out: list[dict[str, Any]] = []
    for name, of_split in examples.items():
        features, counts = task.features(of_split, name == "train")
        splits.append(Split(paths[name], of_split, features))
        left_out += records(name, task.unit, len(of_split), counts)
    warn_of(left_out)
    counted = dict(zip(examples, (len(split.features) for split in splits), strict=True))
    used = {"training_examples": len(examples["train"]), "features": counted}
    return splits, {**used, "left_out": left_out}


def refuse_nothing_to_learn(train: Split, longest: int) -> None:
    """Raise InputError for training data that are all too long."""
    if not train.features:
        allowed = f"some of at most longest = {longest} tokens"
        raise InputError.at(train.path, None, "only examples that are too long", allowed)


def build_model(
    task: Task, encoder_folder: Path, variant: str, precision: str, longest: int, seed: int
) -> TaskModel:
    """Load an encoder, fix or remove layers, and put a head on it that the seed initialises."""
    encoder = load_encoder(encoder_folder)
    most = maximum_tokens(encoder)
    if longest > most:
        raise InputError.at(encoder_folder, None, f"longest = {longest} tokens", f"at most {most}")
    apply_variant(encoder, variant)
    seed_everything(seed)
    model = TaskModel(encoder, task.head(encoder.config), uses_bfloat16(precision))
    logger.info("the encoder computes in %s", model.named_precision)
    return model.to(available_device())


def save_encoder(encoder: PreTrainedModel, base: Path, folder: Path) -> None:
    """Write weights and configuration to a new folder, with the tokenizer of the folder `base`."""
    encoder.save_pretrained(folder)
    copy_tokenizer(base, folder)


class EncoderSaver(TrainerCallback):
    """Saves the encoder after given numbers of optimizer steps, and ends training with the last.

    base: the folder that the encoder was loaded from. Each is saved as `step-<n>` in `folder`.
    """

    def __init__(self, base: Path, folder: Path, steps: Sequence[int]) -> None:
        self.base = base
        self.folder = folder
        self.steps = frozenset(steps)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Save the start, and refuse steps that training will not reach."""
        beyond = sorted(step for step in self.steps if step > state.max_steps)
        if beyond:
            raise InputError(
                f"trajectory.steps: found {beyond[0]}; allowed: 0 to {state.max_steps}, the steps "
                "of this training"
            )
        self.on_step_end(args, state, control, **kwargs)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Save after this step if it was asked for."""
        step = state.global_step
        if step in self.steps:
            save_encoder(kwargs["model"].encoder, self.base, self.folder / f"step-{step}")
        control.should_training_stop |= step == max(self.steps)


class ProgressLogger(TrainerCallback):
    """Writes the loss curve and development scores to the log."""

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float], **kwargs: Any
    ) -> None:
        """Log one line."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in logs.items())
        logger.info("step %d of %d: %s", state.global_step, state.max_steps, values)


class TaskTrainer(Trainer):
    """The Trainer of Hugging Face, with a task's own evaluation, keeping the best epoch.

    best, best_weights, best_step: development scores of the epoch whose selection metric is highest
    (the first of equals), what had been learned by then, and its last step; empty before training.

    After each epoch but the last, all that the next one depends on goes to `unfinished`. The
    Trainer's own files of that are pickles; ours take their place.
    """

    def __init__(
        self,
        predictor: Predictor,
        train: Split,
        development: Split,
        settings: Mapping[str, Any],
        seed: int,
        unfinished: Unfinished,
    ) -> None:
        self.predictor = predictor
        self.unfinished = unfinished
        self.best: dict[str, Score] = {}
        self.best_weights: dict[str, Tensor] = {}
        self.best_step = 0
        model = predictor.model
        train, development = map(predictor.with_stored_states, (train, development))
        self.development = development
        optimizer = AdamW(
            parameter_groups(
                model,
                settings["learning_rate"],
                settings["head_learning_rate_factor"],
                settings["weight_decay"],
            ),
            fused=True,
        )
        steps = math.ceil(len(train.features) / settings["batch_size"]) * settings["epochs"]
        super().__init__(
            model=model,
            args=training_arguments(settings, seed, unfinished.root.parent, steps),
            data_collator=self.collate,
            train_dataset=train.features,
            eval_dataset=development.features,
            callbacks=[ProgressLogger()],
            optimizers=(optimizer, None),
        )
        self.remove_callback(PrinterCallback)

    def collate(self, batch: Sequence[Feature]) -> dict[str, dict[str, Tensor]]:
        """Stack features to what TaskModel takes."""
        return {
            "inputs": collate_inputs(batch, self.predictor.tokenizer),
            "targets": self.predictor.task.targets(batch),
        }

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Score development data; keep the weights if they are the best so far."""
        scores = self.predictor.evaluate(self.development)
        metric = self.predictor.task.selection_metric
        if not self.best or scores[metric].value > self.best[metric].value:
            self.best = scores
            self.best_step = self.state.global_step
            self.best_weights = {
                name: weight.detach().cpu().clone()
                for name, weight in learned(self.predictor.model).items()
            }
        values = {f"{DEVELOPMENT}{name}": score.value for name, score in scores.items()}
        self.log(dict(values))
        return values

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler:
        lengths = [len(feature) for feature in self.train_dataset]
        return SimilarLengths(lengths, self.args.train_batch_size)

    # What follows are the Trainer's own steps of saving and taking up, without its pickles.

    def _save_checkpoint(self, model: TaskModel, trial: Any) -> None:
        """Keep what the next epoch depends on, if there is one."""
        step = self.state.global_step
        if step == self.state.max_steps:
            return
        with atomic_folder(self.unfinished.epoch(step)) as folder:
            write_json(folder / TRAINER_STATE_NAME, asdict(self.state))
            save_tensors(learned(self.predictor.model), folder / "weights.safetensors")
            save_tensors(self.best_weights, folder / "best.safetensors")
            write_json(folder / "best.json", self._best())
            write_json(folder / "loss.json", self._loss())
            save_optimizer(self.optimizer, self.lr_scheduler, folder)
            save_random(folder)
        self.unfinished.forget_all_but(self.unfinished.epoch(step))

    def _best(self) -> dict[str, Any]:
        scores = {
            name: [score.numerators.tolist(), score.denominators.tolist()]
            for name, score in self.best.items()
        }
        return {"step": self.best_step, "scores": scores}

    def _loss(self) -> dict[str, Any]:
        """Return the sum of losses since the last row of the loss curve, and that row's step."""
        return {"sum": self._tr_loss.item(), "since": self._globalstep_last_logged}

    def _load_from_checkpoint(self, folder: Path, model: Any = None) -> None:
        with reading(folder):
            put_back(self.predictor.model, load_file(folder / "weights.safetensors"))
            self.best_weights = load_file(folder / "best.safetensors")
            best = read_json(folder / "best.json")
        self.best_step, scores = best["step"], best["scores"]
        self.best = {name: Score(*map(np.array, parts)) for name, parts in scores.items()}

    def _load_optimizer_and_scheduler(self, folder: Path | None) -> None:
        if folder is not None:
            with reading(folder):
                load_optimizer(self.optimizer, self.lr_scheduler, folder)

    def _load_rng_state(self, folder: Path) -> None:
        """Put back random numbers and, what the Trainer forgets, the losses not yet logged."""
        with reading(folder):
            load_random(folder)
            loss = read_json(folder / "loss.json")
        self._tr_loss += loss["sum"]
        self._globalstep_last_logged = loss["since"]
        logger.info("taken up after step %d of %d", self.state.global_step, self.state.max_steps)


def training_arguments(
    settings: Mapping[str, Any], seed: int, folder: Path, steps: int
) -> TrainingArguments:
    """Set up linear decay after warm-up, gradient clipping, and evaluation after each epoch."""
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings["epochs"],
        per_device_train_batch_size=settings["batch_size"],
        lr_scheduler_type="linear",
        warmup_steps=settings["warmup_fraction"],
        max_grad_norm=settings["clip"],
        seed=seed,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_steps=math.ceil(steps / POINTS_OF_LOSS_CURVE),
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        report_to=[],
    )


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
