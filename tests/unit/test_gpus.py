"""The GPUs are stubs: an `nvidia-smi` that names them, and a PyTorch that can use them."""

import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from bertology.errors import InputError
from bertology.gpus import (
    SHARING,
    VISIBLE,
    check_slurm,
    check_this_machine,
    let_share,
    own_gpu,
    visible_gpus,
)

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow_scripts"
JOB = """
import os, sys, time
from pathlib import Path
from bertology.gpus import own_gpu
with own_gpu(1):
    start = time.monotonic()
    time.sleep(float(sys.argv[1]))
    print(os.environ["CUDA_VISIBLE_DEVICES"], start, time.monotonic(), flush=True)
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that gives this machine GPUs of these names."""
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def has(*gpus):
        script = tmp_path / "bin" / "nvidia-smi"
        script.parent.mkdir(exist_ok=True)
        script.write_text("#!/bin/sh\n" + "".join(f"echo {gpu}\n" for gpu in gpus))
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")

    return has


@pytest.fixture
def pytorch_uses_them(tmp_path, monkeypatch):
    stub = "class cuda:\n    is_available = staticmethod(lambda: True)\n"
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub/torch.py").write_text(stub)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'stub'}:{SCRIPTS}")


@pytest.mark.parametrize(
    ("named", "visible"),
    [
        (None, ["GPU-a", "GPU-b", "GPU-c"]),
        ("2,0", ["GPU-c", "GPU-a"]),
        ("GPU-b", ["GPU-b"]),
        ("MIG-5", ["MIG-5"]),
        ("1,7,0", ["GPU-b"]),  # as CUDA reads it
        ("-1,0", []),
        ("", []),
        ("NoDevFiles", []),  # what Slurm says to a job without a GPU
    ],
)
def test_gpus_have_unique_names_whatever_the_environment_calls_them(
    machine, monkeypatch, named, visible
):
    machine("GPU-a", "GPU-b", "GPU-c")
    if named is not None:
        monkeypatch.setenv(VISIBLE, named)
    assert visible_gpus() == visible


def test_without_nvidia_smi_numbers_stay_numbers(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(VISIBLE, "1,3")
    assert visible_gpus() == ["1", "3"]
    monkeypatch.delenv(VISIBLE)
    assert visible_gpus() == []


def locks(folder):
    return folder / f"bertology-gpus-{os.getuid()}"


def wait_for(path):
    while not path.exists():
        time.sleep(0.05)


def jobs_at_once(number, seconds):
    """Run so many jobs at a time; give the GPU of each, and when it began and ended to use it."""
    command = [sys.executable, "-c", JOB, str(seconds)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(number)]
    lines = [process.communicate()[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * number
    return [(gpu, float(start), float(end)) for gpu, start, end in lines]


def test_jobs_spread_over_the_gpus_and_never_share_one(machine, pytorch_uses_them):
    machine("GPU-a", "GPU-b")
    jobs = jobs_at_once(5, seconds=0.3)
    assert {gpu for gpu, *_ in jobs} == {"GPU-a", "GPU-b"}
    for gpu in ("GPU-a", "GPU-b"):
        times = sorted((start, end) for name, start, end in jobs if name == gpu)
        assert all(end <= start for (_, end), (start, _) in pairwise(times))


def most_at_once(jobs):
    """How many of these jobs used their GPU at the same time."""
    starts = [start for _, start, _ in jobs]
    return max(sum(start <= now < end for _, start, end in jobs) for now in starts)


def test_as_many_jobs_share_a_gpu_as_the_user_says(machine, pytorch_uses_them, monkeypatch):
    machine("GPU-a", "GPU-b")
    monkeypatch.setenv(SHARING, "1")
    assert [let_share(limit, 2) for limit in (None, 1, 2, 3, 4, 5)] == [1, 1, 1, 2, 2, 3]
    let_share(4, 2)
    jobs = jobs_at_once(7, seconds=1)
    for gpu in ("GPU-a", "GPU-b"):
        assert most_at_once([job for job in jobs if job[0] == gpu]) == 2


def test_a_gpu_that_jobs_of_one_study_share_is_not_given_to_a_job_of_another(
    machine, pytorch_uses_them, tmp_path
):
    machine("GPU-a")
    shared = {**os.environ, SHARING: "2"}
    command = [sys.executable, "-c", JOB, "1"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=shared)
    wait_for(locks(tmp_path) / "GPU-a.0")
    ((_, start, _),) = jobs_at_once(1, seconds=0)
    assert start >= float(first.communicate()[0].split()[2])


def test_a_job_that_was_killed_leaves_its_gpu(machine, pytorch_uses_them, tmp_path):
    machine("GPU-a")
    killed = subprocess.Popen([sys.executable, "-c", JOB, "60"])
    wait_for(locks(tmp_path) / "GPU-a")
    killed.kill()
    killed.wait()
    assert jobs_at_once(1, seconds=0)[0][0] == "GPU-a"


def test_a_job_that_was_given_no_gpu_sees_none(machine, monkeypatch):
    machine("GPU-a")
    monkeypatch.setenv(VISIBLE, "0")
    with own_gpu(0):
        assert visible_gpus() == []


def test_a_gpu_that_pytorch_cannot_use_is_a_clear_error(machine, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    machine("GPU-a")
    monkeypatch.setenv(VISIBLE, "0")
    with pytest.raises(InputError, match=r"PyTorch .* cannot use GPU GPU-a"), own_gpu(1):
        pass


def test_a_study_that_asks_for_what_is_not_there_does_not_start(machine):
    machine()
    with pytest.raises(InputError, match="found none on this machine"):
        check_this_machine(None)
    machine("GPU-a", "GPU-b")
    check_this_machine(None)
    check_this_machine(3)
    with pytest.raises(InputError, match="gpu=0; allowed: gpu=1 or more"):
        check_this_machine(0)


def test_nor_does_it_in_a_cluster_without_gpus(tmp_path, monkeypatch):
    sinfo = tmp_path / "sinfo"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    sinfo.write_text("#!/bin/sh\necho 'main* (null)'\n")
    sinfo.chmod(0o755)
    with pytest.raises(InputError, match="none in any partition"):
        check_slurm()
    sinfo.write_text("#!/bin/sh\necho 'main* gpu:a100:4(S:0-1)'\n")
    check_slurm()
