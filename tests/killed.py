"""Fine-tunings that are killed again and again: in processes of their own.

`python killed.py <folder>` imports the library once and forks for each training, which PyTorch
allows as long as nothing was trained before. Results are below the folder: see `killed`.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

import tiny
from bertology.finetuning import results, resuming, runs, trainer

SIZES = {"train": 10, "dev": 6, "test": 6}
EPOCHS = 3  # of three steps each


class Call(NamedTuple):
    """A call of `finetune` that is killed as it calls a function for that time.

    began: the step that it should be taken up after. changes: what differs from the other calls.
    """

    began: int
    place: tuple[Any, str]
    time: int
    changes: Mapping[str, Any] = {}


STEP = (trainer.TaskTrainer, "training_step")
KEEP, DELETE = (trainer, "save_random"), (resuming.Unfinished, "forget_all_but")
WRITE, END = (results, "save_head"), (resuming.Unfinished, "remove")
CASES = {
    ("parsing", "full"): ([Call(0, STEP, 2), Call(0, STEP, 5)], 3),
    ("question_answering", "full"): ([Call(0, STEP, 6)], 3),
    ("inference", "freeze-1"): ([Call(0, STEP, 5)], 3),
    ("inference", "untuned"): ([Call(0, STEP, 5), Call(3, STEP, 5)], 6),
    ("inference", "full"): (
        [
            Call(0, KEEP, 1),
            Call(0, STEP, 5),
            Call(3, KEEP, 1),
            Call(3, DELETE, 1),
            Call(6, WRITE, 1),
            Call(6, END, 1),  # all is written, and Snakemake has not seen it yet
            Call(6, STEP, 2),
            *(
                Call(0, STEP, 5, {name: other})
                for name, other in {
                    "clip": 0.5,
                    "seed": 2,
                    "code": "other",
                    "data": {**SIZES, "dev": 7},
                }.items()
            ),
        ],
        0,
    ),
}
"""By task and variant: the calls that are killed, and where the last one should begin."""


def before(place: tuple[Any, str], act: Callable[[int], None]) -> None:
    """Have something done whenever a function is called; it is told for which time that is."""
    owner, name = place
    function, calls = getattr(owner, name), []

    def called(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        act(len(calls))
        return function(*args, **kwargs)

    setattr(owner, name, called)


def tune(root: Path, out: Path, task: str, variant: str, **changes: Any) -> None:
    """Fine-tune into `out`; its loss curve has a row for every two steps, across epochs."""
    trainer.POINTS_OF_LOSS_CURVE = 5
    data = tiny.write_task(task, out.with_name("data"), changes.pop("data", SIZES))
    fixed = {"seed": 1, "code": "code"}
    own = {name: changes.pop(name, value) for name, value in fixed.items()}
    settings = {**tiny.SETTINGS, "epochs": EPOCHS, **changes}
    runs.finetune(
        task, root / "encoder", data, out, variant, settings, precision="float32", threads=1, **own
    )


def in_child(work: Callable[[], Any]) -> int:
    """Do something in another process; return its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(root: Path, task: str, variant: str) -> dict[str, Any]:
    """Train with all that interrupts it into `<task>/<variant>/out`, and once without.

    Returns exit statuses, the steps after which the calls began, and what else they left.
    """
    folder = root / task / variant
    out, begun = folder / "out", folder / "begun"
    folder.mkdir(parents=True)

    def call(killed: Call | None) -> None:
        for name in ("load", "save"):
            setattr(torch, name, refuse)  # these unpickle and pickle
        socket.socket.connect = refuse
        went_on = (trainer, "load_random")  # last of all that is put back
        before(went_on, lambda _: begun.write_text(str(newest(out))))
        if killed is not None:
            before(killed.place, lambda time: time == killed.time and die())
        tune(root, out, task, variant, **(killed.changes if killed else {}))

    ends, beginnings = [], []
    for each in (*CASES[task, variant][0], None):
        begun.write_text("0")
        ends.append(in_child(lambda each=each: call(each)))
        beginnings.append(int(begun.read_text()))
    left = sorted({path.name for path in folder.iterdir()} - {"begun", "data"})
    undisturbed = root / "undisturbed" / task / variant
    in_child(lambda: tune(root, undisturbed / "out", task, variant))
    return {"ends": ends, "began": beginnings, "left": left}


def refuse(*_: Any, **__: Any) -> None:
    """Stand for what a training never does."""
    raise AssertionError("a pickle, or a connection")


def newest(out: Path) -> int:
    """Return the step of the last epoch that is kept of a training."""
    epochs = out.with_name(f".resume-{out.name}").glob("*/epoch.*")
    return max(int(path.suffix[1:]) for path in epochs)


def die() -> None:
    """Leave no time for anything."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    root = Path(sys.argv[1])
    in_child(lambda: tiny.write_encoder(root / "encoder"))
    for task, variant in CASES:
        result = killed(root, task, variant)
        (root / task / variant / "result.json").write_text(json.dumps(result))
