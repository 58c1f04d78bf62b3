"""What each layer changes by itself: the tuned layer on the pretrained layer's own inputs.

Unlike similarity of tuned and pretrained hidden states, it does not hold what lower layers did.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedModel

from bertology.activations import all_layers, write_cache
from bertology.device import available_device
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder
from bertology.layers_apart import LayersApart
from bertology.transplants.parts import transplanted


class TransplantedLayers:
    """A pretrained encoder into which the parts of a tuned one are put, one at a time."""

    def __init__(self, pretrained: PreTrainedModel, tuned: PreTrainedModel) -> None:
        self.pretrained = pretrained
        self.tuned = tuned
        self.apart = LayersApart(pretrained)

    def hidden_states(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """Return what each tuned part makes of pretrained states: (batch x tokens x hidden) each.

        The first is the tuned embeddings' output; number k is hidden state k of the pretrained
        encoder with the tuned layer k, which reads the pretrained hidden state k - 1. What layers
        share, and a normalisation after the last one, is the pretrained encoder's. Each layer is
        run alone, so that all of it takes twice as long as one pass (where an encoder's layers
        cannot be run apart, as many passes as there are layers).
        """
        states = all_layers(self.pretrained, inputs)
        with transplanted(self.pretrained, self.tuned, [0]), self.apart.only_if_possible(0, 0):
            found = [all_layers(self.pretrained, inputs)[0]]
        for layer, below in enumerate(states[:-1], start=1):
            with (
                transplanted(self.pretrained, self.tuned, [layer]),
                self.apart.only_if_possible(layer - 1, layer, below),
            ):
                found.append(all_layers(self.pretrained, inputs)[layer])
        return found


def cache_own_change(
    tuned_folder: Path,
    pretrained_folder: Path,
    stimuli_file: Path,
    folder: Path,
    tokens_per_batch: int,
    threads: int,
) -> None:
    """Write `TransplantedLayers.hidden_states` of the stimuli as a cache of activations.

    It has the format of `cache_activations`, the rows of the pretrained encoder's cache on the same
    stimuli, and of a layer that was not tuned the same values, bit for bit. Raises InputError as
    `cache_activations` does, and for encoders of different architectures.
    """
    torch.set_num_threads(threads)
    layers = TransplantedLayers(*map(load_encoder, (pretrained_folder, tuned_folder)))
    for encoder in (layers.pretrained, layers.tuned):
        encoder.to(available_device())
    tokenizer = load_tokenizer(pretrained_folder)
    write_cache(
        layers.pretrained,
        tokenizer,
        stimuli_file,
        folder,
        tokens_per_batch,
        lambda _, inputs: layers.hidden_states(inputs),
    )
