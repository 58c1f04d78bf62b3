"""Time and peak memory of comparing two 12-layer encoders by RSA, against the bare products.

The comparison reads two caches of activations and returns all pairs of layers. The bare products
are the matrix products of the same tiles of vectors, with nothing done to their results. Bounds:
twice the time of the products, and 2 GiB. Run by `make bench`, or
`python benchmarks/rsa.py [tokens] [layers] [width]`.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from bertology.similarity.measures import compare
from bertology.similarity.rsa import TILE

LARGEST_RATIO = 2.0
LARGEST_MEMORY = 2.0  # GiB
REPETITIONS = 2
DEFAULT_SIZE = [5000, 13, 768]


def write_cache(folder: Path, tokens: int, layers: int, width: int, seed: int) -> Path:
    folder.mkdir()
    generator = np.random.default_rng(seed)
    for number in range(layers):
        values = generator.standard_normal((tokens, width), np.float32).astype(np.float16)
        np.save(folder / f"layer_{number:02d}.npy", values)
    table = {"sentence": "s", "segment": 0, "position": np.arange(tokens), "wordpiece": "w"}
    pd.DataFrame(table).to_parquet(folder / "tokens.parquet")
    return folder


def bare_products(layers: list[np.ndarray]) -> None:
    tokens = len(layers[0])
    out = np.empty((TILE, TILE), np.float32)
    for top in range(0, tokens, TILE):
        for left in range(top, tokens, TILE):
            for layer in layers:
                rows, columns = layer[top : top + TILE], layer[left : left + TILE]
                np.matmul(rows, columns.T, out=out[: len(rows), : len(columns)])


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_memory() -> float:
    """In GiB, of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(first: Path, second: Path, tokens: int, layers: int, width: int) -> bool:
    """Take the best of several runs in turn: other work on the machine only ever adds time."""
    rows = np.arange(tokens)
    pearson, bare = seconds(lambda: compare(first, second, rows, "rsa_pearson")), float("inf")
    memory = peak_memory()  # before the vectors of the bare products take theirs
    vectors = list(np.random.default_rng(0).random((2 * layers, tokens, width), np.float32))
    for _ in range(REPETITIONS):
        bare = min(bare, seconds(lambda: bare_products(vectors)))
        pearson = min(pearson, seconds(lambda: compare(first, second, rows, "rsa_pearson")))
    spearman = seconds(lambda: compare(first, second, rows, "rsa_spearman"))
    print(f"{tokens} tokens x {layers} layers x {width}, two models")
    print(f"bare products {bare:8.2f} s")
    print(f"RSA, Pearson  {pearson:8.2f} s = {pearson / bare:.2f} x bare, {memory:.2f} GiB")
    print(f"RSA, Spearman {spearman:8.2f} s = {spearman / bare:.2f} x bare")
    print(f"bounds for Pearson: {LARGEST_RATIO} x bare, {LARGEST_MEMORY} GiB")
    return pearson / bare <= LARGEST_RATIO and memory <= LARGEST_MEMORY


def main() -> int:
    tokens, layers, width = [int(argument) for argument in sys.argv[1:]] or DEFAULT_SIZE
    with tempfile.TemporaryDirectory() as temporary:
        first = write_cache(Path(temporary, "first"), tokens, layers, width, seed=0)
        second = write_cache(Path(temporary, "second"), tokens, layers, width, seed=1)
        return 0 if measure(first, second, tokens, layers, width) else 1


if __name__ == "__main__":
    sys.exit(main())
