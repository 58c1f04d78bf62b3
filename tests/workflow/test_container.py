"""`--sdm apptainer` runs each script in the one image, which `make container` builds."""

import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

STAND_IN = """#!/bin/sh
# In the place of Apptainer: notes the image, and runs the command where it is.
[ "$1" = --version ] && echo apptainer version 1.4.0 && exit
for word; do case $word in *.sif) echo "$word" >> "$IMAGES";; esac; last=$word; done
exec bash -c "$last"
"""
TARGET = "results/smoke/corpora/market/inference"


@pytest.fixture
def told(tmp_path):
    """What is told Snakemake so that it finds the stand-in; it notes images in `images`."""
    stand_in = tmp_path / "bin/apptainer"
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    # The image's python has all packages, as the one that runs these tests.
    path = f"{stand_in.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "IMAGES": str(tmp_path / "images")}


def test_jobs_run_in_the_image(fresh, told, tmp_path):
    (fresh.folder / "envs/bertology.sif").write_text("an image")
    process = fresh.snakemake(TARGET, "--cores", "1", "--sdm", "apptainer", **told)
    assert process.returncode == 0, process.stdout[-5000:]
    assert (tmp_path / "images").read_text().split() == ["envs/bertology.sif"]
    assert (fresh.folder / TARGET / "train.jsonl").is_file()
    again = fresh.snakemake(TARGET, "--dry-run", "--sdm", "apptainer", **told)
    assert "Nothing to be done" in again.stdout


def test_an_image_that_is_not_there_is_one_message(fresh, told):
    process = fresh.snakemake(TARGET, "--cores", "1", "--sdm", "apptainer", **told)
    assert process.returncode != 0
    assert "found no envs/bertology.sif; allowed: the image that `make container` builds" in (
        process.stdout
    )
    assert "Traceback" not in process.stdout
