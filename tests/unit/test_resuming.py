"""A training that was killed goes on after its last epoch, and ends in the same bits."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import killed

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
