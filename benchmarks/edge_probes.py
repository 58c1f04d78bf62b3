"""Time of training the edge probes of all inputs together, against one input after another.

The size is that of the packaged MiniLM: a mix and 7 layers of 384; pairs of spans with 50 labels,
one pair a word, as for dependency labels. Aim: half the time. Run by `make bench`, or
`python benchmarks/edge_probes.py [sentences] [epochs] [threads]`.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from bertology.probing.edge import MIX
from bertology.probing.targets import ProbeData
from bertology.probing.training import Schedule, train_edge_probes

LARGEST_RATIO = 0.5
LAYERS, WIDTH, LABELS, WORDS = 7, 384, 50, 15
DEFAULT_SIZE = [640, 2, 1]
INPUTS = [MIX, *range(LAYERS)]


def random_data(sentences: int, seed: int) -> ProbeData:
    generator = np.random.default_rng(seed)
    words = sentences * WORDS
    layers = [generator.standard_normal((words, WIDTH)).astype(np.float16) for _ in range(LAYERS)]
    numbers = np.repeat(np.arange(sentences), WORDS)
    heads = numbers * WORDS + generator.integers(0, WORDS, words)
    firsts = np.stack([np.arange(words), heads])
    labels = np.eye(LABELS, dtype=bool)[generator.integers(0, LABELS, words)]
    return ProbeData(layers, np.stack([firsts, firsts + 1], axis=-1), labels, numbers, {})


def seconds(inputs: list, train: ProbeData, development: ProbeData, epochs: int) -> float:
    schedule = Schedule(learning_rate=1e-4, batch_sentences=32, most_epochs=epochs, clip=5.0)
    start = time.perf_counter()
    train_edge_probes(train, development, inputs, schedule, 1, torch.device("cpu"))
    return time.perf_counter() - start


def main() -> None:
    sentences, epochs, threads = [int(size) for size in sys.argv[1:]] or DEFAULT_SIZE
    torch.set_num_threads(threads)
    train, development = random_data(sentences, 0), random_data(sentences // 10, 1)
    seconds(INPUTS, development, development, 1)  # warm up
    together = seconds(INPUTS, train, development, epochs)
    alone = sum(seconds([each], train, development, epochs) for each in INPUTS)
    ratio = together / alone
    print(f"together {together:.1f} s, one after another {alone:.1f} s, ratio {ratio:.2f}")
    print(f"the aim is {LARGEST_RATIO}; on a CPU the arithmetic is the same either way")


if __name__ == "__main__":
    main()
