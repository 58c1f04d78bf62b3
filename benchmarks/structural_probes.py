"""Time of structural probes, against the published regimen: layer by layer, distances made anew.

The published code trains a probe of one layer at a time, and a batch's gold distances are found in
the trees each time that the batch is read. Both take the same number of optimizer steps: a few
epochs of sentences as long as EWT's, all layers of MiniLM (7 x 384), rank 64, one thread. Run by
`make bench`, or `python benchmarks/structural_probes.py`.
"""

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from examples import EWT, drawn_lengths
from harness import OURS, Bar, Report
from torch import nn

from bertology.probing.structural import BATCH, LEARNING_RATE, Training, Tree
from bertology.probing.structural import train_structural_probes as train_all

SENTENCES, LAYERS, WIDTH, RANK, EPOCHS = 300, 7, 384, 64, 4
PUBLISHED = "published regimen, layer by layer"
LEAST = 5


def random_trees(count: int) -> list[Tree]:
    generator = np.random.default_rng(0)
    trees = []
    for words in drawn_lengths(EWT, count, generator):
        heads = (0, *(int(generator.integers(1, place)) for place in range(2, words + 1)))
        vectors = generator.standard_normal((LAYERS, words, WIDTH), np.float32)
        trees.append(Tree(vectors.astype(np.float16), heads, np.full(words, True)))
    return trees


def ours(trees: list[Tree], development: list[Tree]) -> None:
    training = Training("published", EPOCHS, RANK, 1, torch.device("cpu"))
    train_all(trees, development, range(LAYERS), "distance", training)


def published(trees: list[Tree], development: list[Tree]) -> None:
    for layer in range(LAYERS):
        of_layer = [
            [replace(tree, vectors=tree.vectors[layer : layer + 1]) for tree in each]
            for each in (trees, development)
        ]
        train_one(*of_layer)


def train_one(trees: list[Tree], development: list[Tree]) -> None:
    weights = nn.Parameter(torch.empty(WIDTH, RANK).uniform_(-0.05, 0.05))
    optimizer = torch.optim.Adam([weights], lr=LEARNING_RATE)
    for _ in range(EPOCHS):
        for batch in batches(trees):
            optimizer.zero_grad()
            loss(weights, batch).backward()
            optimizer.step()
        with torch.no_grad():
            for batch in batches(development):
                loss(weights, batch)


def batches(trees: list[Tree]) -> list[list[Tree]]:
    return [trees[start : start + BATCH] for start in range(0, len(trees), BATCH)]


def loss(weights: torch.Tensor, trees: list[Tree]) -> torch.Tensor:
    """Pad to the longest of a batch in the order of the file, and compare all pairs of words."""
    longest = max(map(len, trees))
    vectors = torch.zeros(len(trees), longest, WIDTH)
    gold = torch.full((len(trees), longest, longest), -1.0)
    for number, tree in enumerate(trees):
        vectors[number, : len(tree)] = torch.from_numpy(tree.vectors[0]).float()
        gold[number, : len(tree), : len(tree)] = distances(tree.heads)
    mapped = vectors @ weights
    predicted = (mapped[:, :, None] - mapped[:, None]).square().sum(dim=-1)
    wrong = ((predicted - gold).abs() * (gold >= 0)).sum(dim=(1, 2))
    squares = torch.tensor([len(tree) ** 2 for tree in trees])
    return (wrong / squares).mean()


def distances(heads: tuple[int, ...]) -> torch.Tensor:
    """Find the distance of each two words by the paths from them to the root."""
    paths = [path_to_root(word, heads) for word in range(1, len(heads) + 1)]
    found = torch.zeros(len(heads), len(heads))
    for first, path in enumerate(paths):
        for second in range(first + 1, len(paths)):
            shared = len(set(path) & set(paths[second]))
            found[first, second] = len(path) + len(paths[second]) - 2 * shared
    return found + found.T


def path_to_root(word: int, heads: tuple[int, ...]) -> list[int]:
    path = [word]
    while path[-1]:
        path.append(heads[path[-1] - 1])
    return path


def main() -> int:
    torch.set_num_threads(1)
    trees = random_trees(SENTENCES + SENTENCES // 4)
    data = trees[:SENTENCES], trees[SENTENCES:]
    assert (distances(trees[0].heads).numpy() == trees[0].distances).all()
    report = Report("structural_probes")
    ways = {OURS: partial(ours, *data), PUBLISHED: partial(published, *data)}
    report.measure(f"{LAYERS} x {WIDTH}", ways, [Bar(PUBLISHED, least=LEAST)])
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
