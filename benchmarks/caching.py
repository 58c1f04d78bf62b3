"""Time of caching activations, against two plain loops over the data, and the bare forward passes.

The loops go over the data in the order of the file: batches of 32 padded to the longest of each,
and sentence by sentence; both keep all hidden states, as float16. The bare passes run the encoder
on our batches, ready as tensors, and keep nothing. Lengths are those of EWT; float32, one thread.
Run by `make bench`, or `python benchmarks/caching.py`.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from examples import BASE, SMALL, TOKENS_PER_BATCH, write_encoder, write_texts
from harness import OURS, Bar, Report

from bertology.activations import all_layers, encode_stimulus, pack, write_cache
from bertology.corpora.stimuli import read_stimuli
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder

PADDED_BATCH = 32
SENTENCES = {SMALL: 250, BASE: 40}
BARS = [
    Bar("padded loop", least=2),
    Bar("sentence by sentence"),
    Bar("bare forward passes", most=1 / 0.95),
]


class Work:
    """The same stimuli for the same encoder, by each of the ways."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.encoder = load_encoder(write_encoder(folder / "encoder", *size))
        self.tokenizer = load_tokenizer(folder / "encoder")
        self.stimuli = write_texts(folder / "texts.jsonl", SENTENCES[size])
        self.cache = folder / "cache"
        encodings = self.encoded()
        lengths = [len(each.input_ids) for each in encodings]
        self.batches = [
            self.padded([encodings[number] for number in batch])
            for batch in pack(lengths, TOKENS_PER_BATCH)
        ]

    def encoded(self) -> list:
        return [encode_stimulus(each, self.tokenizer) for each in read_stimuli(self.stimuli)]

    def padded(self, encodings: list) -> dict:
        fields = {key: [each[key] for each in encodings] for key in encodings[0]}
        return self.tokenizer.pad(fields, return_tensors="pt")

    def ours(self) -> None:
        settings = (self.stimuli, self.cache, TOKENS_PER_BATCH, all_layers)
        write_cache(self.encoder, self.tokenizer, *settings)

    def loop(self, size: int) -> list[np.ndarray]:
        return list(self.hidden_states(size))

    @torch.inference_mode()
    def hidden_states(self, size: int) -> Iterator[np.ndarray]:
        encodings = self.encoded()
        for start in range(0, len(encodings), size):
            inputs = self.padded(encodings[start : start + size])
            states = self.encoder(**inputs, output_hidden_states=True).hidden_states
            yield torch.stack(states).numpy().astype(np.float16)

    @torch.inference_mode()
    def bare(self) -> None:
        for inputs in self.batches:
            self.encoder(**inputs)


def main() -> int:
    torch.set_num_threads(1)
    report = Report("caching")
    for size in (SMALL, BASE):
        with tempfile.TemporaryDirectory() as folder:
            work = Work(Path(folder), size)
            ways = {
                OURS: work.ours,
                "padded loop": lambda work=work: work.loop(PADDED_BATCH),
                "sentence by sentence": lambda work=work: work.loop(1),
                "bare forward passes": work.bare,
            }
            name = "{} x {}".format(*size)
            report.measure(name, ways, BARS)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
