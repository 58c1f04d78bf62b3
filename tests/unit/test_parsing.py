"""Parsing: decoding against all trees, scores against udeval, the scorer against its formula."""

import dataclasses
import itertools

import numpy as np
import pandas
import pytest
import torch
from transformers import BertConfig
from udtools.udeval import evaluate, load_conllu

import tiny
from bertology.corpora.shapes import SPLITS, TreeSentence
from bertology.corpora.treebank import read_treebank, write_treebank
from bertology.encoding import encode_words
from bertology.finetuning.parsing import Parsing, word_weights
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.runs import build_model, finetune
from bertology.finetuning.task import IGNORED, collate_inputs
from bertology.finetuning.trees import Tree, attachment_scores, maximum_spanning_tree

MULTIWORD = """# sent_id = 1
# text = vámonos al mar
1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tvamos\tir\tVERB\t_\t_\t0\troot\t0:root\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t1:obj\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\t_\t_\t5\tcase\t5:case\t_
4\tel\tel\tDET\t_\t_\t5\tdet\t5:det\t_
4.1\tir\tir\tVERB\t_\t_\t_\t_\t1:dep\t_
5\tmar\tmar\tNOUN\t_\tCase=Acc\t1\tobl:to\t4.1:obl\t_
6\t.\t.\tPUNCT\t_\t_\t1\tpunct\t1:punct\t_

"""


def is_tree(heads: tuple[int, ...]) -> bool:
    """Whether every word reaches the root, which has one dependent."""
    for word in range(1, len(heads) + 1):
        for _ in heads:
            word = heads[word - 1] if word else 0
        if word:
            return False
    return heads.count(0) == 1


def best_tree(scores: np.ndarray) -> float:
    n = len(scores)
    trees = filter(is_tree, itertools.product(range(n + 1), repeat=n))
    return max(sum(scores[word, head] for word, head in enumerate(heads)) for heads in trees)


@pytest.mark.parametrize("n", range(1, 6))
@pytest.mark.parametrize("root_bonus", [0.0, 5.0, -5.0])
def test_decoding_finds_the_best_of_all_trees(n, root_bonus):
    generator = np.random.default_rng(n)
    for _ in range(4):
        scores = generator.normal(size=(n, n + 1))
        scores[:, 0] += root_bonus
        heads = maximum_spanning_tree(scores)
        assert is_tree(tuple(heads))
        total = sum(scores[word, head] for word, head in enumerate(heads))
        assert total == pytest.approx(best_tree(scores))


def test_decoding_takes_log_probabilities_with_impossible_arcs():
    scores = np.log(np.array([[0.1, 0.0, 0.9], [0.2, 0.8, 0.0]]) + 1e-300)
    scores[[0, 1], [1, 2]] = -np.inf
    assert maximum_spanning_tree(scores) == [2, 0]


def udeval(gold, predicted) -> dict[str, float]:
    with gold.open() as gold_lines, predicted.open() as predicted_lines:
        result = evaluate(
            load_conllu(gold_lines, gold, {}), load_conllu(predicted_lines, predicted, {})
        )
    return {name: 100 * result[name.upper()].f1 for name in ("uas", "las")}


def corrupted(sentence: TreeSentence, generator: np.random.Generator) -> Tree:
    """Draw a tree that is partly right."""
    heads = sentence.heads
    if generator.random() < 0.7:
        heads = tiny.tree(generator, len(heads))
    relations = [
        "root" if head == 0 else str(generator.choice([gold.partition(":")[0], "obj"]))
        for head, gold in zip(heads, sentence.relations, strict=True)
    ]
    return Tree(heads, tuple(relations))


def same_as_udeval(parsing: Parsing, source, folder) -> dict[str, float]:
    sentences = read_treebank(source)
    generator = np.random.default_rng(0)
    trees = [corrupted(sentence, generator) for sentence in sentences]
    parsing.write(trees, sentences, source, folder / "predicted.conllu")
    ours = {name: score.value for name, score in parsing.score(trees, sentences).items()}
    official = udeval(source, folder / "predicted.conllu")
    assert {name: ours[name] for name in official} == official
    return ours


def parsing(sentences: list[TreeSentence], **settings) -> Parsing:
    return Parsing(tiny.tokenizer(), {**tiny.SETTINGS, **settings}, sentences)


def test_scores_equal_udeval(tmp_path):
    sentences = tiny.sentences(60)
    write_treebank(tmp_path / "gold.conllu", sentences)
    scores = same_as_udeval(parsing(sentences), tmp_path / "gold.conllu", tmp_path)
    assert 0 < scores["las"] < scores["uas"] < 100


def test_scores_equal_udeval_with_multiword_tokens_and_empty_nodes(tmp_path):
    gold = tmp_path / "gold.conllu"
    gold.write_text(MULTIWORD)
    same_as_udeval(parsing(read_treebank(gold)), gold, tmp_path)
    written = (tmp_path / "predicted.conllu").read_text()
    assert "3-4\tal" in written
    assert "4.1" not in written
    assert len(read_treebank(tmp_path / "predicted.conllu")[0].words) == 6


def test_scores_equal_udeval_on_real_text(shared_data, tmp_path):
    text = (shared_data / "ewt" / "en_ewt-ud-test.conllu").read_text(encoding="utf-8")
    source = tmp_path / "gold.conllu"
    source.write_text("\n\n".join(text.split("\n\n")[:400]) + "\n\n", encoding="utf-8")
    scores = same_as_udeval(parsing(tiny.sentences(5)), source, tmp_path)
    assert 0 < scores["las"] < scores["uas"] < 100


def test_scores_without_punctuation():
    sentence = TreeSentence(
        identifier="1",
        words=("a", "b", "."),
        universal_tags=("X", "X", "PUNCT"),
        treebank_tags=("X", "X", "."),
        heads=(0, 1, 2),
        relations=("root", "obj:x", "punct"),
    )
    scores = attachment_scores([Tree((0, 1, 1), ("root", "nsubj", "punct"))], [sentence])
    assert {name: (round(score.value, 3), score.n) for name, score in scores.items()} == {
        "uas": (66.667, 3),
        "las": (33.333, 3),
        "uas_without_punctuation": (100.0, 2),
        "las_without_punctuation": (50.0, 2),
    }


def test_a_sentence_too_long_is_left_out_of_training_and_parsed_as_a_chain():
    letters = "x" * tiny.LONGEST
    long = TreeSentence("long", (letters, "y"), ("X", "X"), ("X", "X"), (2, 0), ("obj", "root"))
    sentences = [*tiny.sentences(2), long]
    task = parsing(sentences)
    features, counts = task.features(sentences, training=True)
    assert [feature.example for feature in features] == [0, 1]
    assert counts == {"too long: not trained on": 1}
    _, counts = task.features(sentences, training=False)
    assert counts == {"too long: parsed as a chain": 1}
    trees = [Tree(sentence.heads, sentence.relations) for sentence in sentences[:2]]
    predictions = task.predictions(trees, features, sentences)
    assert predictions == [*trees, Tree((0, 1), ("root", "dep"))]
    assert task.score(predictions, sentences)["uas"].n == sum(len(s.words) for s in sentences)


def test_word_weights():
    of_tokens = (None, 0, 0, 1, None)
    first = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 1, 0]]
    assert word_weights(of_tokens, 2, "first").tolist() == first
    mean = [[1, 0, 0, 0, 0], [0, 0.5, 0.5, 0, 0], [0, 0, 0, 1, 0]]
    assert word_weights(of_tokens, 2, "mean").tolist() == mean


def test_a_word_that_the_tokenizer_drops_becomes_unknown():
    encoding = encode_words(tiny.tokenizer(), ["a", "\u200b\x07", "b"])
    assert encoding.word_ids() == [None, 0, 1, 2, None]
    assert encoding.tokens() == ["[CLS]", "a", "[UNK]", "b", "[SEP]"]


@pytest.fixture
def scorer():
    """A parser's head without a zero weight, and a batch for it."""
    sentences = tiny.sentences(6)
    task = parsing(sentences, word="mean")
    return task, *random_scorer(task, sentences, training=True)


def random_scorer(task: Parsing, sentences: list[TreeSentence], training: bool):
    """Give a head without a zero weight, features, and random output of an encoder for them."""
    torch.manual_seed(0)
    head = task.head(BertConfig(hidden_size=32)).eval()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    features, _ = task.features(sentences, training)
    inputs = collate_inputs(features, task.tokenizer)
    return head, features, torch.randn(*inputs["input_ids"].shape, 32)


def test_biaffine_scores_follow_the_formula(scorer):
    task, head, features, hidden = scorer
    outputs = head(hidden, task.targets(features))
    for row, feature in enumerate(features):
        n = len(feature.details.heads)
        of_tokens = feature.details.of_tokens
        words = [hidden[row, 0]]
        for word in range(n):
            words.append(hidden[row, [t for t, w in enumerate(of_tokens) if w == word]].mean(0))
        for dependent in range(1, n + 1):
            query = torch.cat([head.arc_dependent(words[dependent]), torch.ones(1)]) @ head.arc
            scores = torch.stack([query @ head.arc_head(word) for word in words])
            scores[dependent] = -torch.inf
            expected = scores.log_softmax(0)
            found = outputs["arcs"][row, dependent - 1, : n + 1]
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
            assert outputs["arcs"][row, dependent - 1, n + 1 :].eq(-torch.inf).all()


def test_loss_is_cross_entropy_of_heads_and_relations(scorer):
    task, head, features, hidden = scorer
    targets = task.targets(features)
    arcs = head(hidden, targets)["arcs"]
    words = targets["word_weights"] @ hidden
    total, count = 0.0, 0
    for row, feature in enumerate(features):
        gold = zip(feature.details.heads, feature.details.relations, strict=True)
        for word, (gold_head, gold_relation) in enumerate(gold):
            dependent = torch.cat([head.relation_dependent(words[row, word + 1]), torch.ones(1)])
            governor = torch.cat([head.relation_head(words[row, gold_head]), torch.ones(1)])
            scores = torch.stack([dependent @ weights @ governor for weights in head.relation])
            total -= arcs[row, word, gold_head] + scores.log_softmax(0)[gold_relation]
            count += 1
    torch.testing.assert_close(head.loss(hidden, targets), total / count, rtol=1e-4, atol=1e-4)


def test_the_root_relation_belongs_to_the_root_alone(scorer):
    task, head, features, hidden = scorer
    with torch.no_grad():
        outputs = head(hidden, task.targets(features))
    for tree in task.decode(outputs, features):
        assert is_tree(tree.heads)
        assert [relation == "root" for relation in tree.relations] == [
            head == 0 for head in tree.heads
        ]


def renamed(sentences: list[TreeSentence], root: str) -> list[TreeSentence]:
    return [
        dataclasses.replace(
            sentence,
            relations=tuple(
                root if head == 0 else name
                for head, name in zip(sentence.heads, sentence.relations, strict=True)
            ),
        )
        for sentence in sentences
    ]


@pytest.mark.parametrize("name", ["ROOT", "root:x", "Root", "sentence"])
def test_the_name_of_the_root_relation_changes_nothing_else(tmp_path, name):
    folder = tiny.write_encoder(tmp_path / "encoder")
    results = {}
    for root in ("root", name):
        splits = {
            split: renamed(tiny.sentences(12, seed), root) for seed, split in enumerate(SPLITS)
        }
        for split, sentences in splits.items():
            write_treebank(tmp_path / root / f"{split}.conllu", sentences)
        out = tmp_path / f"out-{root}"
        settings = {**tiny.SETTINGS, "longest": 20}
        finetune("parsing", folder, tmp_path / root, out, "full", settings, 1, "float32", 1)
        trees = read_treebank(out / "predictions" / "test.conllu")
        plain = root.partition(":")[0]
        for tree in trees:
            assert [relation == plain for relation in tree.relations] == [
                head == 0 for head in tree.heads
            ]
        official = udeval(tmp_path / root / "test.conllu", out / "predictions" / "test.conllu")
        scores = pandas.read_csv(out / "scores.csv", index_col=["split", "metric"])["value"]
        assert {metric: scores["test", metric] for metric in official} == pytest.approx(official)
        results[root] = scores.to_dict(), [tree.heads for tree in trees]
    assert results["root"] == results[name]
    assert results["root"][0]["test", "las"] > 0


def test_another_name_of_the_root_than_in_training_is_wrong_and_no_more():
    sentences = tiny.sentences(6)
    task = parsing(sentences)
    other = renamed(sentences, "ROOT")
    features, _ = task.features(other, training=False)
    assert features[0].details.relations.count(IGNORED) == 1
    trees = [Tree(sentence.heads, sentence.relations) for sentence in sentences]
    scores = task.score(trees, other)
    assert scores["uas"].value == 100
    words = sum(len(sentence.words) for sentence in sentences)
    assert scores["las"].value == pytest.approx(100 * (words - len(sentences)) / words)


def test_several_root_relations_are_for_the_root_alone():
    """One wins by its score; the chain of a sentence that is too long has the most frequent."""
    sentences = [*renamed(tiny.sentences(6), "top"), *renamed(tiny.sentences(3, seed=1), "ROOT")]
    task = parsing(sentences)
    assert task.labels == ("nsubj", "obj", "punct", "ROOT", "top")
    assert task.predictions([], [], sentences[:1])[0].relations[:2] == ("top", "dep")
    found = decoded_roots(task, sentences)
    assert found.pop("others") <= {"nsubj", "obj", "punct"}
    assert found == {"root": {"ROOT", "top"}}


def test_a_relation_of_the_root_and_of_others_is_for_both():
    """As in a treebank whose words are all `dep`, or where an annotator erred."""
    sentences = [
        dataclasses.replace(sentence, relations=("dep",) * len(sentence.words))
        for sentence in tiny.sentences(4)
    ]
    assert decoded_roots(parsing(sentences), sentences) == {"root": {"dep"}, "others": {"dep"}}
    mixed = [*sentences, *tiny.sentences(20, seed=1)]
    found = decoded_roots(parsing(mixed), mixed)
    assert found["root"] <= {"dep", "root"}
    assert "root" not in found["others"]
    assert "dep" in found["others"]


def test_a_parser_that_saw_one_word_at_a_time_still_labels():
    alone = [TreeSentence("1", ("a",), ("X",), ("X",), (0,), ("root",))]
    assert decoded_roots(parsing(alone), tiny.sentences(3)) == {
        "root": {"root"},
        "others": {"root"},
    }


def decoded_roots(task: Parsing, sentences: list[TreeSentence]) -> dict[str, set[str]]:
    """Relations of words with head 0, and of others, that a random scorer predicts."""
    head, features, hidden = random_scorer(task, sentences, training=False)
    with torch.no_grad():
        trees = task.decode(head(hidden, task.targets(features)), features)
    found: dict[str, set[str]] = {"root": set(), "others": set()}
    for tree in trees:
        for of_word, relation in zip(tree.heads, tree.relations, strict=True):
            found["others" if of_word else "root"].add(relation)
    return found


def test_predictions_do_not_depend_on_the_batch(tmp_path):
    sentences = tiny.sentences(12)
    task = parsing(sentences)
    folder = tiny.write_encoder(tmp_path)
    model = build_model(task, folder, "full", "float32", tiny.LONGEST, seed=1).eval()
    for weights in (model.head.arc, model.head.relation):
        torch.nn.init.normal_(weights)
    split = Split(tmp_path, sentences, task.features(sentences, training=False)[0])
    alone, together = (Predictor(model, task, task.tokenizer, size) for size in (1, 12))
    assert alone.predict(split) == together.predict(split)
