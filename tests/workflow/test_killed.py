"""A study that is killed again and again ends as one that was left alone.

One study, with every rule, is killed at random moments until that was often enough, and then ends.
"""

import os
import random
import re
import shutil
import signal
import time

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow
KILLS = 20
IN_START_UP = 2
"""Of these, before any job."""
MOST_JOBS, MOST_SECONDS = 5, 2.0
"""A kill comes after so many further jobs, and so many seconds, at most."""
ENDED = re.compile(r"^\d\d:\d\d:\d\d +\d+/\d+ (?!FAILED)")
TABLES = ("finetuning", "similarity", "weights", "perturbed", "probes", "trajectory")


def moments():
    """After how many jobs, and then seconds, each kill comes."""
    chance = random.Random(1)
    in_start_up = [(0, chance.uniform(0, 10)) for _ in range(IN_START_UP)]
    others = [
        (chance.randint(1, MOST_JOBS), chance.uniform(0, MOST_SECONDS))
        for _ in range(KILLS - IN_START_UP)
    ]
    return [*others[:1], *in_start_up, *others[1:]]


def kill(process, jobs, seconds):
    """Kill Snakemake and its jobs when so many have ended; demand that it was not done by then."""
    ended = 0
    while ended < jobs:
        line = process.stdout.readline()
        assert line, "Snakemake ended by itself"
        ended += bool(ENDED.match(line))
    time.sleep(seconds)
    assert process.poll() is None, process.stdout.read()[-5000:]
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def kept_epochs(workflow):
    return list((workflow.folder / "results").glob("*/models/*/*/*/.resume-*/*/epoch.*"))


def unlock(workflow):
    """Do what `--unlock` does, without the seconds that Snakemake takes to start."""
    shutil.rmtree(workflow.folder / ".snakemake/locks", ignore_errors=True)


@pytest.fixture(scope="module")
def survivor(tmp_path_factory, new_workflow):
    """The smoke study with one seed, killed so often, and then finished."""
    workflow = new_workflow(tmp_path_factory.mktemp("killed") / "repository")
    workflow.study("one-seed.yaml", {**workflow.smoke_study(), "seeds": [1]})
    for moment in moments():
        process = workflow.start("--cores", "2", study="one-seed.yaml")
        kill(process, *moment)
        unlock(workflow)
    workflow.finish(study="one-seed.yaml")
    return workflow


def test_a_study_that_is_killed_at_20_moments_gives_bit_identical_tables(smoke, survivor):
    """It has one seed only: what it shares with the smoke study must be the same."""
    for name in TABLES:
        path = f"results/smoke/tables/{name}.csv"
        first, second = (pd.read_csv(each.folder / path) for each in (smoke, survivor))
        # The floor has no seed, the ceiling has two.
        shared = first[first.seed.fillna(1) == 1]
        if "second_seed" in first:
            shared = shared[shared.second_seed.isna()]
        columns = list(first.columns)
        pd.testing.assert_frame_equal(
            shared.sort_values(columns).reset_index(drop=True),
            second.sort_values(columns).reset_index(drop=True),
            check_exact=True,
            check_dtype=False,
        )


def test_it_leaves_nothing_half_and_nothing_to_do(survivor):
    hidden = {path.name for path in (survivor.folder / "results").rglob(".*")}
    assert hidden <= {".snakemake_timestamp"}
    assert survivor.stale(study="one-seed.yaml") == {}


def test_training_goes_on_after_its_last_epoch_and_a_lock_is_told(smoke, fresh):
    """Snakemake removes what an unfinished job has written, and not what it is taken up from."""
    run = "results/smoke/models/tiny/inference/full/seed-1"
    target = f"{run}/scores.csv"
    process = fresh.start("--cores", "1", target)
    while not kept_epochs(fresh):
        assert process.poll() is None, process.stdout.read()[-5000:]
        time.sleep(0.01)
    # Stopped, so that it is still at work when another one comes.
    os.killpg(process.pid, signal.SIGSTOP)
    second = fresh.snakemake("--cores", "1", target)
    assert second.returncode != 0
    assert "is locked: another Snakemake makes the same files, or was killed" in second.stdout
    assert "Traceback" not in second.stdout
    kill(process, 0, 0)
    assert not (fresh.folder / target).exists()
    assert kept_epochs(fresh)
    assert fresh.snakemake("--unlock", target).returncode == 0
    fresh.finish(target)
    log = fresh.folder / "results/smoke/logs/finetune_encoder/tiny/inference/full/seed-1.log"
    assert re.search(r"taken up after step 3 of 6", log.read_text())
    for name in ("encoder/model.safetensors", "head.safetensors", "training.csv", "scores.csv"):
        assert (fresh.folder / run / name).read_bytes() == (smoke.folder / run / name).read_bytes()
    assert not kept_epochs(fresh)
