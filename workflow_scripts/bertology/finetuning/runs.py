"""Fine-tune an encoder on a task, or train the head alone: from data to what a run leaves."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback
from transformers.utils.logging import disable_progress_bar

from bertology.corpora.shapes import SPLITS
from bertology.device import available_device
from bertology.encoder_tokenizers import copy_tokenizer, load_tokenizer
from bertology.encoders import load_encoder, maximum_tokens
from bertology.errors import InputError
from bertology.files import atomic_folder, write_json
from bertology.finetuning.model import TaskModel, apply_variant, uses_bfloat16
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.reproducible import seed_everything
from bertology.finetuning.results import write_results
from bertology.finetuning.resuming import Unfinished, name_of, put_back
from bertology.finetuning.sampling import part
from bertology.finetuning.task import Task, task_class
from bertology.finetuning.trainer import TaskTrainer
from bertology.left_out import records, warn_of
from bertology.memory import keep_freed_memory
from bertology.provenance import package_versions, sha256
from bertology.variants import FULL, WHOLE, part_of

logger = logging.getLogger(__name__)


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

    def trainer(self, unfinished: Unfinished) -> TaskTrainer:
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
