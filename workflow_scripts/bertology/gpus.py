"""Which GPU a job runs on: one that no other job has, one that a few share, or none."""

import fcntl
import logging
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bertology.errors import InputError

logger = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
LIST = ("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader")
UNIQUE = ("GPU-", "MIG-")
"""How names start that mean the same GPU, or part of one, in every process."""
SHARING = "BERTOLOGY_JOBS_ON_A_GPU"
"""How many jobs share a GPU, for the jobs of a run: said by the user with `--resources gpu=N`."""
PAUSE = 1.0
"""Seconds between two looks for a free GPU."""


def visible_gpus() -> list[str]:
    """Name the GPUs that this process may use: the machine's, or those of CUDA_VISIBLE_DEVICES.

    By their unique names, which stay true where a scheduler numbers the GPUs of each job from 0.
    Where nvidia-smi is missing, which gives them, by the numbers in CUDA_VISIBLE_DEVICES.
    """
    there = _gpus_of_the_machine()
    if VISIBLE not in os.environ:
        return there
    gpus = []
    for name in os.environ[VISIBLE].split(","):
        known = name in map(str, range(len(there))) if there else name.isdecimal()
        if not known and not name.startswith(UNIQUE):
            break  # As CUDA: what follows a device that is not there does not count.
        gpus.append(there[int(name)] if known and there else name)
    return gpus


def _gpus_of_the_machine() -> list[str]:
    try:
        done = subprocess.run(LIST, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.split()


def check_this_machine(limit: int | None) -> None:
    """Check that a study which asks for a GPU finds one here.

    limit: how many jobs the user lets use GPUs at a time, if they say so (`--resources gpu=N`).
    InputError where there is no GPU, or no job may use one.
    """
    if not visible_gpus():
        raise InputError(
            "The study asks for a GPU (gpus: 1): found none on this machine (nvidia-smi, "
            f"{VISIBLE}); allowed: --config gpus=0, for the CPU, or the profile of a cluster"
        )
    if limit is not None and limit < 1:
        raise InputError.at("--resources", None, f"gpu={limit}", "gpu=1 or more")


def let_share(limit: int | None, gpus: int) -> int:
    """Let jobs that are started from here share so many GPUs, so that `limit` run at a time.

    Gives how many share each: 1 if no limit is said, or there are as many GPUs as that.
    """
    jobs = math.ceil((limit or 1) / max(gpus, 1))
    os.environ[SHARING] = str(jobs)
    return jobs


def check_slurm() -> None:
    """Check that a study which asks for a GPU finds one in the cluster; InputError if not."""
    done = subprocess.run(["sinfo", "-h", "-o", "%P %G"], capture_output=True, text=True)
    if done.returncode == 0 and "gpu" not in done.stdout:
        raise InputError(
            "The study asks for a GPU (gpus: 1): found none in any partition of Slurm (sinfo -o "
            "'%P %G'); allowed: --config gpus=0, for the CPU"
        )


@contextmanager
def own_gpu(number: int) -> Iterator[None]:
    """Let this process see one GPU while the block runs, or none.

    number: of GPUs that the job was given, 0 or 1. No other job has that GPU, unless `let_share`
    said that so many share one. Waits until one is free; it is given back when the process ends,
    however it does. To be entered before PyTorch looks at GPUs. InputError where the machine shows
    no GPU, or PyTorch cannot use it.
    """
    if not number:
        os.environ[VISIBLE] = ""
        yield
        return
    gpus = visible_gpus()
    if not gpus:
        raise InputError("this job was given a GPU: its machine shows none")
    jobs = int(os.environ.get(SHARING, 1))
    while (held := _first_free(gpus, jobs)) is None:
        time.sleep(PAUSE)
    gpu, locks = held
    with locks:
        os.environ[VISIBLE] = gpu
        _check_pytorch()
        logger.info("runs on GPU %s", gpu)
        yield


def _check_pytorch() -> None:
    import torch

    if not torch.cuda.is_available():
        raise InputError(
            f"PyTorch {torch.__version__} cannot use GPU {os.environ[VISIBLE]}; needed: a build "
            "of PyTorch for the CUDA of this machine's driver"
        )


def _first_free(gpus: Sequence[str], jobs: int) -> tuple[str, ExitStack] | None:
    """Lock a place on the GPU that the fewest have, of those that up to `jobs` share; None if full.

    A GPU is locked as a whole by the job that has it alone, and in part (which others may too, who
    share it) by each that has a place on it.
    """
    for place in range(jobs):
        for gpu in gpus:
            with ExitStack() as locks:
                if _lock(gpu, jobs == 1, locks) and _lock(f"{gpu}.{place}", True, locks):
                    return gpu, locks.pop_all()
    return None


def _lock(name: str, alone: bool, locks: ExitStack) -> bool:
    """Lock a file of this user's, until `locks` ends; False if another process has it."""
    folder = Path(tempfile.gettempdir(), f"bertology-gpus-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    lock = locks.enter_context((folder / name).open("w", encoding="utf-8"))
    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
