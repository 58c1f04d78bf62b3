"""An encoder with a task's head, and what is fixed in it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from bertology.encoders import freeze_all, freeze_prefix, truncate
from bertology.errors import InputError
from bertology.finetuning.prefix import FixedPrefix
from bertology.finetuning.task import Head
from bertology.variants import FULL, KINDS, UNTUNED, parsed

STORED = "stored_states"
"""The input, beside the encoder's own, that holds the output of its fixed layers."""


class TaskModel(nn.Module):
    """An encoder and a head; `bfloat16` runs the encoder, not the head, in that precision."""

    def __init__(self, encoder: PreTrainedModel, head: Head, bfloat16: bool) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.prefix = FixedPrefix(encoder)
        self.in_bfloat16 = bfloat16

    def forward(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of a batch, under the name that the Trainer looks for."""
        return {"loss": self.head.loss(self.hidden(inputs), targets)}

    def hidden(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return last hidden states (batch x tokens x hidden, float32) of the encoder's inputs.

        Where the output of its fixed layers is stored in `inputs`, only the others are run.
        """
        own = {name: tensor for name, tensor in inputs.items() if name != STORED}
        with self.precision():
            if STORED in inputs:
                return self.prefix.run_rest(inputs[STORED], own).float()
            return self.encoder(**own).last_hidden_state.float()

    def stored_states(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return the output (batch x tokens x hidden, float32) of the encoder's fixed layers."""
        with self.precision():
            return self.prefix.run(inputs).float()

    @property
    def named_precision(self) -> str:
        """The precision of the encoder as the configuration calls it."""
        return "bfloat16" if self.in_bfloat16 else "float32"

    def precision(self) -> torch.autocast:
        """Run what is inside in the precision of the encoder."""
        device = next(self.parameters()).device.type
        return torch.autocast(device, torch.bfloat16, enabled=self.in_bfloat16)


APPLY: dict[str, Callable[[PreTrainedModel, int], None]] = {
    "freeze": freeze_prefix,
    "keep": truncate,
}
"""What each kind of variant in `variants.KINDS` does with its number of layers."""

NATIVE_BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""Instructions of CPUs that multiply in bfloat16, as `torch.cpu.get_capabilities` names them."""


def apply_variant(encoder: PreTrainedModel, variant: str) -> None:
    """Fix or remove layers of an encoder, in place.

    `full` changes nothing; `untuned` fixes the whole encoder; `freeze-k` fixes the embeddings and
    the first k layers; `keep-k` removes all but the first k layers. Raises InputError otherwise.
    """
    kind = parsed(variant)
    if kind is not None:
        APPLY[kind[0]](encoder, kind[1])
    elif variant == UNTUNED:
        freeze_all(encoder)
    elif variant != FULL:
        allowed = ", ".join([FULL, UNTUNED, *(f"{name}-<k>" for name in KINDS)])
        raise InputError(f"variant: found {variant!r}; allowed: {allowed}")


def uses_bfloat16(precision: str) -> bool:
    """Say whether `precision` (float32, bfloat16, auto) means bfloat16 on this machine.

    `auto` takes it where the hardware computes in it: a GPU that does, or else a CPU with
    instructions for it. Elsewhere it would be emulated, which takes longer than float32.
    """
    if precision != "auto":
        return precision == "bfloat16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in NATIVE_BFLOAT16)


def parameter_groups(
    model: TaskModel, learning_rate: float, head_factor: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Group what learns by learning rate (encoder, head) and weight decay.

    Biases and the weights of normalisations, which are the vectors, do not decay. The encoder's
    groups come first; a group without parameters is left out.
    """
    groups = []
    for module, rate in ((model.encoder, learning_rate), (model.head, head_factor * learning_rate)):
        learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
        matrices = [parameter for parameter in learning if parameter.ndim > 1]
        vectors = [parameter for parameter in learning if parameter.ndim == 1]
        groups.append({"params": matrices, "lr": rate, "weight_decay": weight_decay})
        groups.append({"params": vectors, "lr": rate, "weight_decay": 0.0})
    return [group for group in groups if group["params"]]
