"""Time of training the edge probes of all inputs together, against one input after another.

The size is that of the packaged MiniLM: a mix and 7 layers of 384; pairs of spans with 50 labels,
one pair a word, as for dependency labels. Measured are jobs, as the workflow runs them (a process
that starts, opens the cache, trains, scores): one job for all inputs, against one job for each. And
within one process, training alone. Aim: half the time. Run by `make bench`, or
`python benchmarks/edge_probes.py [sentences] [epochs] [threads]`.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.inputs import MIX
from bertology.probing.targets import ProbeData
from bertology.probing.training import Schedule, Training, best_probes, predict, train_edge_probes

LARGEST_RATIO = 0.5
LAYERS, WIDTH, LABELS, WORDS = 7, 384, 50, 15
DEFAULT_SIZE = [300, 5, 1]
INPUTS: list[str | int] = [MIX, *range(LAYERS)]


def write_data(folder: Path, sentences: int, seed: int) -> None:
    """Write layers and labels in which layer k tells a share of k / LAYERS of the labels."""
    generator = np.random.default_rng(seed)
    words = sentences * WORDS
    labels = generator.integers(0, LABELS, words)
    names = np.random.default_rng(0).standard_normal((LABELS, WIDTH))
    for layer in range(LAYERS):
        told = generator.random(words) < layer / LAYERS
        vectors = generator.standard_normal((words, WIDTH)) + 2 * told[:, None] * names[labels]
        np.save(folder / f"layer_{layer:02d}.npy", vectors.astype(np.float16))
    np.save(folder / "labels.npy", labels)


def read_data(folder: Path) -> ProbeData:
    layers = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("layer_*.npy"))]
    labels = np.load(folder / "labels.npy")
    firsts = np.arange(len(labels))
    heads = firsts // WORDS * WORDS + np.random.default_rng(1).integers(0, WORDS, len(labels))
    spans = np.stack([firsts, heads])
    marked = np.eye(LABELS, dtype=bool)[labels]
    return ProbeData(
        layers,
        np.stack([spans, spans + 1], axis=-1),
        marked,
        firsts // WORDS,
        ((),) * len(labels),
        {},
    )


def job(folder: Path, inputs: Sequence[str | int], epochs: int, threads: int) -> list[float]:
    """Read the cache, train the probes of some inputs and return their scores."""
    torch.set_num_threads(threads)
    train, development = read_data(folder / "train"), read_data(folder / "dev")
    schedule = Schedule(learning_rate=1e-3, batch_sentences=32, most_epochs=epochs, clip=5.0)
    training = Training(schedule, 1, torch.device("cpu"))
    progress = train_edge_probes(train, development, inputs, training)
    predicted = predict(best_probes(progress, train), development, 32) >= 0
    scores: list[float] = micro_f1(confusion_counts(predicted, development.labels[None])).tolist()
    return scores


def run_job(
    folder: Path, inputs: Sequence[str | int], epochs: int, threads: int
) -> tuple[float, list[float]]:
    """Return the seconds that a job took as a process of its own, and its scores."""
    command = [sys.executable, __file__, "--job", str(folder), str(epochs), str(threads)]
    start = time.perf_counter()
    process = subprocess.run(
        [*command, *map(str, inputs)], check=True, stdout=subprocess.PIPE, text=True
    )
    return time.perf_counter() - start, [float(score) for score in process.stdout.split()]


def in_one_process(folder: Path, inputs: Sequence[str | int], epochs: int, threads: int) -> float:
    start = time.perf_counter()
    job(folder, inputs, epochs, threads)
    return time.perf_counter() - start


def main() -> None:
    sentences, epochs, threads = [int(size) for size in sys.argv[1:]] or DEFAULT_SIZE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split, size in (("train", sentences), ("dev", sentences // 4)):
            (folder / split).mkdir()
            write_data(folder / split, size, size)
        run_job(folder, INPUTS, 1, threads)  # warm up
        together, scores = run_job(folder, INPUTS, epochs, threads)
        single = [run_job(folder, [each], epochs, threads) for each in INPUTS]
        alone = sum(seconds for seconds, _ in single)
        largest = max(abs(a - b[0]) for a, (_, b) in zip(scores, single, strict=True))
        print(f"jobs: together {together:.1f} s, one after another {alone:.1f} s", end="")
        print(f", ratio {together / alone:.2f}; largest difference in F1 {largest:.3f} points")
        together = in_one_process(folder, INPUTS, epochs, threads)
        alone = sum(in_one_process(folder, [each], epochs, threads) for each in INPUTS)
        print(f"training alone: {together:.1f} s and {alone:.1f} s", end="")
        print(f", ratio {together / alone:.2f}; the aim is {LARGEST_RATIO}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--job"]:
        inputs = [each if each == MIX else int(each) for each in sys.argv[5:]]
        print(*job(Path(sys.argv[2]), inputs, int(sys.argv[3]), int(sys.argv[4])))
    else:
        main()
