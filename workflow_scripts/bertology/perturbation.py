"""An encoder that changes as much as a fine-tuned one, and nowhere in particular.

It is the pretrained encoder with Gaussian noise on its layers, of one size relative to the weights.
Change accumulates from layer to layer by itself, so that what such an encoder looks like is what
change of that amount means; how large the noise must be says how directed fine-tuning is.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import BatchEncoding, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from bertology.activations import encode_stimulus, hidden_states, pack, short_enough
from bertology.corpora.stimuli import read_stimuli
from bertology.device import available_device
from bertology.encoder_tokenizers import copy_tokenizer, load_tokenizer
from bertology.encoders import layer_stack, load_encoder, maximum_tokens
from bertology.errors import InputError
from bertology.files import atomic_folder, write_json
from bertology.similarity.preparation import PREPARATION
from bertology.similarity.rsa import correlate_similarities

logger = logging.getLogger(__name__)

TOLERANCE = 0.02
"""Of the change that is looked for, by which the one found may miss it."""
STEPS = 30
FIRST_RATIO = 15.0
"""Where the search begins, in sizes of the run's own change of weights."""
FIRST_SIZE = 0.01
"""Where it begins if no weight of a layer has changed, and the embeddings alone have."""
LARGEST = 4.0
"""In such noise nothing is left of the weights: more of it changes nothing more."""
WIDEST_STEP = 8.0
EXPONENT = 1.5
"""Change grows with about this power of the size, between 2 (little noise) and 1 (much)."""
UNCHANGED = 1e-9
"""A change (1 - RSA) that is rounding."""
Layers = list[np.ndarray]


@dataclass(frozen=True)
class Found:
    """Noise of a size (relative to the weights), the change that it makes, and tries so far."""

    size: float
    change: float
    steps: int


@dataclass(frozen=True)
class Sample:
    """Some items of a text, as an encoder reads them."""

    tokenizer: Tokenizer
    encodings: Sequence[BatchEncoding]
    items: int
    tokens_per_batch: int

    @property
    def tokens(self) -> int:
        """Count its tokens, special ones excluded."""
        return sum(int(_ordinary(encoding).sum()) for encoding in self.encodings)

    def layers(self, encoder: PreTrainedModel) -> Layers:
        """Run an encoder; give its layers, first to last: (tokens, width), float32."""
        lengths = [len(encoding.input_ids) for encoding in self.encodings]
        parts: list[Layers] = []
        for batch in pack(lengths, self.tokens_per_batch):
            encodings = [self.encodings[index] for index in batch]
            states = hidden_states(encoder, self.tokenizer, encodings)[1:]
            for place, encoding in enumerate(encodings):
                kept = np.flatnonzero(_ordinary(encoding))
                parts.append([state[place, kept] for state in states])
        return [np.concatenate(layer) for layer in zip(*parts, strict=True)]


def _ordinary(encoding: BatchEncoding) -> np.ndarray:
    """Tell which tokens are not special."""
    return np.array([segment is not None for segment in encoding.sequence_ids()])


def write_perturbed(
    tuned_folder: Path,
    pretrained_folder: Path,
    stimuli_file: Path,
    folder: Path,
    description_file: Path,
    settings: Mapping[str, Any],
    seed: int,
    threads: int,
) -> None:
    """Write the perturbed encoder of a run as a Hugging Face folder, and how it was found as JSON.

    settings: those of `draw_sample`, and the measure (one that can be resampled). seed: of the
    noise. The description is what `match` returns, with stimuli, items and tokens.
    InputError as of `find_size`.
    """
    torch.set_num_threads(threads)
    encoder, tuned = _load(pretrained_folder), _load(tuned_folder)
    tokenizer, longest = load_tokenizer(pretrained_folder), maximum_tokens(encoder)
    sample = draw_sample(stimuli_file, tokenizer, longest, settings)
    found = match(tuned, encoder, sample, settings["measure"], seed)
    read = {"stimuli": stimuli_file.stem, "items": sample.items, "tokens": sample.tokens}
    logger.info("%s: %s", folder, {**found, **read})
    with atomic_folder(folder) as temporary, perturbed(encoder, found["noise"], seed):
        encoder.save_pretrained(temporary)
        copy_tokenizer(pretrained_folder, temporary)
    write_json(description_file, {**found, **read})


def _load(folder: Path) -> PreTrainedModel:
    return load_encoder(folder).to(available_device())


def draw_sample(
    stimuli_file: Path, tokenizer: Tokenizer, longest: int, settings: Mapping[str, Any]
) -> Sample:
    """Draw items of the stimuli one by one, until there are enough of them, or of their tokens.

    settings: perturbed_items and tokens (how many are enough), seed, tokens_per_batch. Stimuli of
    more than `longest` tokens are left out; InputError if there is no other one.
    """
    encoded = [(each, encode_stimulus(each, tokenizer)) for each in read_stimuli(stimuli_file)]
    by_item: dict[str, list[BatchEncoding]] = {}
    for stimulus, encoding in short_enough(encoded, longest, stimuli_file):
        by_item.setdefault(stimulus.item, []).append(encoding)
    items = list(by_item.values())
    sample = Sample(tokenizer, [], 0, settings["tokens_per_batch"])
    for number in np.random.default_rng(settings["seed"]).permutation(len(items)):
        if sample.items == settings["perturbed_items"] or sample.tokens >= settings["tokens"]:
            break
        encodings = [*sample.encodings, *items[number]]
        sample = replace(sample, encodings=encodings, items=sample.items + 1)
    return sample


def match(
    tuned: PreTrainedModel, encoder: PreTrainedModel, sample: Sample, measure: str, seed: int
) -> dict[str, Any]:
    """Find the noise that changes the pretrained encoder as much as fine-tuning has changed it.

    Returns noise (its size relative to the weights, in each tensor), weight_change (the run's own),
    ratio of the two (None where no weight of a layer has changed), change and change_perturbed (as
    of `mean_change` to the pretrained encoder), and steps of the search.
    """
    before = sample.layers(encoder)

    def change_at(size: float) -> float:
        with perturbed(encoder, size, seed):
            return mean_change(sample.layers(encoder), before, measure)

    moved = weight_change(tuned, encoder)
    target = mean_change(sample.layers(tuned), before, measure)
    found = find_size(change_at, target, FIRST_RATIO * moved or FIRST_SIZE)
    return {
        "noise": found.size,
        "weight_change": moved,
        "ratio": found.size / moved if moved else None,
        "change": target,
        "change_perturbed": found.change,
        "steps": found.steps,
    }


def mean_change(first: Layers, second: Layers, measure: str) -> float:
    """Return 1 - RSA of the same layer of two encoders, (tokens, width) each, mean over layers."""
    prepare = PREPARATION[measure]
    similarities = [
        correlate_similarities([prepare(x), prepare(y)], "pearson")[0, 1]
        for x, y in zip(first, second, strict=True)
    ]
    return float(1 - np.mean(similarities))


def weight_change(first: PreTrainedModel, second: PreTrainedModel) -> float:
    """Return how far the weights of the layers moved from the second encoder to the first.

    Frobenius norm of the difference over that of the second's, all tensors together.
    """
    pairs = list(zip(_tensors(first), _tensors(second), strict=True))
    moved = math.hypot(*(_norm(x.double() - y.double()) for x, y in pairs))
    return moved / math.hypot(*(_norm(y) for _, y in pairs))


@contextmanager
def perturbed(encoder: PreTrainedModel, size: float, seed: int) -> Iterator[None]:
    """Put noise on every tensor of an encoder's layers; take it away again at the end.

    The Frobenius norm of the noise is `size` times that of the tensor; a tensor of norm 0 stays.
    A seed gives the same noise for each size, but for that factor. Whatever is not in a layer stays
    (embeddings, a normalisation after the last layer).
    """
    tensors = _tensors(encoder)
    kept = [tensor.clone() for tensor in tensors]
    # Not on the GPU, whose generator gives other numbers.
    generator = torch.Generator().manual_seed(seed)
    try:
        for tensor in tensors:
            noise = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            tensor += (noise * (size * _norm(tensor) / _norm(noise))).to(tensor)
        yield
    finally:
        for tensor, value in zip(tensors, kept, strict=True):
            tensor.copy_(value)


def _tensors(encoder: PreTrainedModel) -> list[Tensor]:
    """Give the weights of the layers, all of them, apart from gradients."""
    return [parameter.detach() for parameter in layer_stack(encoder).parameters()]


def _norm(tensor: Tensor) -> float:
    return float(torch.linalg.vector_norm(tensor.double()))


def find_size(change_at: Callable[[float], float], target: float, start: float) -> Found:
    """Find the size of noise that makes a change, to within TOLERANCE of that change.

    change_at: the change that noise of a size (above 0) makes: continuous, near 0 for sizes near 0.
    The search begins at `start`, goes up or down until the change that is looked for lies between
    two that it knows, and narrows these: by a straight line between their logarithms (regula
    falsi), and every fifth step by their middle, since the line alone can stand still on one side.
    No change at all needs no noise. InputError for a change that is larger than noise of LARGEST
    times the weights makes.
    """
    if target <= UNCHANGED:
        return Found(0.0, 0.0, 0)
    below: tuple[float, float] | None = None
    above: tuple[float, float] | None = None
    size = min(start, LARGEST)
    for step in range(1, STEPS + 1):
        change = change_at(size)
        if abs(change - target) <= TOLERANCE * target:
            return Found(size, change, step)
        place = math.log(size), math.log(max(change, UNCHANGED**2) / target)
        below, above = (place, above) if change < target else (below, place)
        if below and above:
            size = math.exp(_between(below, above, middle=step % 5 == 0))
        elif size == LARGEST and below:
            raise _beyond_noise(target, change)
        else:
            factor = (target / max(change, UNCHANGED**2)) ** (1 / EXPONENT)
            size = min(LARGEST, size * min(max(factor, 1 / WIDEST_STEP), WIDEST_STEP))
    raise InputError(
        f"perturbed encoder: found no noise that changes it by {target:.3g} in {STEPS} steps; "
        "allowed: a change that grows steadily with noise, or similarity.perturbed_items 0"
    )


def _between(below: tuple[float, float], above: tuple[float, float], middle: bool) -> float:
    """Give the place between two where the line through them crosses 0."""
    share = 0.5 if middle else below[1] / (below[1] - above[1])
    return below[0] + share * (above[0] - below[0])


def _beyond_noise(target: float, change: float) -> InputError:
    return InputError(
        f"perturbed encoder: found a run that changed by {target:.3g} (1 - RSA, mean over layers); "
        f"allowed: at most {change:.3g}, which noise of {LARGEST:g} times the weights makes, or "
        "similarity.perturbed_items 0"
    )
