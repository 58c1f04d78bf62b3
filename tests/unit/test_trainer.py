import json
import sys
from pathlib import Path
import pandas as pd
import pytest
import tiny
from bertology.finetuning.trainer import finetune

@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny.write_encoder(tmp_path_factory.mktemp("encoder"))

@pytest.mark.parametrize("task", tiny.TASKS)
def test_overfit(task, encoder, tmp_path):
    import time
    data = tiny.write_task(task, tmp_path / "data", dict.fromkeys(("train", "dev", "test"), 8))
    t=time.time()
    settings = {**tiny.SETTINGS, "epochs": 60, "dropout": 0.0}
    finetune(task, encoder, data, tmp_path / "out", "full", settings, 1, "float32", 1)
    print(time.time()-t)
    print(pd.read_csv(tmp_path / "out" / "scores.csv"))
    print(pd.read_csv(tmp_path / "out" / "training.csv").tail(30).to_string())
    assert 0
