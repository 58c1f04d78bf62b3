"""The gate: an encoder is admitted only after it has been tried.

What would go wrong later, or without a word, is looked for here, on a few short texts. Each check
has a name, by which a refusal says what failed; docs/encoders.md lists them.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.encoder_tokenizers import WORDS, known_words, load_tokenizer
from bertology.encoders import (
    describe,
    freeze_prefix,
    layer_stack,
    load_encoder,
    maximum_tokens,
    truncate,
)
from bertology.errors import InputError
from bertology.files import write_json
from bertology.finetuning.prefix import FixedPrefix

TOLERANCE = 1e-4
"""How far hidden states may differ between batches, relative to the layer's largest value."""
LARGEST = torch.finfo(torch.float16).max
"""In a cache of activations values are float16."""
LONG = 1024
"""Tokens of a long input, beside which a short one is padded; or as many as the encoder takes."""

Findings = dict[str, Any]


@dataclass
class Candidate:
    """An encoder's folder, and what was loaded from it."""

    folder: Path
    encoder: PreTrainedModel
    tokenizer: Tokenizer

    @cached_property
    def known(self) -> dict[str, float]:
        """The share of words that are known, of each language."""
        return known_words(self.tokenizer)

    @cached_property
    def texts(self) -> list[str]:
        """Three texts of different lengths, of the language whose words are known best."""
        words = WORDS[max(self.known, key=lambda language: self.known[language])].split()
        return [" ".join(words[:4]), " ".join(words), words[-2]]

    @cached_property
    def one_layer(self) -> PreTrainedModel:
        """A copy of one layer, saved and loaded, which is cheap to run on long inputs."""
        return _copy_of_one_layer(self.folder)


def admit(folder: Path) -> Findings:
    """Try the encoder in a folder; return what was found, by name of check.

    A tokenizer that gives token types which its encoder has not is told not to, in the folder.
    Raises InputError that begins with the name of the check that failed.
    """
    candidate = Candidate(
        folder,
        _named("weights", lambda: load_encoder(folder)),
        _named("tokenizer", lambda: load_tokenizer(folder)),
    )
    findings: Findings = {"encoder": _named("layers", lambda: describe(candidate.encoder))}
    # Dropout draws, and must not shift what is drawn after this.
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        for name, check in CHECKS.items():
            findings[name] = _named(name, lambda check=check: check(candidate))  # type: ignore[misc]
    return findings


def _named(name: str, check: Callable[[], Any]) -> Any:
    """Run a check; whatever it raises becomes an InputError that begins with its name."""
    try:
        return check()
    except InputError as error:
        raise InputError(f"check {name!r}: {error}") from error
    except Exception as error:  # a model's own code can raise anything
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        raise InputError(
            f"check {name!r}: found {reason}; allowed: an encoder that reads text alone"
        ) from error


# --- Tokenizer ------------------------------------------------------------------------------------


def _vocabulary(candidate: Candidate) -> Findings:
    """Refuse tokens whose number is beyond the embedding matrix."""
    rows = candidate.encoder.get_input_embeddings().weight.shape[0]
    largest = max(candidate.tokenizer.get_vocab().values())
    if largest >= rows:
        raise InputError(
            f"found a tokenizer with token number {largest} beside {rows} embeddings; "
            f"allowed: numbers up to {rows - 1}. Is it the tokenizer of another encoder?"
        )
    return {"tokens": len(candidate.tokenizer), "embeddings": rows}


def _known_words(candidate: Candidate) -> Findings:
    """Refuse a vocabulary to which ordinary words of all languages are unknown."""
    if not any(candidate.known.values()):
        raise InputError(
            f"found a vocabulary of {len(candidate.tokenizer)} tokens, to which all words of "
            f"{len(WORDS)} languages are unknown; allowed: the vocabulary that the encoder was "
            "trained with. Is one of the tokenizer's files missing?"
        )
    return {language: round(share, 2) for language, share in candidate.known.items() if share}


def _special_tokens(candidate: Candidate) -> str:
    """Refuse texts that no special token leads, and pairs that none separates."""
    pair = candidate.tokenizer(*candidate.texts[:2]).encodings[0]
    segments = pair.sequence_ids
    second = segments.index(1) if 1 in segments else len(segments)
    if segments[0] is not None:
        found = f"{pair.tokens[0]!r} at the start of a text"
    elif 0 not in segments[:second] or segments[second - 1] is not None:
        found = f"nothing between the texts of a pair ({' '.join(pair.tokens)})"
    else:
        return " ".join(pair.tokens)
    raise InputError(
        f"found {found}; allowed: a special token such as [CLS] at the start, which inference "
        "and the root of a tree read, and one such as [SEP] between two texts"
    )


def _token_types(candidate: Candidate) -> str:
    """Drop token types from the tokenizer's settings where the encoder does not take them."""
    tokenizer = candidate.tokenizer
    if "token_type_ids" not in tokenizer.model_input_names:
        return "none"
    pair = dict(tokenizer(*candidate.texts[:2], return_tensors="pt"))
    try:
        candidate.encoder(**pair)
    except (IndexError, TypeError, RuntimeError):
        pair.pop("token_type_ids")
        candidate.encoder(**pair)
        _drop_token_types(candidate)
        return "dropped: the encoder does not take them"
    return "accepted"


def _drop_token_types(candidate: Candidate) -> None:
    names = [name for name in candidate.tokenizer.model_input_names if name != "token_type_ids"]
    candidate.tokenizer.model_input_names = names
    path = candidate.folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    write_json(path, {**settings, "model_input_names": names})


# --- Hidden states --------------------------------------------------------------------------------


def _hidden_states(candidate: Candidate) -> Findings:
    """Refuse hidden states that are not one a layer, or not finite, or not always the same."""
    states, again = (_run(candidate, candidate.texts[1:2]) for _ in range(2))
    depth = len(layer_stack(candidate.encoder))
    if len(states) != depth + 1:
        raise InputError(
            f"found {len(states)} hidden states; allowed: {depth + 1}, with {depth} layers"
        )
    for number, (state, same) in enumerate(zip(states, again, strict=True)):
        largest = float(state.abs().max())
        if not largest <= LARGEST:  # written so that NaN fails too
            raise InputError(
                f"found a value of {largest:.4g} in layer {number}; "
                f"allowed: finite values up to {LARGEST:.0f}, as a cache of activations holds"
            )
        if not torch.equal(state, same):
            raise InputError(
                f"found other values in layer {number} for the same text a second time; "
                "allowed: an encoder without chance in it"
            )
    return {"number": len(states), "width": states[0].shape[-1]}


def _directions(candidate: Candidate) -> str:
    """Refuse an encoder that reads from left to right: its first token knows nothing of others."""
    words = candidate.texts[1].split()
    first = _run(candidate, [" ".join(words)])[-1][0, 0]
    other = _run(candidate, [" ".join([words[2], *words[1:]])])[-1][0, 0]
    if torch.equal(first, other):
        raise InputError(
            "found a first token that does not depend on the words after it (a causal decoder?); "
            "allowed: an encoder that reads in both directions"
        )
    return "both"


def _batches(candidate: Candidate) -> Findings:
    """Refuse a text that has other hidden states in a batch, where it may be padded, than alone."""
    together = _run(candidate, candidate.texts)
    differences = [
        _difference(_run(candidate, [text]), [state[row] for state in together])
        for row, text in enumerate(candidate.texts)
    ]
    return {"largest_difference": max(differences), "tolerance": TOLERANCE}


def _run(candidate: Candidate, texts: list[str]) -> tuple[Tensor, ...]:
    """Give hidden states, layers of (texts, tokens, width)."""
    inputs = candidate.tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
    return candidate.encoder(**inputs, output_hidden_states=True).hidden_states


def _difference(alone: Sequence[Tensor], in_batch: Sequence[Tensor]) -> float:
    """Give the largest difference of a text alone (1, tokens, width) and in a batch, by layer.

    Relative to the layer's largest value. Raises InputError for one above TOLERANCE.
    """
    largest = 0.0
    for number, (own, padded) in enumerate(zip(alone, in_batch, strict=True)):
        difference = float((own[0] - padded[: own.shape[1]]).abs().max() / own.abs().max())
        if not difference <= TOLERANCE:
            raise InputError(
                f"found a difference of {difference:.2g} in layer {number} between a text alone "
                f"and in a batch, where it is padded; allowed: up to {TOLERANCE}, relative to the "
                "layer's largest value. Without an attention mask padding is mixed into values"
            )
        largest = max(largest, difference)
    return largest


# --- Layers ---------------------------------------------------------------------------------------


def _frozen_layers(candidate: Candidate) -> Findings:
    """Refuse an encoder whose first layer does not stay as it is where it is fixed.

    Its output, with what is above it run on that, must be the whole encoder's too.
    """
    encoder = load_encoder(candidate.folder)
    inputs = dict(candidate.tokenizer(candidate.texts[1], return_tensors="pt"))
    expected = encoder(**inputs, output_hidden_states=True).hidden_states
    with torch.enable_grad():
        freeze_prefix(encoder, 1)
    encoder.train()
    if not torch.equal(encoder(**inputs, output_hidden_states=True).hidden_states[1], expected[1]):
        raise InputError("found other values after a fixed layer while training; allowed: the same")
    encoder.eval()
    prefix = FixedPrefix(encoder)
    if prefix.layers:
        output = prefix.run_rest(prefix.run(inputs), inputs)
        whole = encoder(**inputs).last_hidden_state
        _difference([whole], [output[0]])
    return {"run_apart": prefix.layers > 0}


def _fewer_layers(candidate: Candidate) -> Findings:
    """Refuse an encoder of which a copy with fewer layers does not load with the same values."""
    copy = replace(candidate, encoder=deepcopy(candidate.one_layer))
    embedded = _run(copy, candidate.texts[1:2])[0]
    if not torch.equal(embedded, _run(candidate, candidate.texts[1:2])[0]):
        raise InputError("found other values in a copy of one layer; allowed: the same")
    return {"layers": len(layer_stack(copy.encoder))}


def _copy_of_one_layer(folder: Path) -> PreTrainedModel:
    copy = load_encoder(folder)
    truncate(copy, 1)
    with tempfile.TemporaryDirectory() as saved:
        copy.save_pretrained(saved)
        try:
            return load_encoder(Path(saved))
        except InputError as error:
            allowed = "allowed: an encoder whose first layers make one by themselves"
            raise InputError(f"found a copy of one layer that does not load; {allowed}") from error


def _longest_input(candidate: Candidate) -> Findings:
    """Refuse an encoder that does not take as many tokens as it claims, or reads long ones anew.

    Some (BigBird) attend otherwise to long inputs than to short ones: a short text then depends on
    the batch. They stay as they were after the first short text, so the batch comes first, on a
    copy that has read nothing.
    """
    copy = replace(candidate, encoder=deepcopy(candidate.one_layer))
    claimed = maximum_tokens(copy.encoder)
    short = copy.tokenizer(candidate.texts[1]).input_ids
    longest = [short[len(short) // 2]] * claimed
    _run_tokens(copy, [longest])
    together = _run_tokens(copy, [longest[:LONG], short])
    difference = _difference(_run_tokens(copy, [short]), [state[1] for state in together])
    return {"tokens": claimed, "short_beside_long": difference}


def _run_tokens(candidate: Candidate, rows: list[list[int]]) -> tuple[Tensor, ...]:
    """Give the hidden states of rows of token numbers, layers of (rows, tokens, width)."""
    padded = candidate.tokenizer.pad(
        {"input_ids": rows}, padding_side="right", return_tensors="pt", verbose=False
    )
    return candidate.encoder(**padded, output_hidden_states=True).hidden_states


CHECKS: dict[str, Callable[[Candidate], Any]] = {
    "vocabulary": _vocabulary,
    "known words": _known_words,
    "special tokens": _special_tokens,
    "token types": _token_types,
    "hidden states": _hidden_states,
    "directions": _directions,
    "batches": _batches,
    "frozen layers": _frozen_layers,
    "fewer layers": _fewer_layers,
    "longest input": _longest_input,
}
"""In the order in which they are made; `weights`, `tokenizer` and `layers` come before them."""
