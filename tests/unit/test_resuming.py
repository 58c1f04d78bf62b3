"""A training that was killed goes on after its last epoch, and ends in the same bits."""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import killed
from bertology.errors import InputError
from bertology.finetuning import resuming

PROGRAM = Path(killed.__file__)
LIBRARY = PROGRAM.parents[1] / "workflow_scripts"


@pytest.fixture(scope="module")
def trainings(tmp_path_factory) -> Path:
    """The folder of all trainings that were killed and called again."""
    root = tmp_path_factory.mktemp("trainings")
    environment = {**os.environ, "PYTHONPATH": f"{LIBRARY}{os.pathsep}{PROGRAM.parent}"}
    command = [sys.executable, str(PROGRAM), str(root)]
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-5000:]
    return root


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def drawn():
    return random.random(), np.random.random(), torch.rand(1).item()


def test_random_numbers_go_on_where_they_were(tmp_path):
    """Kept after an odd number of normal ones, of which each library has one in reserve."""
    for draw in (lambda: random.gauss(0, 1), np.random.standard_normal, lambda: torch.randn(1)):
        draw()
    resuming.save_random(tmp_path)
    expected = [drawn(), np.random.standard_normal(), random.gauss(0, 1)]
    drawn()
    resuming.load_random(tmp_path)
    assert [drawn(), np.random.standard_normal(), random.gauss(0, 1)] == expected


@pytest.mark.parametrize("name", ["random.json", "random.safetensors"])
@pytest.mark.parametrize("length", [0, 10, None])
def test_a_broken_epoch_is_one_message(tmp_path, name, length):
    resuming.save_random(tmp_path)
    path = tmp_path / name
    path.unlink() if length is None else path.write_bytes(path.read_bytes()[:length])
    helps = "delete this folder, and training begins anew"
    with pytest.raises(InputError, match=helps) as caught, resuming.reading(tmp_path):
        resuming.load_random(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: found a broken file (")


@pytest.mark.parametrize(("task", "variant"), killed.CASES)
def test_a_killed_training_goes_on_and_ends_in_the_same_bits(task, variant, trainings):
    folder = trainings / task / variant
    calls, last = killed.CASES[task, variant]
    result = json.loads((folder / "result.json").read_text())
    assert result["ends"] == [-9] * len(calls) + [0]
    assert result["began"] == [*(call.began for call in calls), last]
    assert result["left"] == ["out"]
    undisturbed = digests(trainings / "undisturbed" / task / variant / "out")
    expected = {"scores.csv", "training.csv", "head.safetensors", "summary.json"}
    if variant == "full":
        expected.add("encoder/model.safetensors")
    assert expected <= set(undisturbed)
    assert digests(folder / "out") == undisturbed
