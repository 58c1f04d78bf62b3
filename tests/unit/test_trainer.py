"""Training: what learns, what stays fixed, what is chosen, what is written."""

import dataclasses
import hashlib
import itertools
import json
import logging
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, PreTrainedModel

import tiny
from bertology.corpora.groups import group_names
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder
from bertology.errors import InputError
from bertology.finetuning import prediction, runs
from bertology.finetuning.model import (
    NATIVE_BFLOAT16,
    TaskModel,
    apply_variant,
    parameter_groups,
    uses_bfloat16,
)
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.runs import build_model, finetune, trace
from bertology.finetuning.sampling import SimilarLengths
from bertology.finetuning.task import Task, collate_inputs, task_class
from bertology.left_out import records

SIZES = {"train": 10, "dev": 6, "test": 6}
VARIANTS = ("full", "untuned", "freeze-0", "freeze-1", "keep-1")

tasks = pytest.mark.parametrize("task", tiny.TASKS)
variants = pytest.mark.parametrize("variant", VARIANTS)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return tiny.write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tasks")
    return {task: tiny.write_task(task, root / task, SIZES) for task in tiny.TASKS}


@pytest.fixture
def tune(encoder, data, tmp_path):
    """Fine-tune the tiny encoder on a tiny task; return the folder that was written."""

    def run(task="parsing", variant="full", seed=1, out="out", **settings) -> Path:
        settings = {**tiny.SETTINGS, **settings}
        finetune(
            task,
            encoder,
            data[task],
            tmp_path / out,
            variant,
            settings,
            seed,
            "float32",
            1,
        )
        return tmp_path / out

    return run


@pytest.fixture
def traced(encoder, data, tmp_path):
    """Follow a fine-tuning on the tiny inference task; return the folder that was written."""

    def run(steps, epochs=2) -> Path:
        folder = tmp_path / f"out-{len(steps)}"
        settings = {**tiny.SETTINGS, "epochs": epochs}
        trace("inference", encoder, data["inference"], folder, settings, 1, "float32", 1, steps)
        return folder

    return run


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def scores(folder: Path) -> dict[tuple[str, str], float]:
    table = pd.read_csv(folder / "scores.csv")
    return table.set_index(["split", "metric"])["value"].to_dict()


def prepared(task: str, folder: Path, encoder: Path) -> tuple[Task, list]:
    kind = task_class(task)
    examples = kind.read(folder / f"train.{kind.extension}")
    return kind(load_tokenizer(encoder), tiny.SETTINGS, examples), examples


@tasks
def test_eight_examples_are_learnt_by_heart(task, encoder, tmp_path):
    folder = tiny.write_task(task, tmp_path / "data", dict.fromkeys(SIZES, 8))
    settings = {**tiny.SETTINGS, "epochs": 40, "dropout": 0.0}
    finetune(task, encoder, folder, tmp_path / "out", "full", settings, 1, "float32", 1)
    assert set(scores(tmp_path / "out").values()) == {100.0}


def gradients_after_one_step(model: TaskModel, task: Task, examples: list) -> dict[str, bool]:
    """Which parameters a loss reaches, once the parser's zero weights have left zero."""
    features, _ = task.features(examples, training=True)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0)
    model.train()
    for _ in range(2):
        optimizer.zero_grad()
        inputs = collate_inputs(features, task.tokenizer)
        model(inputs, task.targets(features))["loss"].backward()
        optimizer.step()
    return {
        name: bool(parameter.grad is not None and parameter.grad.any())
        for name, parameter in model.named_parameters()
    }


def is_fixed(name: str, variant: str) -> bool:
    if not name.startswith("encoder."):
        return False
    in_embeddings = name.startswith("encoder.embeddings.")
    in_first_layer = name.startswith("encoder.encoder.layer.0.")
    return {
        "full": False,
        "untuned": True,
        "freeze-0": in_embeddings,
        "freeze-1": in_embeddings or in_first_layer,
        "keep-1": False,
    }[variant]


@tasks
@variants
def test_gradients_reach_what_learns_and_nothing_that_is_fixed(task, variant, encoder, data):
    the_task, examples = prepared(task, data[task], encoder)
    model = build_model(the_task, encoder, variant, "float32", tiny.LONGEST, seed=1)
    reached = gradients_after_one_step(model, the_task, examples)
    # Softmax ignores a constant added to all keys, so attention never learns the keys' bias.
    expected = {
        name: not is_fixed(name, variant) for name in reached if not name.endswith("key.bias")
    }
    assert {name: reached[name] for name in expected} == expected
    layers = {name.split(".")[3] for name in reached if ".layer." in name}
    assert layers == ({"0"} if variant == "keep-1" else {"0", "1"})


@variants
def test_training_moves_what_learns_and_nothing_that_is_fixed(variant, tune, encoder, monkeypatch):
    trained = {}
    write = runs.write_results
    monkeypatch.setattr(
        runs,
        "write_results",
        lambda of, *rest: trained.update(of.predictor.model.state_dict()) or write(of, *rest),
    )
    tune(variant=variant)
    before = load_encoder(encoder).state_dict()
    for name, weight in trained.items():
        if name.startswith("encoder.") and not name.endswith("key.bias"):
            same = torch.equal(weight, before[name.removeprefix("encoder.")])
            assert same == is_fixed(name, variant), name


@tasks
def test_the_same_seed_gives_the_same_bits(task, tune):
    first = digests(tune(task, out="first"))
    assert first == digests(tune(task, out="second"))
    other = digests(tune(task, out="third", seed=2))
    assert first["encoder/model.safetensors"] != other["encoder/model.safetensors"]


def test_the_seed_alone_sets_the_first_head(encoder, data):
    task, _ = prepared("inference", data["inference"], encoder)

    def head(variant: str, seed: int) -> torch.Tensor:
        model = build_model(task, encoder, variant, "float32", tiny.LONGEST, seed)
        return model.head.linear.weight

    torch.manual_seed(5)
    first = head("full", 1)
    torch.manual_seed(6)
    assert torch.equal(first, head("freeze-1", 1))
    assert not torch.equal(first, head("full", 2))


@tasks
def test_what_was_written_predicts_what_was_written(task, tune, encoder, data):
    """The saved encoder and head, read back, give the test predictions and the best dev score."""
    folder = tune(task, epochs=4, learning_rate=1e-2)
    the_task, _ = prepared(task, data[task], encoder)
    head = the_task.head(load_encoder(encoder).config)
    head.load_state_dict(load_file(folder / "head.safetensors"))
    model = TaskModel(load_encoder(folder / "encoder"), head, bfloat16=False)
    predictor = Predictor(model, the_task, load_tokenizer(folder / "encoder"), 4)
    metric = the_task.selection_metric
    for split in ("dev", "test"):
        path = data[task] / f"{split}.{the_task.extension}"
        examples = the_task.read(path)
        features, _ = the_task.features(examples, training=False)
        predictions = predictor.predict(Split(path, examples, features))
        found = the_task.score(predictions, examples)[metric].value
        assert found == scores(folder)[split, metric]
    the_task.write(predictions, examples, path, folder / "again")
    written = folder / "predictions" / f"test.{the_task.extension}"
    assert (folder / "again").read_bytes() == written.read_bytes()
    assert (
        scores(folder)["dev", metric] == pd.read_csv(folder / "training.csv")[f"dev_{metric}"].max()
    )
    of_examples = pd.read_parquet(folder / "examples.parquet").groupby("metric")
    for name, rows in of_examples:
        assert len(rows) == SIZES["test"]
        total = 100 * rows["numerator"].sum() / rows["denominator"].sum()
        assert total == pytest.approx(scores(folder)["test", name])
        assert rows["group"].tolist() == group_names(examples)
    assert {("test", name) for name in of_examples.groups} <= set(scores(folder))
    assert json.loads((folder / "head.json").read_text())["labels"] == list(the_task.labels)


def test_the_saved_encoder_is_one_that_hugging_face_loads(tune, encoder):
    folder = tune()
    ours, theirs = load_encoder(folder / "encoder"), AutoModel.from_pretrained(folder / "encoder")
    tokens = torch.arange(4, 24).unsqueeze(0)

    def states(model: PreTrainedModel) -> torch.Tensor:
        return model.eval()(tokens).last_hidden_state

    assert torch.equal(states(ours), states(theirs))
    assert not torch.allclose(states(ours), states(load_encoder(encoder)))
    assert (folder / "encoder" / "tokenizer.json").read_bytes() == (
        encoder / "tokenizer.json"
    ).read_bytes()


def test_the_best_epoch_is_kept_the_first_of_equals(tune, monkeypatch):
    """With made-up development scores, the weights are those that the epoch had."""
    values = iter([10.0, 30.0, 30.0, 20.0])
    seen = []
    evaluate = Predictor.evaluate

    def made_up(self: Predictor, split: Split) -> dict:
        seen.append(self.model.head.linear.weight.cpu().clone())
        found = evaluate(self, split)["accuracy"]
        share = next(values) / 100 * found.denominators
        return {"accuracy": dataclasses.replace(found, numerators=share)}

    monkeypatch.setattr(Predictor, "evaluate", made_up)
    folder = tune("inference", epochs=4)
    kept = load_file(folder / "head.safetensors")["linear.weight"]
    assert [torch.equal(kept, weight) for weight in seen] == [False, True, False, False]
    scored = pd.read_csv(folder / "training.csv").dropna(subset="dev_accuracy")
    assert scored["chosen"].tolist() == [0, 1, 0, 0]


def test_test_data_are_predicted_once_after_training(tune, monkeypatch):
    calls = []
    predict = Predictor.predict

    def counted(self: Predictor, split: Split) -> list:
        calls.append(split.path.stem)
        return predict(self, split)

    monkeypatch.setattr(Predictor, "predict", counted)
    tune(epochs=3)
    assert calls == ["dev", "dev", "dev", "test"]


def test_learning_rate_rises_for_a_tenth_of_the_steps_and_falls_to_zero(tune):
    table = pd.read_csv(tune("inference", epochs=10, learning_rate=1e-3) / "training.csv")
    steps, warm_up = 30, 3
    rows = table.dropna(subset="loss")
    assert rows["step"].tolist() == list(range(1, steps + 1))
    for step, rate in zip(range(steps), rows["learning_rate"], strict=True):
        expected = min(step / warm_up, (steps - step) / (steps - warm_up))
        assert rate == pytest.approx(1e-3 * expected)


def test_parameter_groups(encoder, data):
    task, _ = prepared("parsing", data["parsing"], encoder)
    model = build_model(task, encoder, "freeze-1", "float32", tiny.LONGEST, seed=1)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = parameter_groups(model, learning_rate=1e-4, head_factor=20, weight_decay=0.01)
    seen = Counter(names[id(parameter)] for group in groups for parameter in group["params"])
    learning = [name for name, p in model.named_parameters() if p.requires_grad]
    assert seen == Counter(learning)
    for group in groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            plain = name.endswith("bias") or "LayerNorm" in name
            assert group["weight_decay"] == (0.0 if plain else 0.01), name
            assert group["lr"] == pytest.approx(2e-3 if name.startswith("head") else 1e-4)
    apply_variant(model.encoder, "untuned")
    assert all(group["lr"] == pytest.approx(2e-3) for group in parameter_groups(model, 1e-4, 20, 0))


@tasks
@pytest.mark.parametrize("variant", ["untuned", "freeze-1"])
def test_stored_states_change_no_result(task, variant, tune, monkeypatch):
    kept = tune(task, variant, out="kept", epochs=3)
    monkeypatch.setattr(prediction, "STORED_BYTES", 0)
    fresh = tune(task, variant, out="fresh", epochs=3)
    first, second = (load_file(folder / "head.safetensors") for folder in (kept, fresh))
    for name, weight in first.items():
        torch.testing.assert_close(weight, second[name], rtol=1e-3, atol=1e-3)
    assert not (kept / "encoder").exists()


def weights(folder):
    return load_encoder(folder).state_dict()


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_encoders_of_the_trajectory(traced, encoder):
    folder = traced([0, 1, 4, 6])
    assert {path.name for path in folder.iterdir()} == {"step-0", "step-1", "step-4", "step-6"}
    start, middle, end = (weights(folder / f"step-{step}") for step in (0, 4, 6))
    assert same(start, weights(encoder))
    name = "encoder.layer.1.output.dense.weight"
    assert not torch.equal(start[name], middle[name])
    assert not torch.equal(middle[name], end[name])
    load_tokenizer(folder / "step-1")


def test_a_trajectory_is_that_of_the_tuned_encoder_whatever_its_steps(traced, tune):
    """With one epoch, the encoder that is kept is that of the last step."""
    folder = traced([2, 3], epochs=1)
    assert same(weights(folder / "step-3"), weights(tune("inference", epochs=1) / "encoder"))
    assert same(weights(folder / "step-2"), weights(traced([2], epochs=1) / "step-2"))


def test_training_ends_with_the_last_step_of_a_trajectory(traced, caplog):
    caplog.set_level(logging.INFO)
    traced([2])
    assert "step 2 of 6" in caplog.text and "step 3 of 6" not in caplog.text


def test_a_step_beyond_the_end_is_refused_and_nothing_left(traced, tmp_path):
    with pytest.raises(InputError, match="found 8; allowed: 0 to 6"):
        traced([2, 8, 9])
    assert list(tmp_path.glob("*out*")) == []


def test_more_tokens_than_the_encoder_takes_are_refused(tune):
    with pytest.raises(InputError, match="longest = 100 tokens; allowed: at most 80"):
        tune(longest=100)


def test_training_data_that_are_all_too_long_are_refused(tune, tmp_path):
    with pytest.raises(InputError, match=r"train.conllu: found only examples that are too long"):
        tune(longest=3)
    assert list(tmp_path.glob("*out*")) == []


def test_what_is_left_out_or_changed_is_in_the_summary_and_the_log(tune, data, caplog):
    folder = tune("parsing", longest=12)
    fates = {"train": "not trained on", "dev": "parsed as a chain", "test": "parsed as a chain"}
    expected, features = [], {}
    for split, fate in fates.items():
        trees = task_class("parsing").read(data["parsing"] / f"{split}.conllu")
        long = sum(sum(map(len, tree.words)) + 2 > 12 for tree in trees)  # a letter is a token
        assert 0 < long < len(trees)
        features[split] = len(trees) - long
        expected += records(split, "sentence", len(trees), {f"too long: {fate}": long})
    summary = json.loads((folder / "summary.json").read_text())
    used = {"training_examples": SIZES["train"], "features": features}
    assert summary == {"precision": "float32", **used, "left_out": expected}
    assert [line for line in caplog.messages if "left out" in line] == [
        f"{split}: {SIZES[split] - features[split]} of {SIZES[split]} sentences left out "
        f"(too long: {fate})"
        for split, fate in fates.items()
    ]


@pytest.mark.parametrize(
    ("task", "unit", "reason", "longest"),
    [
        ("inference", "pair", "too long: shortened", 8),
        ("question_answering", "question", "question too long: shortened", 10),
    ],
)
def test_shortened_inputs_are_in_the_summary(task, unit, reason, longest, tune):
    folder = tune(task, variant="untuned", longest=longest, stride=0)
    summary = json.loads((folder / "summary.json").read_text())
    shortened = [record for record in summary["left_out"] if record["reason"] == reason]
    assert [record["split"] for record in shortened] == ["train", "dev", "test"]
    for record in shortened:
        assert record["unit"] == unit
        assert 0 < record["left_out"] <= record["of"] == SIZES[record["split"]]


@pytest.mark.parametrize("variant", ["frozen", "freeze", "keep-x", "full-1", "freeze-3", "keep-0"])
def test_unknown_variants_are_refused(variant, encoder):
    with pytest.raises(InputError, match=r"allowed: (full, untuned|[01] to 2)"):
        apply_variant(load_encoder(encoder), variant)


def test_batches_of_similar_length_in_random_order():
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 60, (330,), generator=generator).tolist()
    sampler = SimilarLengths(lengths, batch_size=8)
    torch.manual_seed(1)
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(range(330)) and first != second
    torch.manual_seed(1)
    assert list(sampler) == first

    def spread(order: list[int]) -> float:
        batches = [order[start : start + 8] for start in range(0, 328, 8)]
        within = [max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches]
        return sum(within) / len(within)

    assert spread(first) < spread(list(range(330))) / 3
    means = [sum(lengths[i] for i in first[s : s + 8]) / 8 for s in range(0, 328, 8)]
    rising = sum(one < other for one, other in itertools.pairwise(means))
    assert 10 < rising < 30


@pytest.mark.parametrize(
    ("capabilities", "native"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": False, "avx2": True}, False),
        ({"bf16": False}, False),  # another architecture has other names
    ],
)
def test_auto_takes_bfloat16_where_the_processor_computes_in_it(monkeypatch, capabilities, native):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert uses_bfloat16("auto") is native
    assert uses_bfloat16("bfloat16") and not uses_bfloat16("float32")


def test_what_torch_calls_this_processor_is_known_of():
    names = set(torch.cpu.get_capabilities())
    assert set(NATIVE_BFLOAT16) <= names or torch.cpu.get_capabilities()["architecture"] != "x86_64"


def test_bfloat16_rounds_what_float32_computes(encoder, data):
    task, examples = prepared("inference", data["inference"], encoder)
    inputs = collate_inputs(task.features(examples, training=True)[0], task.tokenizer)
    exact, rounded = (
        build_model(task, encoder, "full", precision, tiny.LONGEST, 1).eval().hidden(inputs)
        for precision in ("float32", "bfloat16")
    )
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    torch.testing.assert_close(exact, rounded, rtol=0.05, atol=0.05)
