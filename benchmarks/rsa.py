"""Time and peak memory of comparing two 12-layer encoders by RSA and CKA, against bare products.

A comparison reads two caches of activations and returns all pairs of layers. The bare products are
the matrix products that it cannot do without, in the same precision, with nothing done to their
results: of RSA those of the same tiles of vectors, of CKA X'Y for each pair of layers and X'X for
each layer. Bounds: twice the time of the products, and 2 GiB. One thread, as the rule has
(OMP_NUM_THREADS sets another number). Run by `make bench`, or
`python benchmarks/rsa.py [tokens] [layers] [width]`.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when numpy is imported

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from bertology.similarity.measures import compare
from bertology.similarity.rsa import TILE

LARGEST_RATIO = 2.0
LARGEST_MEMORY = 2.0  # GiB
REPETITIONS = 3
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


def bare_rsa(layers: list[np.ndarray]) -> None:
    tokens = len(layers[0])
    out = np.empty((TILE, TILE), np.float32)
    for top in range(0, tokens, TILE):
        for left in range(top, tokens, TILE):
            for layer in layers:
                rows, columns = layer[top : top + TILE], layer[left : left + TILE]
                np.matmul(rows, columns.T, out=out[: len(rows), : len(columns)])


def bare_cka(layers: list[np.ndarray]) -> None:
    half = len(layers) // 2
    pairs = [*product(layers[:half], layers[half:]), *zip(layers, layers, strict=True)]
    out = np.empty((layers[0].shape[1],) * 2, np.float32)
    for x, y in pairs:
        np.matmul(x.T, y, out=out)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_memory() -> float:
    """In GiB, of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


BARE = {"rsa_pearson": bare_rsa, "cka": bare_cka}


def measure(first: Path, second: Path, tokens: int, layers: int, width: int) -> bool:
    rows = np.arange(tokens)
    memory = {}
    for name in BARE:
        compare(first, second, rows, name)
        memory[name] = peak_memory()  # before the vectors of the bare products take theirs
    vectors = list(np.random.default_rng(0).random((2 * layers, tokens, width), np.float32))
    print(f"{tokens} tokens x {layers} layers x {width}, two models")
    print(f"bounds: {LARGEST_RATIO} x the bare products, {LARGEST_MEMORY} GiB")
    ratios = {}
    for name, bare in BARE.items():
        ratios[name] = ratio(
            name, partial(bare, vectors), partial(compare, first, second, rows, name)
        )
        print(f"{name:12} peak memory so far {memory[name]:.2f} GiB")
    return max(ratios.values()) <= LARGEST_RATIO and max(memory.values()) <= LARGEST_MEMORY


def ratio(name: str, bare: Callable[[], object], ours: Callable[[], object]) -> float:
    """Take the best of several runs in turn: other work on the machine only ever adds time."""
    runs = [(seconds(bare), seconds(ours)) for _ in range(REPETITIONS)]
    least_bare, least_ours = (min(times) for times in zip(*runs, strict=True))
    print(f"{name:12} {least_ours:6.2f} s, bare products {least_bare:6.2f} s", end=": ")
    print(f"{least_ours / least_bare:.2f} x bare")
    return least_ours / least_bare


def main() -> int:
    tokens, layers, width = [int(argument) for argument in sys.argv[1:]] or DEFAULT_SIZE
    with tempfile.TemporaryDirectory() as temporary:
        first = write_cache(Path(temporary, "first"), tokens, layers, width, seed=0)
        second = write_cache(Path(temporary, "second"), tokens, layers, width, seed=1)
        return 0 if measure(first, second, tokens, layers, width) else 1


if __name__ == "__main__":
    sys.exit(main())
