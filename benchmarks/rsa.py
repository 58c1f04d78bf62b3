"""Time and peak memory of RSA between two 12-layer encoders, against its bare matrix products.

Bound: at most twice the time of the products, and at most 2 GiB. Run by `make bench`, or
`python benchmarks/rsa.py [tokens] [layers] [width]`.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from bertology.similarity.rsa import TILE, correlate_similarities  # noqa: E402

LARGEST_RATIO = 2.0
LARGEST_MEMORY_GIB = 2.0


def unit_vectors(layers: int, tokens: int, width: int) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    sets = [generator.standard_normal((tokens, width), np.float32) for _ in range(layers)]
    return sets


def bare_products(vectors: list[np.ndarray]) -> None:
    """Multiply the same tiles, and do nothing with them."""
    tokens = len(vectors[0])
    out = np.empty((TILE, TILE), np.float32)
    for top in range(0, tokens, TILE):
        for left in range(top, tokens, TILE):
            rows, columns = slice(top, top + TILE), slice(left, left + TILE)
            for one in vectors:
                height, width = len(one[rows]), len(one[columns])
                np.matmul(one[rows], one[columns].T, out=out[:height, :width])


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    tokens, layers, width = [*map(int, sys.argv[1:]), *(5000, 13, 768)[len(sys.argv) - 1 :]]
    vectors = unit_vectors(2 * layers, tokens, width)
    bare = min(seconds(lambda: bare_products(vectors)) for _ in range(2))
    print(f"{tokens} tokens x {layers} layers x {width}, two models")
    print(f"bare products  {bare:7.2f} s")
    ratios = {}
    for correlation in ("pearson", "spearman"):
        taken = seconds(lambda chosen=correlation: correlate_similarities(vectors, chosen))
        ratios[correlation] = taken / bare
        print(f"{correlation:14} {taken:7.2f} s, {taken / bare:.2f} times the products")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{'':14} {memory:7.2f} GiB at most so far")
    return int(ratios["pearson"] > LARGEST_RATIO or memory > LARGEST_MEMORY_GIB)


if __name__ == "__main__":
    sys.exit(main())
