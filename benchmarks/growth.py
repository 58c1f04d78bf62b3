"""How time grows with the work: tokens, layers and models; slopes of straight lines in logarithms.

A slope of 1 is time in proportion. Caching grows with tokens and layers, a comparison of two models
by RSA with pairs of tokens (2) and with layers; edge probes with inputs. One thread. Run by
`make bench`, or `python benchmarks/growth.py`.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when numpy is imported

import numpy as np
import pandas as pd
import torch
from edge_probes import Work
from examples import SMALL, TOKENS_PER_BATCH, write_encoder, write_texts
from harness import FOLDER, ROUNDS, run_in_turn
from similarity import write_cache as write_vectors

from bertology.activations import all_layers, write_cache
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import load_encoder
from bertology.similarity.measures import compare


def caching(folder: Path, sentences: int, layers: int) -> Callable[[], object]:
    place = folder / f"{sentences}-{layers}"
    encoder = load_encoder(write_encoder(place / "encoder", layers, SMALL[1]))
    tokenizer = load_tokenizer(place / "encoder")
    stimuli = write_texts(place / "texts.jsonl", sentences)
    settings = (place / "cache", TOKENS_PER_BATCH, all_layers)
    return lambda: write_cache(encoder, tokenizer, stimuli, *settings)


def comparing(folder: Path, tokens: int, layers: int) -> Callable[[], object]:
    pair = [
        write_vectors(folder / f"{tokens}-{layers}-{seed}", tokens, layers, SMALL[1], seed)
        for seed in (0, 1)
    ]
    return lambda: compare(*pair, np.arange(tokens), "rsa_pearson")


def measure(what: str, sizes: Sequence[int], work: Callable[[int], Callable]) -> dict:
    found = run_in_turn({str(size): work(size) for size in sizes}, ROUNDS)
    medians = [float(np.median(found[str(size)])) for size in sizes]
    slope = float(np.polyfit(np.log(sizes), np.log(medians), 1)[0])
    times = ", ".join(f"{size}: {time:.2f} s" for size, time in zip(sizes, medians, strict=True))
    print(f"{what:40} slope {slope:5.2f}   ({times})", flush=True)
    return {"what": what, "slope": slope, "times": times}


def main() -> int:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "probes").mkdir()
        probes = Work(folder / "probes")
        works = {
            "caching, by sentences": ((150, 300, 600), lambda size: caching(folder, size, 6)),
            "caching, by layers": ((3, 6, 12), lambda size: caching(folder, 200, size)),
            "RSA, by tokens": ((1000, 2000, 4000), lambda size: comparing(folder, size, 5)),
            "RSA, by layers": ((3, 6, 12), lambda size: comparing(folder, 1500, size)),
            "edge probes, by inputs": (
                (1, 3, 7),
                lambda size: lambda: probes.train(range(size), epochs=2),
            ),
        }
        rows = [measure(what, *work) for what, work in works.items()]
    FOLDER.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(FOLDER / "growth.slopes.csv", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
