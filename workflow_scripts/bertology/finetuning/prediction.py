"""Run a model over features without training: decode them, or keep a fixed encoder's output."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from bertology.finetuning.model import HIDDEN, TaskModel
from bertology.finetuning.task import Feature, Task, collate_inputs
from transformers import PreTrainedTokenizerBase as Tokenizer


@torch.no_grad()
def predict(
    model: TaskModel,
    task: Task,
    tokenizer: Tokenizer,
    features: Sequence[Feature],
    examples: Sequence[Any],
    batch_size: int,
) -> list[Any]:
    """Predict each example; the model is left in evaluation mode."""
    model.eval()
    device = next(model.parameters()).device
    decoded: list[Any] = [None] * len(features)
    for numbers in batches_by_length(features, batch_size):
        batch = [features[number] for number in numbers]
        inputs = collate_inputs(batch, tokenizer)
        outputs = model.outputs(*(_to(t, device) for t in (inputs, task.targets(batch))))
        for number, result in zip(numbers, task.decode(_to(outputs, "cpu"), batch), strict=True):
            decoded[number] = result
    return task.predictions(decoded, features, examples)
