"""What a training that was killed is taken up from: all that its next epoch depends on.

It lies beside the folder that the training will write, where Snakemake, which deletes what an
unfinished job has written, does not look. No pickle: tensors are safetensors, all else is JSON.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from bertology.errors import InputError
from bertology.files import read_json, write_json


class Unfinished:
    """What there is of a training that will write `out_folder`, until that is there.

    made_from: a name for all that the training depends on. What was made from anything else is
        deleted, never taken up.
    """

    def __init__(self, out_folder: Path, made_from: str) -> None:
        self.root = out_folder.with_name(f".resume-{out_folder.name}")
        self.folder = self.root / made_from
        for other in self.root.glob("*"):
            if other != self.folder:
                shutil.rmtree(other)

    def newest(self) -> Path | None:
        """Return the folder of the last epoch that ended, if one did."""
        return max(self._epochs(), key=lambda path: int(path.suffix[1:]), default=None)

    def epoch(self, step: int) -> Path:
        """Return the folder for what there is after so many steps."""
        return self.folder / f"epoch.{step}"

    def forget_all_but(self, *kept: Path) -> None:
        """Delete the other epochs."""
        for path in self._epochs():
            if path not in kept:
                shutil.rmtree(path)

    def remove(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _epochs(self) -> list[Path]:
        return list(self.folder.glob("epoch.*"))


def name_of(values: Any) -> str:
    """Return 16 hexadecimal digits for values that JSON can hold, keys in whatever order."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Turn what is raised by broken files of an epoch into InputError, which says what helps."""
    try:
        yield
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        allowed = "the files of an epoch that ended; delete this folder, and training begins anew"
        raise InputError.at(folder, None, f"a broken file ({error})", allowed) from error


def learned(model: nn.Module) -> dict[str, Tensor]:
    """Return what learns in a model, by name; a weight that is shared has one name."""
    return {name: each for name, each in model.named_parameters() if each.requires_grad}


@torch.no_grad()
def put_back(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give all that learns in a model the values that it had."""
    for name, parameter in learned(model).items():
        parameter.copy_(weights[name])


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors by name, wherever they are."""
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, path)


def save_optimizer(optimizer: Optimizer, scheduler: Any, folder: Path) -> None:
    """Write what an optimizer and its schedule of learning rates have come to."""
    state = optimizer.state_dict()
    tensors = {
        f"{number}.{name}": tensor
        for number, of_parameter in state["state"].items()
        for name, tensor in of_parameter.items()
    }
    save_tensors(tensors, folder / "optimizer.safetensors")
    plain = {"groups": state["param_groups"], "scheduler": scheduler.state_dict()}
    write_json(folder / "optimizer.json", plain)


def load_optimizer(optimizer: Optimizer, scheduler: Any, folder: Path) -> None:
    """Read what `save_optimizer` wrote."""
    plain = read_json(folder / "optimizer.json")
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in load_file(folder / "optimizer.safetensors").items():
        number, name = key.split(".")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})
    scheduler.load_state_dict(plain["scheduler"])


def save_random(folder: Path) -> None:
    """Write the states of the random numbers of Python, NumPy, and PyTorch on each device."""
    kind, keys, *rest = np.random.get_state()
    plain = {"python": random.getstate(), "numpy": [kind, np.asarray(keys).tolist(), *rest]}
    write_json(folder / "random.json", plain)
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    tensors = {"cpu": torch.get_rng_state(), **{str(n): each for n, each in enumerate(devices)}}
    save_tensors(tensors, folder / "random.safetensors")


def load_random(folder: Path) -> None:
    """Read what `save_random` wrote."""
    plain = read_json(folder / "random.json")
    version, numbers, gauss = plain["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(tuple(plain["numpy"]))
    tensors = load_file(folder / "random.safetensors")
    torch.set_rng_state(tensors.pop("cpu"))
    for device, state in tensors.items():
        torch.cuda.set_rng_state(state, int(device))
