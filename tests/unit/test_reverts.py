"""Reverts: a task's scores with parts put back, against encoders that were written to disk so."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

import tiny
from architectures import CONFIGS, DEPTH, TOKENS, write_all
from bertology.encoders import layer_stack, load_encoder
from bertology.finetuning.inference import Classifier
from bertology.finetuning.model import TaskModel
from bertology.finetuning.runs import finetune
from bertology.finetuning.sampling import chosen_numbers
from bertology.finetuning.task import score_of
from bertology.transplants.reverts import (
    Revert,
    RevertedEncoder,
    all_reverts,
    revert_layers,
)

SIZES = {"train": 24, "dev": 6, "test": 20}
ALL = {"examples": None, "seed": 1}
tasks = pytest.mark.parametrize("task", tiny.TASKS)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return tiny.write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory, encoder) -> dict[str, tuple[Path, Path]]:
    """The data of each task, and a run on them."""
    root = tmp_path_factory.mktemp("tasks")
    found = {}
    for task in tiny.TASKS:
        data, run = tiny.write_task(task, root / task / "data", SIZES), root / task / "run"
        finetune(task, encoder, data, run, "full", tiny.SETTINGS, 1, "float32", 1)
        found[task] = data, run
    return found


def revert(task: str, data: Path, run: Path, pretrained: Path, out: Path, chosen=ALL) -> Path:
    revert_layers(task, run, pretrained, data, out, tiny.SETTINGS, chosen, "float32", 1)
    return out


def examples_of(folder: Path, part: str, layers: int) -> pd.DataFrame:
    table = pd.read_parquet(folder / "examples.parquet")
    of = table[(table["part"] == part) & (table["layers"] == layers)]
    return of.drop(columns=["part", "layers"]).reset_index(drop=True)


def with_weights(run: Path, donor: Path, names: list[str], folder: Path) -> Path:
    """A copy of a run whose encoder file has some weights of another one: the oracle."""
    load_encoder(run / "encoder").save_pretrained(folder / "encoder")
    tiny.tokenizer().save_pretrained(folder / "encoder")
    (folder / "head.safetensors").write_bytes((run / "head.safetensors").read_bytes())
    file = folder / "encoder" / "model.safetensors"
    weights, other = load_file(file), load_file(donor / "model.safetensors")
    chosen = {key: other[key] for key in weights if key.startswith(tuple(names))}
    save_file({**weights, **chosen}, file, {"format": "pt"})
    return folder


def test_what_is_put_back():
    assert all_reverts(2) == [
        ("none", 0),
        *(("layer", 1), ("layer", 2)),
        *(("first", 0), ("first", 1), ("first", 2)),
        *(("last", 1), ("last", 2)),
    ]
    parts = {revert: list(revert.parts(3)) for revert in all_reverts(3)}
    assert parts["none", 0] == []
    assert parts["layer", 2] == [2]
    assert parts["first", 0] == [0]
    assert parts["first", 2] == [0, 1, 2]
    assert parts["last", 2] == [2, 3]


@tasks
def test_with_nothing_put_back_the_scores_are_those_of_the_run(task, runs, encoder, tmp_path):
    data, run = runs[task]
    out = revert(task, data, run, encoder, tmp_path / "out")
    expected = pd.read_parquet(run / "examples.parquet")
    pd.testing.assert_frame_equal(examples_of(out, "none", 0), expected)
    scores = pd.read_csv(out / "scores.csv")
    own = pd.read_csv(run / "scores.csv")
    none = scores[scores["part"] == "none"].set_index("metric")["value"]
    assert none.to_dict() == own[own["split"] == "test"].set_index("metric")["value"].to_dict()
    assert list(scores.columns) == ["part", "layers", "metric", "value", "n"]
    assert len(scores) == len(none) * len(all_reverts(tiny.LAYERS))


@tasks
@pytest.mark.parametrize(
    ("part", "layers", "names"),
    [
        ("layer", 1, ["encoder.layer.0."]),
        ("layer", 2, ["encoder.layer.1."]),
        ("first", 0, ["embeddings."]),
        ("first", 1, ["embeddings.", "encoder.layer.0."]),
        ("first", 2, ["embeddings.", "encoder."]),
        ("last", 2, ["encoder."]),
    ],
)
def test_scores_are_those_of_an_encoder_written_so(
    task, part, layers, names, runs, encoder, tmp_path
):
    data, run = runs[task]
    other = with_weights(run, encoder, names, tmp_path / "other")
    expected = revert(task, data, other, encoder, tmp_path / "expected")
    found = revert(task, data, run, encoder, tmp_path / "found")
    pd.testing.assert_frame_equal(
        examples_of(found, part, layers), examples_of(expected, "none", 0)
    )
    changed = examples_of(found, "first", 2), examples_of(found, "none", 0)
    assert not changed[0].equals(changed[1])


@tasks
def test_layers_that_are_pretrained_already_cost_nothing(task, runs, encoder, tmp_path):
    data, run = runs[task]
    names = ["embeddings.", "encoder.layer.0."]
    restored = with_weights(run, encoder, names, tmp_path / "restored")
    out = revert(task, data, restored, encoder, tmp_path / "out")
    for part, layers in (("layer", 1), ("first", 0), ("first", 1)):
        assert examples_of(out, part, layers).equals(examples_of(out, "none", 0))
    assert examples_of(out, "last", 1).equals(examples_of(out, "layer", 2))


@tasks
def test_some_examples_have_the_scores_that_they_have_among_all(task, runs, encoder, tmp_path):
    data, run = runs[task]
    every = revert(task, data, run, encoder, tmp_path / "every")
    some = revert(task, data, run, encoder, tmp_path / "some", {"examples": 7, "seed": 3})
    numbers = chosen_numbers(SIZES["test"], 7, 3)
    found = pd.read_parquet(some / "examples.parquet")
    assert sorted(set(found["example"])) == numbers.tolist()
    expected = pd.read_parquet(every / "examples.parquet")
    expected = expected[expected["example"].isin(numbers)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)
    summary = json.loads((some / "summary.json").read_text())
    assert (summary["examples"], summary["of"]) == (7, 20)


def test_fewer_examples_are_part_of_more():
    more, fewer = chosen_numbers(50, 20, 4), chosen_numbers(50, 8, 4)
    assert set(fewer) < set(more)
    assert list(more) == sorted(set(more)) and len(more) == 20
    assert list(chosen_numbers(50, None, 4)) == list(chosen_numbers(50, 60, 4)) == list(range(50))


@pytest.mark.parametrize("name", CONFIGS)
def test_hidden_states_of_every_architecture(name, tmp_path_factory):
    """Against whole passes with weights copied, in a batch with padding."""
    folder = write_all(tmp_path_factory.mktemp("encoders"))[name]
    pretrained, tuned = load_encoder(folder), load_encoder(folder)
    generator = torch.Generator().manual_seed(5)
    for parameter in tuned.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    tokens = torch.cat([TOKENS, TOKENS.flip(1)])
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    inputs["attention_mask"][1, 7:] = 0
    of_layers = [
        {
            f"{module_name}.{key}"
            for module_name, module in tuned.named_modules()
            if module is layer
            for key in layer.state_dict()
        }
        for layer in layer_stack(tuned)
    ]
    rest = set(tuned.state_dict()) - set().union(*of_layers)
    mine = {key: value.clone() for key, value in tuned.state_dict().items()}
    oracle = load_encoder(folder)
    model = TaskModel(tuned, Classifier(32, 3, 0.0), bfloat16=False).eval()
    with torch.no_grad():
        found = dict(
            zip(
                all_reverts(DEPTH),
                RevertedEncoder(model, pretrained).last_states(inputs),
                strict=True,
            )
        )
        for revert, states in found.items():
            names = [rest, *of_layers]
            back = set().union(*(names[part] for part in revert.parts(DEPTH)))
            weights = {k: v for k, v in pretrained.state_dict().items() if k in back}
            oracle.load_state_dict({**mine, **weights})
            assert torch.equal(states, oracle(**inputs).last_hidden_state), revert
        assert torch.equal(found[Revert("first", DEPTH)], pretrained(**inputs).last_hidden_state)
        assert torch.equal(found[Revert("none", 0)], tuned(**inputs).last_hidden_state)


def test_rows_of_one_example_add_up_to_its_score(runs, encoder, tmp_path):
    data, run = runs["inference"]
    out = revert("inference", data, run, encoder, tmp_path / "out")
    scores = pd.read_csv(out / "scores.csv").set_index(["part", "layers"])["value"]
    for part, layers in scores.index:
        right = examples_of(out, part, layers)["numerator"]
        assert scores[part, layers] == pytest.approx(score_of(np.array(right)).value)
