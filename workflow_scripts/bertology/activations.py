"""The cache of activations: every layer of an encoder on every token of a set of stimuli.

A cache is a folder: `layer_00.npy` (embeddings), `layer_01.npy`, ..., each float16 of shape
(tokens, width); `tokens.parquet`, one row for each row of these arrays, in the order of the
stimuli; `summary.json`. Reading a cache needs neither torch nor the encoder.
"""

import logging
import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bertology.errors import InputError
from bertology.files import atomic_folder, write_json
from bertology.left_out import records, warn_of
from bertology.shortage import FULL

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BatchEncoding, PreTrainedModel
    from transformers import PreTrainedTokenizerBase as Tokenizer

    from bertology.corpora.shapes import Stimulus

    Encoded = list[tuple[Stimulus, BatchEncoding]]
    Run = Callable[[PreTrainedModel, Mapping[str, Tensor]], Sequence[Tensor]]

logger = logging.getLogger(__name__)

TOO_LONG = "longer than the encoder takes"
DROPPED = "word of running text of which the tokenizer keeps nothing"
BETWEEN_BLANKS = re.compile(r"\S+")
LARGEST = float(np.finfo(np.float16).max)
NO_WORD = -1
WHOLE_CACHE = "float16 layers of one shape, a row for each token; delete it to have it made anew"


@dataclass(frozen=True)
class Activations:
    """A cache opened for reading: nothing is loaded until it is indexed.

    `layers[k]` is a read-only memory map of shape (tokens, width), float16; layer 0 is the
    embedding layer. `tokens` has one row per token and the columns
    - sentence: identifier of the stimulus;
    - item: what the stimulus is, or was cut from: the same in both forms of a text;
    - segment: 0 or 1, and -1 for special tokens;
    - position: index of the token in the encoder's input, from 0;
    - word: index of its word in its segment (of running text: what stands between blanks), and -1
      for special tokens and for tokens of blanks alone;
    - wordpiece: the token itself, as the tokenizer writes it;
    - special: whether the tokenizer added it ([CLS], [SEP]);
    - first: whether it is the first wordpiece of its word;
    - tag: universal part of speech of its word, or null.
    """

    layers: list[np.ndarray]
    tokens: pd.DataFrame


def open_activations(folder: Path) -> Activations:
    """Open a cache that `cache_activations` wrote; InputError if it is not one."""
    files = sorted(folder.glob("layer_*.npy"))
    if not files or not (folder / "tokens.parquet").is_file():
        raise InputError.at(
            folder, None, "no layer_00.npy and tokens.parquet", "cached activations"
        )
    try:
        layers = [np.load(file, mmap_mode="r", allow_pickle=False) for file in files]
        tokens = pd.read_parquet(folder / "tokens.parquet")
    except (ValueError, OSError, EOFError) as error:
        raise InputError.at(folder, None, f"a broken file ({error})", WHOLE_CACHE) from error
    shapes = {(str(layer.dtype), layer.shape) for layer in layers}
    if len(shapes) > 1 or shapes != {("float16", (len(tokens), layers[0].shape[-1]))}:
        found = f"layers of {', '.join(f'{dtype} {shape}' for dtype, shape in sorted(shapes))}"
        found += f" and {len(tokens)} tokens"
        raise InputError.at(folder, None, found, WHOLE_CACHE)
    return Activations(layers, tokens)


def cache_activations(
    encoder_folder: Path, stimuli_file: Path, folder: Path, tokens_per_batch: int, threads: int
) -> None:
    """Run an encoder once over the stimuli and write all its layers to `folder`.

    `tokens_per_batch` bounds the tokens of one forward pass, padding included, and with it the
    memory; the values do not depend on it beyond rounding. Stimuli that are running text reach the
    tokenizer as such, the others as words: as the tasks read them, but that questions come with
    their whole passage, which a task reads in windows. Those that are longer than the encoder takes
    are left out whole, counted in the log and named in `summary.json`.

    Raises InputError for stimuli that cannot be read, for hidden states outside the range of
    float16, and where no stimulus is short enough.
    """
    import torch

    from bertology.device import available_device
    from bertology.encoder_tokenizers import load_tokenizer
    from bertology.encoders import load_encoder

    torch.set_num_threads(threads)
    encoder, tokenizer = load_encoder(encoder_folder), load_tokenizer(encoder_folder)
    encoder.to(available_device())
    write_cache(encoder, tokenizer, stimuli_file, folder, tokens_per_batch, all_layers)


def all_layers(encoder: "PreTrainedModel", inputs: "Mapping[str, Tensor]") -> "Sequence[Tensor]":
    """Run an encoder; give all its hidden states: (batch x tokens x hidden) each."""
    states: Sequence[Tensor] = encoder(**inputs, output_hidden_states=True).hidden_states
    return states


def write_cache(
    encoder: "PreTrainedModel",
    tokenizer: "Tokenizer",
    stimuli_file: Path,
    folder: Path,
    tokens_per_batch: int,
    run: "Run",
) -> None:
    """Write what `run` makes of an encoder and its inputs; otherwise as `cache_activations`.

    run: from the encoder and a batch of inputs to hidden states as `all_layers` gives them.
    """
    from bertology.corpora.stimuli import read_stimuli
    from bertology.encoders import describe, maximum_tokens

    stimuli = read_stimuli(stimuli_file)
    encoded = [(stimulus, encode_stimulus(stimulus, tokenizer)) for stimulus in stimuli]
    kept = short_enough(encoded, maximum_tokens(encoder), stimuli_file)
    tokens = pd.DataFrame([row for pair in kept for row in _token_rows(*pair)])
    with atomic_folder(folder) as temporary:
        tokens.to_parquet(temporary / "tokens.parquet", index=False)
        encodings = [encoding for _, encoding in kept]
        _write_layers(encoder, tokenizer, encodings, temporary, tokens_per_batch, run)
        summary = {"encoder": describe(encoder), **_summary(encoded, kept)}
        warn_of(summary["left_out"])
        write_json(temporary / "summary.json", summary)


def short_enough(encoded: "Encoded", longest: int, stimuli_file: Path) -> "Encoded":
    """Keep the stimuli that fit into the encoder (`longest` tokens); InputError if none does."""
    kept = [pair for pair in encoded if len(pair[1].input_ids) <= longest]
    if not kept:
        raise InputError.at(stimuli_file, None, "only longer stimuli", f"up to {longest} tokens")
    return kept


def _summary(encoded: "Encoded", kept: "Encoded") -> dict[str, Any]:
    """Say how much there is, and what is not: long stimuli, words without any wordpiece."""
    used = {stimulus.identifier for stimulus, _ in kept}
    names = [stimulus.identifier for stimulus, _ in encoded]
    too_long = [name for name in names if name not in used]
    words = sum(len(segment) for stimulus, _ in kept for segment in stimulus.segments)
    dropped = sum(_words_without_token(*pair) for pair in kept)
    return {
        "sentences": len(kept),
        "tokens": sum(len(encoding.input_ids) for _, encoding in kept),
        "left_out_as_too_long": too_long,
        "left_out": [
            *records("", "text", len(encoded), {TOO_LONG: len(too_long)}),
            *records("", "word", words, {DROPPED: dropped}),
        ],
    }


def encode_stimulus(stimulus: "Stimulus", tokenizer: "Tokenizer") -> "BatchEncoding":
    """Give the tokens of a stimulus as its task reads it, running text or words."""
    from bertology.encoding import encode_words

    if stimulus.texts:
        return tokenizer(*stimulus.texts, verbose=False)
    return encode_words(tokenizer, *stimulus.segments)


def _places(stimulus: "Stimulus", encoding: "BatchEncoding") -> list[tuple[int, int]]:
    """Give the segment and the word of each token, NO_WORD where there is none."""
    segments = [NO_WORD if number is None else number for number in encoding.sequence_ids()]
    if not stimulus.texts:
        words = [NO_WORD if word is None else word for word in encoding.word_ids()]
        return list(zip(segments, words, strict=True))
    bounds = [_words_of_text(text) for text in stimulus.texts]
    offsets = encoding.encodings[0].offsets
    return [
        (segment, NO_WORD if segment == NO_WORD else _word_at(bounds[segment], *characters))
        for segment, characters in zip(segments, offsets, strict=True)
    ]


def _words_of_text(text: str) -> list[tuple[int, int]]:
    """Give the first character and the end of each word of running text."""
    return [match.span() for match in BETWEEN_BLANKS.finditer(text)]


def _word_at(words: Sequence[tuple[int, int]], start: int, end: int) -> int:
    """Give the number of the first word that has one of some characters, or NO_WORD."""
    number = bisect_right(words, start, key=itemgetter(1))
    return number if number < len(words) and words[number][0] < end else NO_WORD


def _token_rows(stimulus: "Stimulus", encoding: "BatchEncoding") -> Iterator[dict[str, Any]]:
    """Give the rows of the token table for one stimulus."""
    seen = set()
    places = _places(stimulus, encoding)
    for position, (wordpiece, place) in enumerate(zip(encoding.tokens(), places, strict=True)):
        segment, word = place
        special = segment == NO_WORD
        yield {
            "sentence": stimulus.identifier,
            "item": stimulus.item,
            "segment": segment,
            "position": position,
            "word": word,
            "wordpiece": wordpiece,
            "special": special,
            "first": word != NO_WORD and place not in seen,
            "tag": None if special or stimulus.tags is None else stimulus.tags[segment][word],
        }
        seen.add(place)


def _words_without_token(stimulus: "Stimulus", encoding: "BatchEncoding") -> int:
    """Count words of running text that the tokenizer drops, such as a lone control character."""
    tokens = list(zip(encoding.sequence_ids(), encoding.encodings[0].offsets, strict=True))
    dropped = 0
    for segment, text in enumerate(stimulus.texts):
        offsets = [characters for number, characters in tokens if number == segment]
        kept = {place for start, end in offsets for place in range(start, end)}
        dropped += sum(kept.isdisjoint(range(*word)) for word in _words_of_text(text))
    return dropped


def _write_layers(
    encoder: "PreTrainedModel",
    tokenizer: "Tokenizer",
    encodings: "list[BatchEncoding]",
    folder: Path,
    tokens_per_batch: int,
    run: "Run",
) -> None:
    """Write `layer_*.npy`, one batch at a time; rows are in the order of `encodings`."""
    lengths = np.array([len(encoding.input_ids) for encoding in encodings])
    starts = np.cumsum(lengths) - lengths
    layers: list[np.memmap] = []
    for batch in pack(lengths.tolist(), tokens_per_batch):
        states = _run_padded(encoder, tokenizer, [encodings[index] for index in batch], run)
        rows = np.concatenate([starts[index] + np.arange(lengths[index]) for index in batch])
        if not layers:
            layers = _empty_layers(folder, len(states), (int(lengths.sum()), states[0].shape[-1]))
        places = _places_in_batch(lengths[batch], states[0])
        for number, (layer, state) in enumerate(zip(layers, states, strict=True)):
            layer[rows] = _as_float16(state.flatten(0, 1)[places], number)
    for layer in layers:
        layer.flush()


def pack(lengths: Sequence[int], tokens_per_batch: int) -> Iterator[list[int]]:
    """Group indices of similar lengths, longest first, so that padding wastes little.

    A batch holds at most `tokens_per_batch` tokens with its padding, or a single sentence.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        # The first of a batch is its longest, to which the others are padded.
        if batch and (len(batch) + 1) * lengths[batch[0]] > tokens_per_batch:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def hidden_states(
    encoder: "PreTrainedModel",
    tokenizer: "Tokenizer",
    encodings: "Sequence[BatchEncoding]",
) -> list[np.ndarray]:
    """Run one batch; give one float32 array (sentences, longest, width) per layer."""
    states = _run_padded(encoder, tokenizer, encodings, all_layers)
    return [state.float().cpu().numpy() for state in states]


def _run_padded(
    encoder: "PreTrainedModel",
    tokenizer: "Tokenizer",
    encodings: "Sequence[BatchEncoding]",
    run: "Run",
) -> "Sequence[Tensor]":
    import torch

    padded = tokenizer.pad(
        {key: [encoding[key] for encoding in encodings] for key in encodings[0]},
        padding_side="right",
        return_tensors="pt",
    ).to(encoder.device)
    with torch.inference_mode():
        return run(encoder, padded)


def _places_in_batch(lengths: np.ndarray, state: "Tensor") -> "Tensor":
    """Find the tokens of a batch (sentences, longest, width) that are no padding."""
    import torch

    within = torch.arange(state.shape[1]) < torch.from_numpy(lengths)[:, None]
    return within.flatten().nonzero().squeeze(1).to(state.device)


def _empty_layers(folder: Path, count: int, shape: tuple[int, int]) -> list[np.memmap]:
    files = [folder / f"layer_{number:02d}.npy" for number in range(count)]
    layers = [np.lib.format.open_memmap(file, "w+", np.float16, shape) for file in files]
    for file in files:
        _take_space(file)
    return layers


def _take_space(file: Path) -> None:
    """Have a file that is a hole take its place on the disk; OSError if there is none left.

    Writing to it later would not raise an error on a full disk but end the process.
    """
    if not hasattr(os, "posix_fallocate"):
        return  # macOS
    with file.open("r+b") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
        except OSError as error:
            if error.errno in FULL:
                raise
            # Some file systems cannot do this.


def _as_float16(values: "Tensor", layer: int) -> np.ndarray:
    rounded: np.ndarray = values.half().cpu().numpy()
    if not np.isfinite(rounded).all():
        raise InputError(
            f"layer {layer}: found a hidden state of {float(values.abs().max())}; "
            f"allowed: finite values up to {LARGEST}, the range of float16"
        )
    return rounded
