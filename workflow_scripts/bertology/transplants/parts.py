"""The parts of an encoder: its layers, and all the rest, which is called the embeddings.

Part k from 1 on is layer k as a whole module, with the position biases or adapters that it owns.
Part 0 is everything else: the embeddings, what layers share (relative positions of MPNet and
DeBERTa, the convolution of DeBERTa after its first layer), and a normalisation after the last layer
(ModernBERT). So hidden state k of an encoder is made by the parts 0 to k, and hidden state L, which
is its output, also by what of part 0 comes after the last layer.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import Tensor
from transformers import PreTrainedModel

from bertology.encoders import layer_stack
from bertology.errors import InputError

Part = dict[str, Tensor]


def parts_of(encoder: PreTrainedModel) -> list[Part]:
    """Return the tensors of each part (layers + 1), by their names in the state dict.

    They are the encoder's own parameters and buffers, not copies.
    """
    everything = encoder.state_dict(keep_vars=True)
    places = {id(module): name for name, module in encoder.named_modules()}
    prefixes = [f"{places[id(layer)]}." for layer in layer_stack(encoder)]
    layers = [
        {name: tensor for name, tensor in everything.items() if name.startswith(prefix)}
        for prefix in prefixes
    ]
    of_layers = {name for layer in layers for name in layer}
    return [
        {name: tensor for name, tensor in everything.items() if name not in of_layers},
        *layers,
    ]


@contextmanager
def transplanted(
    encoder: PreTrainedModel, donor: PreTrainedModel, parts: Iterable[int]
) -> Iterator[None]:
    """Let an encoder have some parts (by number) of another one of its architecture, bit for bit.

    Nothing is copied: the tensors of both point to the donor's values meanwhile. Raises InputError
    for a donor with other tensors.
    """
    own, others = parts_of(encoder), parts_of(donor)
    _refuse_another_kind(own, others, donor)
    pairs = [(own[part][name], others[part][name]) for part in parts for name in own[part]]
    kept = [tensor.data for tensor, _ in pairs]
    try:
        for tensor, other in pairs:
            tensor.data = other.data
        yield
    finally:
        for (tensor, _), values in zip(pairs, kept, strict=True):
            tensor.data = values


def _refuse_another_kind(own: list[Part], others: list[Part], donor: PreTrainedModel) -> None:
    shapes, found = (
        [{name: tuple(tensor.shape) for name, tensor in part.items()} for part in parts]
        for parts in (own, others)
    )
    if shapes != found:
        raise InputError(
            f"{type(donor).__name__}: found other weights than in the encoder that takes parts of "
            "it; allowed: an encoder of the same architecture and size"
        )
