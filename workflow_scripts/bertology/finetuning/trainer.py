"""The Trainer of Hugging Face for our tasks: own evaluation, best epoch, saved without pickles."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.optim import AdamW
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import PrinterCallback

from bertology.files import atomic_folder, read_json, write_json
from bertology.finetuning.model import TaskModel, parameter_groups
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.resuming import (
    Unfinished,
    learned,
    load_optimizer,
    load_random,
    put_back,
    reading,
    save_optimizer,
    save_random,
    save_tensors,
)
from bertology.finetuning.sampling import SimilarLengths
from bertology.finetuning.task import Feature, Score, collate_inputs

logger = logging.getLogger(__name__)

POINTS_OF_LOSS_CURVE = 100
DEVELOPMENT = "dev_"


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
