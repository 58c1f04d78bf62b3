"""Which examples there are, and the order of training data: batches of similar length."""

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch.utils.data import Sampler

MOST_BATCHES = 50
"""Batches are cut from as many examples at once, sorted by length; fewer in small data."""


Example = TypeVar("Example")


def chosen_numbers(examples: int, most: int | None, seed: int) -> np.ndarray:
    """Draw the numbers of at most so many examples (None: all), in ascending order.

    With the same seed a smaller sample is part of a larger one.
    """
    order: np.ndarray = np.random.default_rng(seed).permutation(examples)
    return np.sort(order[:most])


def part(examples: Sequence[Example], percent: int, seed: int) -> list[Example]:
    """Draw so many percent of examples, at least one, in their order (see `chosen_numbers`)."""
    most = math.ceil(len(examples) * percent / 100)
    return [examples[number] for number in chosen_numbers(len(examples), most, seed)]


class SimilarLengths(Sampler[int]):
    """Draws the numbers of sequences so that consecutive `batch_size` have similar lengths.

    Unlike the Trainer's own grouping by length, it shuffles the batches too: there, long batches
    always come before short ones, and so learning always ends on short sequences.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int) -> None:
        self.lengths = lengths
        self.batch_size = batch_size

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        """Give each number once; the batch that is not full, if any, comes last."""
        order = torch.randperm(len(self.lengths)).tolist()
        # At least four portions, or else each epoch would have nearly the same batches.
        portion = max(1, min(len(order) // (4 * self.batch_size), MOST_BATCHES)) * self.batch_size
        numbers: list[int] = []
        for start in range(0, len(order), portion):
            numbers += sorted(order[start : start + portion], key=self.lengths.__getitem__)
        batches = [
            numbers[start : start + self.batch_size]
            for start in range(0, len(numbers), self.batch_size)
        ]
        full = len(numbers) // self.batch_size
        for batch in [*torch.randperm(full).tolist(), *range(full, len(batches))]:
            yield from batches[batch]
