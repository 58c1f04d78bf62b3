"""The cache against lone forward passes of the same encoder, and against what could corrupt it."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import ModernBertConfig, ModernBertModel

import bertology
from bertology.activations import (
    DROPPED,
    Activations,
    cache_activations,
    open_activations,
    pack,
)
from bertology.encoder_sources import fetch_encoder
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder, truncate
from bertology.errors import InputError
from bertology.left_out import records

SINGLE = [["the", "ferry", "left", "unbelievably", "late", "."], ["boats", "sank"]]
PAIR = [["who", "sailed", "?"], ["the", "re-enlisted", "captain", "sailed", "."]]
LONG = [["word"] * 37]
STIMULI = [
    {
        "id": "a",
        "item": "a",
        "group": "a",
        "segments": SINGLE[:1],
        "tags": [["DET", "NOUN", "VERB", "ADV", "ADV", "PUNCT"]],
    },
    {"id": "b", "item": "b", "group": "b", "segments": LONG, "tags": None},
    {"id": "c", "item": "c", "group": "c", "segments": PAIR, "tags": None},
    {"id": "d", "item": "d", "group": "d", "segments": SINGLE[1:], "tags": None},
]
HALF = 2.0**-11  # relative rounding error of float16


def write_stimuli(path: Path, stimuli: list[dict]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in stimuli))
    return path


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory, packaged_minilm) -> Path:
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    overrides = {
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 48,
        "initializer_range": 0.5,
    }
    fetch_encoder({"source": "random", "seed": 3, "config": overrides}, folder, packaged_minilm)
    return folder


@pytest.fixture(scope="module")
def modernbert_folder(tmp_path_factory, packaged_minilm) -> Path:
    """An encoder that normalises after its last layer and attends locally."""
    folder = tmp_path_factory.mktemp("encoder") / "modernbert"
    config = ModernBertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=48,
        local_attention=4,
        pad_token_id=0,
        cls_token_id=101,
        sep_token_id=102,
        bos_token_id=101,
        eos_token_id=102,
    )
    torch.manual_seed(0)
    ModernBertModel(config).save_pretrained(folder)
    tokenizer = load_tokenizer(packaged_minilm)
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(folder)
    return folder


def cache(encoder: Path, folder: Path, stimuli: list[dict], budget: int = 64) -> Activations:
    file = write_stimuli(folder.with_suffix(".jsonl"), stimuli)
    cache_activations(encoder, file, folder, tokens_per_batch=budget, threads=1)
    return open_activations(folder)


def alone(folder: Path, segments: list[list[str]]) -> list[np.ndarray]:
    encoder, tokenizer = load_encoder(folder), load_tokenizer(folder)
    inputs = tokenizer(*segments, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        states = encoder(**inputs, output_hidden_states=True).hidden_states
    return [state[0].numpy() for state in states]


@pytest.mark.parametrize("budget", [1, 24, 10_000])
@pytest.mark.parametrize("which", ["encoder_folder", "modernbert_folder"])
def test_layers_equal_a_lone_forward_pass(which, budget, request, tmp_path):
    folder = request.getfixturevalue(which)
    cached = cache(folder, tmp_path / "cache", STIMULI, budget)
    for stimulus in STIMULI:
        rows = np.flatnonzero(cached.tokens["sentence"] == stimulus["id"])
        for layer, expected in zip(cached.layers, alone(folder, stimulus["segments"]), strict=True):
            assert layer.dtype == np.float16
            np.testing.assert_allclose(layer[rows], expected, rtol=HALF, atol=1e-5)


def test_layers_of_the_packaged_encoder_equal_a_lone_forward_pass(packaged_minilm, tmp_path):
    cached = cache(packaged_minilm, tmp_path / "cache", STIMULI)
    expected = alone(packaged_minilm, PAIR)
    rows = np.flatnonzero(cached.tokens["sentence"] == "c")
    assert len(cached.layers) == len(expected) == 7
    for layer, values in zip(cached.layers, expected, strict=True):
        np.testing.assert_allclose(layer[rows], values, rtol=HALF, atol=1e-5)


def test_values_do_not_depend_on_the_order_of_the_stimuli(encoder_folder, tmp_path):
    forward = cache(encoder_folder, tmp_path / "forward", STIMULI)
    backward = cache(encoder_folder, tmp_path / "backward", STIMULI[::-1])
    keys = ["sentence", "position"]
    order = [frame.tokens.sort_values(keys).index for frame in (forward, backward)]
    assert list(forward.tokens["sentence"].unique()) == ["a", "b", "c", "d"]
    assert list(backward.tokens["sentence"].unique()) == ["d", "c", "b", "a"]
    for one, other in zip(forward.layers, backward.layers, strict=True):
        np.testing.assert_allclose(one[order[0]], other[order[1]], rtol=2 * HALF, atol=1e-5)


def test_token_table_names_every_wordpiece(encoder_folder, tmp_path):
    tokens = cache(encoder_folder, tmp_path / "cache", STIMULI).tokens
    pair = tokens[tokens["sentence"] == "c"]
    assert pair["wordpiece"].str.cat(sep=" ") == (
        "[CLS] who sailed ? [SEP] the re - enlisted captain sailed . [SEP]"
    )
    special = -1
    assert list(pair["segment"]) == [special, 0, 0, 0, special, *[1] * 7, special]
    assert list(pair["word"]) == [special, 0, 1, 2, special, 0, 1, 1, 1, 2, 3, 4, special]
    assert list(pair["position"]) == list(range(13))
    assert list(pair[pair["special"]]["wordpiece"]) == ["[CLS]", "[SEP]", "[SEP]"]
    assert list(pair[pair["first"]]["wordpiece"]) == [
        *("who", "sailed", "?", "the", "re", "captain", "sailed", "."),
    ]


def test_tags_go_to_every_wordpiece_of_their_word(encoder_folder, tmp_path):
    tokens = cache(encoder_folder, tmp_path / "cache", STIMULI).tokens
    tagged = tokens[(tokens["sentence"] == "a") & ~tokens["special"]]
    assert list(tagged["wordpiece"][tagged["tag"] == "ADV"]) == [
        "un",
        "##bel",
        "##ie",
        "##va",
        "##bly",
        "late",
    ]
    assert tokens["tag"][tokens["special"] | (tokens["sentence"] == "c")].isna().all()


def test_a_word_that_the_tokenizer_drops_is_unknown_where_words_are_given(encoder_folder, tmp_path):
    segments = [["boats", "\u200b\u200d", "sank"]]
    stimuli = [
        {
            "id": "x",
            "item": "x",
            "group": "x",
            "segments": segments,
            "tags": [["NOUN", "X", "VERB"]],
        }
    ]
    cached = cache(encoder_folder, tmp_path / "cache", stimuli)
    summary = json.loads((tmp_path / "cache" / "summary.json").read_text())
    assert list(cached.tokens["word"]) == [-1, 0, 1, 2, -1]
    assert cached.tokens["wordpiece"][2] == "[UNK]"
    assert cached.tokens["tag"][2] == "X"
    assert summary["left_out"] == []


def test_a_word_that_the_tokenizer_drops_from_running_text_is_counted(encoder_folder, tmp_path):
    stimuli = [{"id": "x", "item": "x", "group": "x", "texts": ["boats \u200b\u200d sank"]}]
    cached = cache(encoder_folder, tmp_path / "cache", stimuli)
    summary = json.loads((tmp_path / "cache" / "summary.json").read_text())
    assert list(cached.tokens["word"]) == [-1, 0, 2, -1]
    assert summary["left_out"] == records("", "word", 3, {DROPPED: 1})


def test_stimuli_beyond_the_encoder_are_left_out_and_named(encoder_folder, tmp_path, caplog):
    exact = {
        "id": "exact",
        "item": "exact",
        "group": "exact",
        "segments": [["boat"] * 46],
        "tags": None,
    }
    beyond = {
        "id": "beyond",
        "item": "beyond",
        "group": "beyond",
        "segments": [["boat"] * 47],
        "tags": None,
    }
    cached = cache(encoder_folder, tmp_path / "cache", [exact, beyond, STIMULI[0]])
    summary = json.loads((tmp_path / "cache" / "summary.json").read_text())
    assert summary["left_out_as_too_long"] == ["beyond"]
    assert summary["left_out"] == records("", "text", 3, {"longer than the encoder takes": 1})
    assert "1 of 3 texts left out (longer than the encoder takes)" in caplog.messages
    assert summary["sentences"] == 2
    assert summary["tokens"] == len(cached.tokens) == len(cached.layers[0])
    assert list(cached.tokens["sentence"].unique()) == ["exact", "a"]
    with pytest.raises(InputError, match=r"none\.jsonl.*up to 48 tokens"):
        cache(encoder_folder, tmp_path / "none", [beyond])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("value", "found"), [(float("nan"), "nan"), (1e5, "99999")])
def test_values_that_float16_cannot_hold_are_refused(value, found, encoder_folder, tmp_path):
    broken = tmp_path / "broken"
    load_encoder(encoder_folder).save_pretrained(broken)
    load_tokenizer(encoder_folder).save_pretrained(broken)
    weights = load_file(broken / "model.safetensors")
    weights["encoder.layer.1.output.LayerNorm.bias"][5] = value
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=f"layer 2: found a hidden state of {found}"):
        cache(broken, tmp_path / "cache", STIMULI)
    assert not (tmp_path / "cache").exists()


def test_a_full_disk_is_an_error_before_anything_is_written(encoder_folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def unable(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    write_stimuli(tmp_path / "s.jsonl", STIMULI)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        cache_activations(encoder_folder, tmp_path / "s.jsonl", tmp_path / "out", 100, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["s.jsonl"]
    monkeypatch.setattr(os, "posix_fallocate", unable)
    cache_activations(encoder_folder, tmp_path / "s.jsonl", tmp_path / "out", 100, 1)
    assert (tmp_path / "out/layer_00.npy").is_file()


def test_truncated_encoders_give_the_lower_layers(encoder_folder, tmp_path):
    lower = load_encoder(encoder_folder)
    truncate(lower, 2)
    lower.save_pretrained(tmp_path / "lower")
    load_tokenizer(encoder_folder).save_pretrained(tmp_path / "lower")
    whole = cache(encoder_folder, tmp_path / "whole_cache", STIMULI)
    part = cache(tmp_path / "lower", tmp_path / "part_cache", STIMULI)
    assert len(part.layers) == 3
    for one, other in zip(part.layers, whole.layers[:3], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("budget", [1, 30, 100, 10_000])
def test_batches_hold_every_sentence_once_within_the_budget(budget):
    lengths = np.random.default_rng(0).integers(3, 60, 200).tolist()
    batches = list(pack(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(200))
    for batch in batches:
        padded = len(batch) * max(lengths[index] for index in batch)
        assert padded <= budget or len(batch) == 1
    if budget == 100:  # another order would need more batches
        assert len(batches) < sum(lengths) / 100 * 1.6


def test_a_folder_that_is_no_cache_is_refused(tmp_path):
    with pytest.raises(InputError, match=str(tmp_path)):
        open_activations(tmp_path)


def test_reading_a_cache_does_not_import_torch():
    code = "import sys, bertology.similarity.rsa; sys.exit('torch' in sys.modules)"
    library = Path(bertology.__file__).parents[1]
    environment = {"PYTHONPATH": str(library)}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )
