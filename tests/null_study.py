"""A study in which fine-tuning changed nothing: tuned vectors are pretrained ones but for noise.

Vectors of words are planted: each layer says something of the words' labels and of their tree, the
first little, the last more. A tuned encoder's are these times 1 + NOISE times a normal number.
"""

import numpy as np
import pandas as pd

from bertology.claims.evidence import read_changes
from bertology.corpora.edges import write_edges
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.treebank import write_treebank
from bertology.probing.edge_scores import probe_edges
from bertology.probing.structure_scores import probe_structure
from bertology.probing.texts import sentence_key
from bertology.probing.training import Schedule
from bertology.statistics import Estimate, Intervals
from tiny import sentences as trees

NOISE = 0.01
SEEDS, LAYERS, WIDTH = (1, 2, 3), 3, 12
SIZES = {"train": 60, "dev": 30, "test": 400}
SCHEDULE = Schedule(learning_rate=5e-3, batch_sentences=16, most_epochs=6, clip=5.0)
INTERVALS = Intervals(resamples=200, level=0.95, seed=1)
FILES = ("scores.csv", "sentences.parquet", "predictions.parquet", "summary.json")
STRUCTURE = {"rank": 4, "epochs": 4, "regimen": "published"}


def changes(folder, phenomenon, number):
    """Probe a pretrained encoder and one tuned to nothing, with each seed; give the changes."""
    generator = np.random.default_rng([7, number])
    data = write_data(folder / "data", phenomenon, number)
    vectors = planted(data, generator)
    files = []
    for model in ("pretrained", "tuned"):
        for seed in SEEDS:
            hidden = vectors
            if model == "tuned":
                hidden = vectors * (1 + NOISE * generator.standard_normal(vectors.shape))
            place = folder / model / str(seed)
            write_cache(place / "cache", data, hidden)
            run_probe(folder / "data", place, phenomenon, 1000 * number + seed)
            names = {"text": "planted", "phenomenon": phenomenon, "encoder": "e", "seed": seed}
            task = "parsing" if model == "tuned" else ""
            names |= {"comparison": model, "task": task}
            files.append((names, place / "sentences.parquet"))
    return list(read_changes(files, "e", INTERVALS))


def holds_zero(change):
    """Say whether the interval of a change holds the truth."""
    low, high = Estimate.of(change.draws).interval(INTERVALS.level)
    return low <= 0 <= high


def write_data(folder, phenomenon, number):
    """Write trees, or their words with a label each; give all sentences."""
    everything = trees(sum(SIZES.values()), seed=number, most_words=8)
    folder.mkdir(parents=True)
    start = 0
    for split, size in SIZES.items():
        of_split = everything[start : start + size]
        start += size
        if phenomenon == "structure":
            write_treebank(folder / f"{split}.conllu", of_split)
        else:
            write_edges(folder / f"{split}.jsonl", list(map(labelled, of_split)))
    return everything


def labelled(sentence):
    """Give each word its part of speech as a label."""
    targets = tuple(
        SpanTarget((at, at + 1), None, (tag,)) for at, tag in enumerate(sentence.universal_tags)
    )
    return SpanSentence(sentence.words, targets)


def planted(data, generator):
    """Draw vectors (layers, words, width) that say something of each word's label and depth."""
    tags = sorted({tag for sentence in data for tag in sentence.universal_tags})
    rows = [
        (tags.index(tag), head)
        for sentence in data
        for tag, head in zip(sentence.universal_tags, sentence.heads, strict=True)
    ]
    signal = np.zeros((len(rows), WIDTH))
    signal[np.arange(len(rows)), [tag % WIDTH for tag, _ in rows]] += 1
    signal[:, -1] += [head == 0 for _, head in rows]
    strength = np.linspace(0.5, 1.5, LAYERS)[:, None, None]
    return strength * signal + generator.standard_normal((LAYERS, *signal.shape))


def write_cache(folder, data, hidden):
    rows = [
        {"sentence": sentence_key(sentence.words), "word": at, "special": False}
        for sentence in data
        for at in range(len(sentence.words))
    ]
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_parquet(folder / "tokens.parquet")
    for layer, values in enumerate(hidden.astype(np.float16)):
        np.save(folder / f"layer_{layer:02d}.npy", values)


def run_probe(data, place, phenomenon, seed):
    outputs = {file.split(".")[0]: place / file for file in FILES}
    paths = (data, place / "cache", outputs)
    if phenomenon == "structure":
        probe_structure(*paths, **STRUCTURE, seed=seed, threads=1)
    else:
        probe_edges(*paths, phenomenon, SCHEDULE, "none", seed, threads=1)
