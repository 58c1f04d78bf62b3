"""How long jobs take that hold encoders or probe them: for clusters, in minutes.

Upper bounds, several times what was measured (tests/unit/test_runtime_needs.py): a job that asks
for too little is killed. A missing folder is a FileNotFoundError that names it, which Snakemake
takes for "not known yet".
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bertology.study.memory import FLOAT32, MIB, encoder_size, must_be_there

START = 10
"""Minutes until a job computes: Python packages and weights from a network file system."""
RATE = {0: 5e10, 1: 1e13}
"""Operations a second of one processor core and of a GPU, as counted below: a slow one of each."""
READING = 2e8
"""Bytes a second of a cache of activations, which is read anew in each epoch."""
TOKENS_OF_A_WORD = 3
"""At most, with special tokens, padding, and the overlap of windows."""
BYTES_OF_A_TOKEN = 6
"""At least, in a file of stimuli with its names and tags."""
SEARCH = 30
"""The most steps of the search for noise, as in bertology/perturbation.py."""
PER_BYTE = 2000
"""Operations for each byte of a cache in an epoch of probes, controls included."""


class Splits(NamedTuple):
    """Tokens of a task's data, at most."""

    train: float
    dev: float
    test: float


def training_minutes(encoder: Path, data: Path, epochs: int, gpus: int) -> int:
    """Fine-tune an encoder on a task's data for so many epochs, each with its score on dev.

    Two operations for each weight and token of a forward pass, and twice that for a backward one
    (Kaplan et al. 2020, "Scaling laws for neural language models", section 2.1).
    """
    tokens = _tokens(data)
    passes = epochs * (3 * tokens.train + tokens.dev) + tokens.test
    return _minutes(2 * _weights(encoder) * passes, gpus)


def reverting_minutes(encoder: Path, data: Path, gpus: int) -> int:
    """Score models with each layer, the first and the last ones put back on a task's test data."""
    models = 3 * (encoder_size(encoder).layers + 1)
    return _minutes(2 * _weights(encoder) * models * _tokens(data).test, gpus)


def running_minutes(encoder: Path, stimuli: Path, passes: int, gpus: int, below: str = "") -> int:
    """Run an encoder so many times over a file of stimuli."""
    must_be_there(stimuli)
    tokens = Path(stimuli).stat().st_size / BYTES_OF_A_TOKEN
    return _minutes(2 * _weights(encoder, below) * passes * tokens, gpus)


def perturbing_minutes(encoder: Path, stimuli: Path, gpus: int) -> int:
    """Search the noise that changes an encoder's states of some stimuli by so much."""
    return running_minutes(encoder, stimuli, SEARCH + 2, gpus)


def probing_minutes(cache: Path, epochs: int, gpus: int) -> int:
    """Train probes on all layers of a cache of activations for so many epochs."""
    must_be_there(cache)
    read = epochs * sum(path.stat().st_size for path in Path(cache).iterdir())
    return _minutes(PER_BYTE * read, gpus) + math.ceil(read / READING / 60)


def _weights(folder: Path, below: str = "") -> float:
    return encoder_size(folder, below).weights * MIB / FLOAT32


def _tokens(data: Path) -> Splits:
    must_be_there(data)
    splits: Mapping[str, Any] = json.loads(Path(data, "summary.json").read_text(encoding="utf-8"))[
        "splits"
    ]
    return Splits(
        *(
            splits[name]["prepared"] * splits[name]["mean_words"] * TOKENS_OF_A_WORD
            for name in Splits._fields
        )
    )


def _minutes(operations: float, gpus: int) -> int:
    return START + math.ceil(operations / RATE[gpus] / 60)
