"""Structural probes: trees by brute force, scores by scipy and networkx, planted trees."""

from itertools import pairwise

import networkx
import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from bertology.corpora.treebank import read_treebank
from bertology.probing.structural import (
    BATCH,
    REGIMENS,
    StructuralProbes,
    Training,
    Tree,
    best_probes,
    dealt,
    losses,
    predictions,
    train_epoch,
    train_structural_probes,
)
from bertology.probing.tree_scores import depth_scores, spanning_trees
from bertology.probing.tree_scores import distance_scores as scores_of_distances
from bertology.probing.trees import (
    mean_over_lengths,
    rank_correlation,
    spanning_edges,
    tree_depths,
    tree_distances,
)

CPU = torch.device("cpu")
PLANTED = 1
every_regimen = pytest.mark.parametrize("regimen", REGIMENS)


def trained(train, development, layers, kind, regimen, most_epochs, rank=None):
    training = Training(regimen, most_epochs, rank, 1, CPU)
    return best_probes(train_structural_probes(train, development, layers, kind, training), kind)


def distance_scores(distances, trees):
    return scores_of_distances(distances, spanning_trees(distances, trees), trees)


def random_heads(generator: np.random.Generator, words: int) -> tuple[int, ...]:
    """A random tree: each word but the first of a random order hangs on an earlier one."""
    order = generator.permutation(words)
    heads = [0] * words
    for position in range(1, words):
        heads[order[position]] = int(order[generator.integers(position)]) + 1
    return tuple(heads)


def distance_by_steps(heads: tuple[int, ...], first: int, second: int) -> int:
    """Walk from both words to the root; what only one of the walks has lies between the words."""

    def walk(word: int) -> set[int]:
        seen = set()
        while word >= 0:
            seen.add(word)
            word = heads[word] - 1
        return seen

    return len(walk(first) ^ walk(second))


@pytest.mark.parametrize("words", [1, 2, 5, 13, 40])
def test_distances_and_depths_are_those_of_walks_to_the_root(words):
    heads = random_heads(np.random.default_rng(words), words)
    expected = [[distance_by_steps(heads, a, b) for b in range(words)] for a in range(words)]
    assert tree_distances(heads).tolist() == expected
    assert tree_depths(heads).tolist() == expected[heads.index(0)]


ROWS = """\
# sent_id = one
1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tdo\tdo\tAUX\tVB\t_\t3\taux\t_\t_
2\tnot\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_
3.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t3:conj\t_
4\tthere\tthere\tADV\tRB\t_\t3\tadvmod\t_\t_
5\t.\t.\tPUNCT\t.\t_\t3\tpunct\t_\t_

"""


def test_multiword_rows_and_empty_nodes_are_no_words_of_the_tree(tmp_path):
    path = tmp_path / "one.conllu"
    path.write_text(ROWS, encoding="utf-8")
    heads = read_treebank(path)[0].heads
    expected = [[distance_by_steps(heads, a, b) for b in range(5)] for a in range(5)]
    assert tree_distances(heads).tolist() == expected
    assert tree_distances(heads)[0].tolist() == [0, 2, 1, 2, 2]


@pytest.mark.parametrize("seed", range(5))
def test_spanning_tree_weighs_what_that_of_networkx_weighs(seed):
    generator = np.random.default_rng(seed)
    distances = generator.random((9, 9)) * 4
    distances = distances + distances.T
    distances[2, 5] = distances[5, 2] = 0.0  # two words at the same place
    words = np.array([0, 2, 3, 5, 6, 8])
    graph = networkx.Graph()
    graph.add_weighted_edges_from((a, b, distances[a, b]) for a in words for b in words if a < b)
    expected = {tuple(sorted(edge)) for edge in networkx.minimum_spanning_edges(graph, data=False)}
    assert set(spanning_edges(distances, words)) == expected


def test_rank_correlation_is_that_of_scipy():
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, 6, (2, 4, 12))
    expected = [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert rank_correlation(first, second) == pytest.approx(expected)
    assert np.isnan(rank_correlation(np.ones((1, 4)), np.arange(4.0)[None]))


def test_averages_are_within_lengths_first_and_leave_out_short_and_long_sentences():
    values = np.array([[1.0, 3.0, 10.0, 99.0, 99.0]])
    lengths = np.array([5, 5, 50, 4, 51])
    assert mean_over_lengths(values, lengths).tolist() == [6.0]


def test_loss_is_the_mean_over_sentences_of_the_mean_error():
    gold = torch.tensor([[[0.0, 1.0, -1.0], [1.0, 0.0, -1.0], [-1.0, -1.0, -1.0]]])
    predicted = torch.tensor([[[[0.5, 1.0, 7.0], [3.0, 0.0, 7.0], [7.0, 7.0, 7.0]]]])
    assert losses(predicted, gold, torch.tensor([2.0])).tolist() == [pytest.approx(2.5 / 4)]
    depths = torch.tensor([[0.0, 1.0, -1.0]])
    found = losses(torch.tensor([[[1.0, 1.5, 9.0]]]), depths, torch.tensor([2.0]))
    assert found.tolist() == [pytest.approx(1.5 / 2)]


def test_probe_predicts_squared_distances_and_norms():
    vectors = torch.randn(2, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    for kind in ("distance", "depth"):
        probes = StructuralProbes([0, 1], 6, 3, kind, seed=1)
        found = probes(vectors)
        for layer in range(2):
            mapped = vectors[layer, 0] @ probes.map[layer]
            if kind == "distance":
                expected = (mapped[:, None] - mapped[None]).square().sum(-1)
            else:
                expected = mapped.square().sum(-1)
            torch.testing.assert_close(found[layer, 0], expected, rtol=1e-4, atol=1e-5)


def planted_trees(seed: int, count: int) -> list[Tree]:
    """Three layers; in layer PLANTED a word is the sum of the edges that lead to it from the root.

    Squared distances of such vectors are tree distances exactly (an edge is a vector of its own).
    """
    generator = np.random.default_rng(seed)
    trees = []
    for _ in range(count):
        words = int(generator.integers(5, 9))
        heads = random_heads(generator, words)
        vectors = generator.standard_normal((3, words, 16)).astype(np.float32)
        vectors[PLANTED] = 0
        for word in range(words):
            step = word
            while heads[step]:
                vectors[PLANTED, word, step] += 1
                step = heads[step] - 1
        counted = np.ones(words, bool)
        trees.append(Tree(vectors, heads, counted))
    return trees


def test_identity_finds_planted_trees_exactly():
    trees = planted_trees(0, 30)
    for kind, score in (("distance", distance_scores), ("depth", depth_scores)):
        probes = StructuralProbes([0, 1, 2], 16, 16, kind, seed=1)
        probes.map = torch.nn.Parameter(torch.eye(16).expand(3, 16, 16).clone())
        for value in score(predictions(probes, trees), trees).values():
            assert value[PLANTED] == pytest.approx(100 if value[PLANTED] > 1 else 1)
            assert value[PLANTED] > value[0]


@pytest.mark.parametrize(("regimen", "most_epochs"), [("published", 15), ("patient", 5)])
@pytest.mark.parametrize(("kind", "metric"), [("distance", "uuas"), ("depth", "root_accuracy")])
def test_training_finds_the_tree_in_its_layer_and_nowhere_else(kind, metric, regimen, most_epochs):
    train, development, test = (planted_trees(seed, n) for seed, n in ((1, 400), (2, 60), (3, 60)))
    probes = trained(train, development, [0, 1, 2], kind, regimen, most_epochs)
    score = distance_scores if kind == "distance" else depth_scores
    found = score(predictions(probes, test), test)[metric]
    assert found[PLANTED] > 90
    assert max(found[0], found[2]) < 50


@every_regimen
def test_layers_side_by_side_are_layers_one_after_another(regimen):
    train, development = planted_trees(1, 60), planted_trees(2, 20)
    layers = [0, 2, 1]
    together = trained(train, development, layers, "distance", regimen, most_epochs=3, rank=8)
    for number, layer in enumerate(layers):
        alone = trained(train, development, [layer], "distance", regimen, most_epochs=3, rank=8)
        torch.testing.assert_close(together.map[number], alone.map[0], rtol=1e-3, atol=1e-4)


def beside_noise(tree: Tree, generator: np.random.Generator) -> Tree:
    """Leave the planted layer alone, and set it beside dimensions that say nothing of the tree."""
    planted = tree.vectors[[PLANTED]]
    noise = 3 * generator.standard_normal(planted.shape).astype(np.float32)
    return Tree(np.concatenate([planted, noise], axis=-1), tree.heads, tree.counted)


def test_patience_learns_from_few_sentences_what_the_published_regimen_does_not():
    generator = np.random.default_rng(4)
    train, development, test = (
        [beside_noise(tree, generator) for tree in planted_trees(seed, 40)] for seed in (1, 2, 3)
    )
    found = {}
    for regimen in REGIMENS:
        probes = trained(train, development, [0], "distance", regimen, most_epochs=6)
        found[regimen] = distance_scores(predictions(probes, test), test)["uuas"].item()
    assert found["patient"] > 80
    assert found["published"] < 60


def test_each_pass_deals_every_sentence_once_into_batches_of_similar_length():
    trees = planted_trees(0, 3 * BATCH + 7)
    order = np.random.default_rng(1)
    passes = {anew: [list(dealt(trees, order, anew)) for _ in range(3)] for anew in (True, False)}
    members = {
        anew: [{frozenset(map(id, batch)) for batch in batches} for batches in of]
        for anew, of in passes.items()
    }
    for batches in (each for of in passes.values() for each in of):
        assert sorted(id(tree) for batch in batches for tree in batch) == sorted(map(id, trees))
        assert sorted(map(len, batches)) == [7, BATCH, BATCH, BATCH]
        spans = sorted((min(map(len, batch)), max(map(len, batch))) for batch in batches)
        for (_, longest), (shortest, _) in pairwise(spans):
            assert longest <= shortest
    first, *others = members[False]
    assert all(other == first for other in others)
    assert not members[True][0] & members[True][1] & members[True][2]
    # In each pass the batches come in another order.
    fixed = [[frozenset(map(id, batch)) for batch in batches] for batches in passes[False]]
    assert fixed[0] != fixed[1]


@pytest.mark.parametrize(
    ("regimen", "sentences", "steps"),
    [("published", 47, 3), ("patient", 47, 102), ("patient", 20, 100), ("patient", 2001, 101)],
)
def test_an_epoch_has_the_steps_of_its_regimen(regimen, sentences, steps):
    class Counting:
        probes = StructuralProbes([0], 2, 1, "depth", 1)
        steps = 0

        def step(self, losses):
            self.steps += 1

    tree = Tree(np.zeros((1, 1, 2), np.float32), (0,), np.array([True]))
    running = Counting()
    train_epoch(running, [tree] * sentences, REGIMENS[regimen], np.random.default_rng(0))
    assert running.steps == steps


def test_punctuation_is_neither_edge_nor_root():
    heads = (2, 0, 2)
    tree = Tree(np.zeros((1, 3, 2), np.float32), heads, np.array([True, True, False]))
    wrong_root = [np.array([[5.0, 1.0, 0.0]])]
    assert depth_scores(wrong_root, [tree])["root_accuracy"] == [100.0]
    far = np.array([[[0, 9, 1], [9, 0, 1], [1, 1, 0]]], float)
    assert distance_scores([far], [tree])["uuas"] == [100.0]


def test_uuas_is_a_share_of_all_edges_of_the_corpus():
    chain, star = (0, 1, 2, 3), (0, 1, 1)
    trees = [
        Tree(np.zeros((1, len(heads), 2), np.float32), heads, np.ones(len(heads), bool))
        for heads in (chain, star)
    ]
    wrong = 5.0 * np.ones((1, 4, 4))
    wrong[0, [0, 2, 0], [1, 3, 3]] = 1.0  # edges 0-1 and 2-3 are right, 0-3 is not
    wrong = np.minimum(wrong, wrong.transpose(0, 2, 1))
    right = tree_distances(star)[None].astype(float)
    assert distance_scores([wrong, right], trees)["uuas"] == [pytest.approx(100 * 4 / 5)]
