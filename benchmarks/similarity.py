"""Time and memory of comparing two encoders by RSA and CKA, against NumPy and rsatoolbox.

A comparison reads two caches of activations and returns all pairs of layers. Plain NumPy builds the
matrix of token pairs of each layer as a whole, in float32; rsatoolbox does so too, and has RSA
alone. The bare products are the matrix products that ours cannot do without, with nothing done to
their results: of RSA those of the same tiles of vectors, of CKA X'Y for each pair of layers and X'X
for each layer. Memory is what a process takes at its peak beyond what it has after its imports. One
thread, as the rule has (OMP_NUM_THREADS sets another number). Run by `make bench`, or
`python benchmarks/similarity.py`.
"""

import os
import resource
import subprocess
import sys
import tempfile
from functools import partial
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when numpy is imported

import numpy as np
import pandas as pd
from harness import OURS, Bar, Report
from rsatoolbox.rdm import RDMs
from rsatoolbox.rdm import compare as compare_rdms
from scipy.spatial.distance import pdist

from bertology.similarity.measures import compare
from bertology.similarity.rsa import TILE

SIZES = {"6 x 384": (5000, 7, 384), "6 x 384, short": (1500, 7, 384)}
"""Tokens, layers with the embeddings, width. The short one is for rsatoolbox."""
WHOLE, BARE, TOOLBOX = "NumPy, whole matrices", "bare products", "rsatoolbox"
MEASURES = ("RSA", "CKA")
BARS = [Bar(WHOLE, least=4), Bar(BARE, most=1.3)]
MEMORY_SHARE = 10


def write_cache(folder: Path, tokens: int, layers: int, width: int, seed: int) -> Path:
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    for number in range(layers):
        values = generator.standard_normal((tokens, width), np.float32).astype(np.float16)
        np.save(folder / f"layer_{number:02d}.npy", values)
    table = {"sentence": "s", "segment": 0, "position": np.arange(tokens), "wordpiece": "w"}
    pd.DataFrame(table).to_parquet(folder / "tokens.parquet")
    return folder


def read(folder: Path) -> list[np.ndarray]:
    return [np.load(file).astype(np.float32) for file in sorted(folder.glob("layer_*.npy"))]


def whole_rsa(folders: list[Path]) -> np.ndarray:
    """Correlate the upper triangles of whole matrices of cosines."""
    rows = []
    for layer in (layer for folder in folders for layer in read(folder)):
        unit = layer / np.linalg.norm(layer, axis=1, keepdims=True)
        cosines = (unit @ unit.T)[np.triu_indices(len(unit), k=1)]
        cosines -= cosines.mean()
        rows.append(cosines / np.linalg.norm(cosines))
    half = len(rows) // 2
    return np.stack(rows[:half]) @ np.stack(rows[half:]).T


def whole_cka(folders: list[Path]) -> np.ndarray:
    """Take HSIC_1 of Song et al. (2012) as it is written, of whole matrices of products."""
    grams = [[layer @ layer.T for layer in read(folder)] for folder in folders]
    for gram in (gram for of_model in grams for gram in of_model):
        np.fill_diagonal(gram, 0)
    own = [[hsic(gram, gram) for gram in of_model] for of_model in grams]
    pairs = np.array([[hsic(x, y) for y in grams[1]] for x in grams[0]])
    return pairs / np.sqrt(np.outer(*own))


def hsic(x: np.ndarray, y: np.ndarray) -> float:
    tokens = len(x)
    sums = x.sum(axis=0), y.sum(axis=0)
    among = sums[0].sum(dtype=np.float64) * sums[1].sum(dtype=np.float64)
    among /= (tokens - 1) * (tokens - 2)
    return float(np.vdot(x, y) + among - 2 / (tokens - 2) * np.vdot(*sums))


def toolbox_rsa(folders: list[Path]) -> np.ndarray:
    rdms = [RDMs(np.stack([pdist(layer, "cosine") for layer in read(each)])) for each in folders]
    return compare_rdms(*rdms, method="corr")


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


WAYS = {
    ("RSA", WHOLE): whole_rsa,
    ("CKA", WHOLE): whole_cka,
    ("RSA", TOOLBOX): toolbox_rsa,
    ("RSA", OURS): lambda folders: compare(*folders, rows_of(folders), "rsa_pearson"),
    ("CKA", OURS): lambda folders: compare(*folders, rows_of(folders), "cka"),
}


def rows_of(folders: list[Path]) -> np.ndarray:
    return np.arange(len(np.load(folders[0] / "layer_00.npy", mmap_mode="r")))


def measure_times(report: Report, folders: list[Path], size: str) -> None:
    layers = [layer for folder in folders for layer in read(folder)]
    for name, bare in (("RSA", bare_rsa), ("CKA", bare_cka)):
        ways = {way: partial(WAYS[name, way], folders) for way in (OURS, WHOLE)}
        check(*(way() for way in ways.values()))
        ways[BARE] = partial(bare, layers)
        report.measure(f"{name}, {size}", ways, BARS)


def measure_toolbox(report: Report, folders: list[Path], size: str) -> None:
    ways = {way: partial(WAYS["RSA", way], folders) for way in (OURS, TOOLBOX)}
    check(*(way() for way in ways.values()))
    report.measure(f"RSA, {size}", ways, [Bar(TOOLBOX, least=4)])


def check(ours: np.ndarray, other: np.ndarray) -> None:
    """See that both give the same; whole matrices in float32 lose some digits."""
    np.testing.assert_allclose(ours, other, atol=1e-3)


def measure_memory(report: Report, folders: list[Path], size: str) -> None:
    for name in MEASURES:
        taken = {way: np.array([memory_of(name, way, folders)]) for way in (OURS, WHOLE)}
        for way, found in taken.items():
            print(f"memory of {name}, {size}: {way:30}{found[0]:9.0f} MiB", flush=True)
        bar = Bar(WHOLE, least=MEMORY_SHARE)
        report.note(f"memory of {name}, {size}", bar, bar.ratios(taken))


def memory_of(name: str, way: str, folders: list[Path]) -> float:
    """Run one way in a process of its own; return its peak beyond its imports, in MiB."""
    command = [sys.executable, __file__, "--memory", name, way, *map(str, folders)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def peak() -> float:
    """In MiB, of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def main() -> int:
    report = Report("similarity")
    with tempfile.TemporaryDirectory() as temporary:
        for size, shape in SIZES.items():
            folders = [write_cache(Path(temporary, size, str(n)), *shape, n) for n in (0, 1)]
            if "short" in size:
                measure_toolbox(report, folders, size)
            else:
                measure_memory(report, folders, size)
                measure_times(report, folders, size)
    return report.finish()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        before = peak()
        WAYS[sys.argv[2], sys.argv[3]](list(map(Path, sys.argv[4:])))
        print(peak() - before)
    else:
        sys.exit(main())
