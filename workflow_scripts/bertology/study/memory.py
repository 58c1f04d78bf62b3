"""How much memory, and disk, jobs need that hold encoders: for clusters, in MiB.

Upper bounds that were held against measured ones (tests/unit/test_memory_needs.py). A
missing folder is a FileNotFoundError that names it, which Snakemake takes for "not known yet".
"""

import errno
import json
import math
import os
from pathlib import Path
from typing import NamedTuple

FLOAT32 = 4
MIB = 2**20
LIBRARIES = {0: 900, 1: 3700}
"""A process with PyTorch and Transformers, and the examples of a task, by the number of its GPUs:
on one the largest job of MPNet took 3.6 GiB of the machine's memory, with its weights."""
TRAINED_COPIES = 6
"""Of the weights: themselves, gradients, two moments, the best epoch's, and what is saved."""
MATRICES = 12
"""Of attention, in numbers of two bytes kept for each pair of tokens and head: 11.3 were measured
with BERT (scaled dot products of PyTorch on a CPU), 3.3 with MPNet; Korthikanti et al. have 5."""
GROWTH = 1.25
"""What a training takes at its end beyond what its first steps of full length need: 1.22 with
MiniLM, whether or not freed memory is given back to the system meanwhile."""
STORED = 2 * 1024
"""What fixed layers give for training and development data (see finetuning/prediction.py)."""

KEPT_COPIES = 4
"""Of them in what an epoch keeps: themselves, the best epoch's, two moments."""
KEPT_EPOCHS = 2
"""While one takes the place of the one before."""
HEAD = 100
"""Room for the head's part in all this, its predictions and tables."""

NAMES = {
    "layers": ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers"),
    "width": ("hidden_size", "dim", "emb_dim", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_heads", "n_head", "encoder_attention_heads"),
}
"""As configurations of Hugging Face call them."""
OTHERWISE = {"layers": 24, "width": 1024, "heads": 16}
"""A large encoder's, where a configuration has none of these names (FNet has no heads)."""


class Size(NamedTuple):
    """What an encoder's size is made of; weights in MiB as float32."""

    weights: float
    layers: int
    width: int
    heads: int


def encoder_size(folder: Path, below: str = "") -> Size:
    """Read it off a Hugging Face folder, or one below it, whose weights are not loaded."""
    must_be_there(folder)
    config = json.loads(Path(folder, below, "config.json").read_text(encoding="utf-8"))
    numbers = _numbers(Path(folder, below, "model.safetensors"))
    sizes = {
        each: next((config[name] for name in names if name in config), OTHERWISE[each])
        for each, names in NAMES.items()
    }
    return Size(numbers * FLOAT32 / MIB, **sizes)


def must_be_there(path: Path) -> None:
    """Raise the FileNotFoundError that names a folder or file which is missing."""
    if not Path(path).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _numbers(weights: Path) -> int:
    """Count the numbers in a safetensors file by its header: eight bytes of length, then JSON."""
    with weights.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    header.pop("__metadata__", None)
    return sum(math.prod(tensor["shape"]) for tensor in header.values())


def training_mb(folder: Path, batch_size: int, longest: int, fixed_layers: bool, gpus: int) -> int:
    """Fine-tune an encoder on batches of so many sequences of at most so many tokens, in float32.

    fixed_layers: some are, and what they give is stored.
    gpus: 1 where a GPU has in its own memory what is kept for the backward pass, otherwise 0.

    """
    return training_mb_of(encoder_size(folder), batch_size, longest, fixed_layers, gpus)


def training_mb_of(size: Size, batch_size: int, longest: int, fixed_layers: bool, gpus: int) -> int:
    """Do so with an encoder of this size.

    What is kept for the backward pass of a layer is that of Korthikanti et al. (2022, "Reducing
    activation recomputation in large Transformer models", equation 1), there for two bytes, with
    more MATRICES.
    """
    kept = 34 + MATRICES * size.heads * longest / size.width
    activations = FLOAT32 / 2 * size.layers * batch_size * longest * size.width * kept / MIB
    stored = STORED if fixed_layers else 0
    copies = LIBRARIES[gpus] + TRAINED_COPIES * size.weights
    return math.ceil(stored + (copies if gpus else GROWTH * (copies + activations)))


def training_disk_mb(folder: Path, saved: int) -> int:
    """Fine-tune an encoder that is saved so many times, and keep what a killed training needs."""
    return math.ceil(HEAD + (saved + KEPT_EPOCHS * KEPT_COPIES) * encoder_size(folder).weights)


def running_mb(folder: Path, encoders: int, tokens: int, gpus: int, below: str = "") -> int:
    """Run so many encoders of one size over batches of so many tokens, all hidden states kept."""
    size = encoder_size(folder, below)
    states = 4 * (size.layers + 1) * tokens * size.width * FLOAT32 / MIB
    return math.ceil(LIBRARIES[gpus] + encoders * size.weights + states)


def probing_mb(cache: Path, copies: int, gpus: int) -> int:
    """Probe a cache of activations of which so many copies are in memory, mapped files included."""
    must_be_there(cache)
    size = sum(path.stat().st_size for path in Path(cache).iterdir()) / MIB
    return math.ceil(LIBRARIES[gpus] + copies * size)
