"""Probe the dependency trees in one model: structural probes of all layers, for both kinds."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bertology.activations import Activations, open_activations
from bertology.corpora.groups import group_numbers
from bertology.corpora.kinds import read_kind, split_path
from bertology.corpora.shapes import SPLITS, TreeSentence
from bertology.device import available_device
from bertology.errors import InputError
from bertology.files import write_json
from bertology.left_out import records, warn_of
from bertology.probing.files import SENTENCES, Row, write_parquet, write_scores
from bertology.probing.side_by_side import Progress
from bertology.probing.structural import (
    Kind,
    Training,
    Tree,
    best_probes,
    predictions,
    train_structural_probes,
)
from bertology.probing.targets import NO_ROW, TOO_LONG, rows_of_words
from bertology.probing.tree_scores import (
    Edges,
    counted_edges,
    depth_correlations,
    depth_scores,
    distance_correlations,
    distance_scores,
    right_edges,
    right_roots,
    spanning_trees,
)
from bertology.probing.trees import weights_by_length

logger = logging.getLogger(__name__)

PUNCTUATION = "PUNCT"
KINDS: tuple[Kind, ...] = ("distance", "depth")
PREDICTIONS = ("layer", "sentence", "word", "depth", "neighbours", "gold_depth", "gold_head")
"""`word`, `gold_head` and `neighbours` (in the spanning tree) count words from 0; -1 is no head."""


def probe_structure(
    data_folder: Path,
    activations_folder: Path,
    outputs: Mapping[str, Path],
    rank: int | None,
    regimen: str,
    epochs: int,
    seed: int,
    threads: int,
) -> None:
    """Train and score distance and depth probes of all layers on one model's activations.

    data_folder: train, dev and test as CoNLL-U. rank, regimen, epochs (the most), seed: as of
    `structural.Training`. `outputs` names the files to write, as for edge probes
    (edge_scores.probe_edges); scores are `uuas` and `root_accuracy` in percent, `dspr`, `nspr`, and
    what needs no encoder: `chain_uuas`, of a tree that joins neighbours, and
    `first_word_root_accuracy`. `last_epoch` is 1 where the best epoch of one of a layer's two
    probes is the last one allowed, else 0: longer training may change its scores. Predictions are
    each word's depth, and its neighbours in the spanning tree of the distances.

    Raises InputError if a split has no sentence that the encoder takes.
    """
    torch.set_num_threads(threads)
    activations = open_activations(activations_folder)
    trees, left_out = _read_trees(activations, data_folder)
    layers = range(len(activations.layers))
    test = trees["test"]
    training = Training(regimen, epochs, rank, seed, available_device())
    progress = {
        kind: train_structural_probes(trees["train"], trees["dev"], layers, kind, training)
        for kind in KINDS
    }
    distances, depths = (predictions(best_probes(progress[kind], kind), test) for kind in KINDS)
    spanning = spanning_trees(distances, test)
    scores = {**distance_scores(distances, spanning, test), **depth_scores(depths, test)}
    scores["last_epoch"] = _at_the_last_epoch(progress, epochs).any(axis=0).astype(int)
    write_scores(outputs["scores"], [*_score_rows(scores, len(test)), *baseline_rows(test)])
    write_parquet(
        outputs["sentences"], _sentence_rows(distances, depths, spanning, test), SENTENCES
    )
    write_parquet(outputs["predictions"], _prediction_rows(spanning, depths, test), PREDICTIONS)
    counts = {split: len(found) for split, found in trees.items()}
    warn_of(left_out)
    summary = {"sentences": counts, "left_out": left_out, **_training(progress, epochs)}
    write_json(outputs["summary"], summary)


def _read_trees(
    activations: Activations, data_folder: Path
) -> tuple[dict[str, list[Tree]], list[dict[str, Any]]]:
    """Read the trees of each split, and the records of what the cache has not."""
    trees, left_out = {}, []
    for split in SPLITS:
        sentences = read_kind("treebank", split_path("treebank", data_folder, split))
        trees[split] = aligned_trees(activations, sentences, split)
        missing = len(sentences) - len(trees[split])
        left_out += records(split, "sentence", len(sentences), {TOO_LONG: missing})
    return trees, left_out


def _at_the_last_epoch(
    progress: Mapping[Kind, Mapping[int, Progress]], most_epochs: int
) -> np.ndarray:
    """Say of which probes the best epoch is the last one allowed: bool, (kinds, layers)."""
    return np.array(
        [
            [state.best_epoch == most_epochs for state in of_kind.values()]
            for of_kind in progress.values()
        ]
    )


def _training(progress: Mapping[Kind, Mapping[int, Progress]], most_epochs: int) -> dict[str, Any]:
    """Say how training went; a warning for each kind of which some probe has perhaps not learnt."""
    unfinished = {
        kind: np.flatnonzero(last).tolist()
        for kind, last in zip(progress, _at_the_last_epoch(progress, most_epochs), strict=True)
    }
    for kind, layers in unfinished.items():
        if layers:
            found = f"{kind} probes of layers {', '.join(map(str, layers))}"
            logger.warning("%s: the best epoch is the last of %d", found, most_epochs)
    epochs = {kind: [each.epochs for each in of.values()] for kind, of in progress.items()}
    best = {kind: [each.best_epoch for each in of.values()] for kind, of in progress.items()}
    return {"epochs": epochs, "best_epoch": best, "best_epoch_is_the_last": unfinished}


def aligned_trees(
    activations: Activations, sentences: Sequence[TreeSentence], split: str
) -> list[Tree]:
    """Give the trees of a split with their vectors, without sentences that the cache has not.

    A word's vector is the mean of its wordpieces'. InputError if no tree remains.
    """
    words = [sentence.words for sentence in sentences]
    trees = []
    for sentence, (firsts, ends) in zip(
        sentences, rows_of_words(activations.tokens, words), strict=True
    ):
        if (firsts == NO_ROW).all():
            continue
        counted = np.array([tag != PUNCTUATION for tag in sentence.universal_tags])
        vectors = word_vectors(activations.layers, firsts, ends)
        trees.append(Tree(vectors, sentence.heads, counted, sentence.document))
    if not trees:
        found = f"{split} data: found {len(sentences)} sentences, each {TOO_LONG}"
        raise InputError(f"{found}; allowed: at least one that can be used")
    return trees


def word_vectors(layers: Sequence[np.ndarray], firsts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Average the tokens of each word of a sentence: (layers, words, width), float16."""
    rows = slice(firsts[0], ends[-1])
    sums = np.stack(
        [np.add.reduceat(layer[rows].astype(np.float32), firsts - firsts[0]) for layer in layers]
    )
    return (sums / (ends - firsts)[:, None]).astype(np.float16)


def baseline_rows(trees: Sequence[Tree]) -> Iterator[Row]:
    """Score what needs no encoder: a tree that joins neighbours, and the first word as root."""
    order = [np.arange(len(tree), dtype=float) for tree in trees]
    chains = [np.abs(np.subtract.outer(words, words))[None] for words in order]
    uuas = distance_scores(chains, spanning_trees(chains, trees), trees)["uuas"]
    yield {"metric": "chain_uuas", "value": float(uuas[0]), "n": len(trees)}
    accuracy = depth_scores([words[None] for words in order], trees)["root_accuracy"]
    yield {"metric": "first_word_root_accuracy", "value": float(accuracy[0]), "n": len(trees)}


def _score_rows(scores: Mapping[str, np.ndarray], sentences: int) -> Iterator[Row]:
    for metric, values in scores.items():
        for layer, value in enumerate(values.tolist()):
            yield {**_place(layer), "metric": metric, "value": value, "n": sentences}


def _place(layer: int) -> Row:
    return {"input": "layer", "layer": str(layer)}


def _sentence_rows(
    distances: Sequence[np.ndarray],
    depths: Sequence[np.ndarray],
    spanning: Sequence[Sequence[Edges]],
    trees: Sequence[Tree],
) -> Iterator[Row]:
    """Give what each test sentence adds to the scores of each layer."""
    groups = group_numbers([tree.document for tree in trees])
    edges = np.array([len(counted_edges(tree)) for tree in trees])
    roots = np.array([tree.counted.any() for tree in trees]).astype(int)
    parts = {
        "uuas": (100 * right_edges(spanning, trees).T, edges),
        "root_accuracy": (100 * right_roots(depths, trees).T, roots),
        "dspr": _weighted(distance_correlations(distances, trees), trees),
        "nspr": _weighted(depth_correlations(depths, trees), trees),
    }
    for metric, (numerators, denominators) in parts.items():
        pairs = zip(numerators, np.broadcast_to(denominators, numerators.shape), strict=True)
        for layer, of_layer in enumerate(pairs):
            for sentence, (numerator, denominator) in enumerate(zip(*of_layer, strict=True)):
                row = {**_place(layer), "metric": metric, "sentence": sentence}
                row["group"] = groups[sentence]
                yield {**row, "numerator": float(numerator), "denominator": float(denominator)}


def _weighted(correlations: np.ndarray, trees: Sequence[Tree]) -> tuple[np.ndarray, np.ndarray]:
    """Weigh correlations (layers, sentences) as their mean over lengths does."""
    weights = weights_by_length(correlations, np.array([len(tree) for tree in trees]))
    return np.nan_to_num(correlations) * weights, weights


def _prediction_rows(
    spanning: Sequence[Sequence[Edges]], depths: Sequence[np.ndarray], trees: Sequence[Tree]
) -> Iterator[Row]:
    for sentence, (tree, found) in enumerate(zip(trees, depths, strict=True)):
        for layer, of_layer in enumerate(found.tolist()):
            neighbours = _neighbours(spanning[sentence][layer], len(tree))
            for word, depth in enumerate(of_layer):
                yield {
                    "layer": layer,
                    "sentence": sentence,
                    "word": word,
                    "depth": depth,
                    "neighbours": neighbours[word],
                    "gold_depth": int(tree.depths[word]),
                    "gold_head": tree.heads[word] - 1,
                }


def _neighbours(edges: Edges, words: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(words)]
    for first, second in edges:
        found[first].append(second)
        found[second].append(first)
    return found
