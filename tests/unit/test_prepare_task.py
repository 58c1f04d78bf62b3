"""Fetching corpora and making tasks of them: leakage, carving of dev, nested samples."""

import json
import logging
import re
from collections import Counter

import numpy as np
import pytest

from bertology.corpora.inference import read_pairs
from bertology.corpora.kinds import read_kind, split_path, write_kind
from bertology.corpora.questions import read_questions
from bertology.corpora.shapes import Answer, Question, SentencePair, TreeSentence
from bertology.corpora.sources import fetch_corpus
from bertology.corpora.tasks import prepare_task, sample
from bertology.errors import InputError
from bertology.left_out import records

ALL = {"train": None, "dev": None, "test": None}
REAL_FILES = {
    "treebank": {
        "train": "ewt/en_ewt-ud-dev.conllu",
        "dev": "gum/en_gum-ud-dev.conllu",
        "test": "ewt/en_ewt-ud-test.conllu",
    },
    "inference": {"train": "nli/mnli/train.jsonl", "test": "nli/mnli/dev.jsonl"},
    "questions": {"train": "squad/dev-v1.1.json", "test": "squad/dev-v1.1.json"},
    "text": {"dev": "wikitext/valid.txt", "test": "wikitext/test.txt"},
}


def tree(number, *words, document=None):
    tags, heads = ("X",) * len(words), tuple(range(len(words)))
    return TreeSentence(str(number), words, tags, tags, heads, ("dep",) * len(words), document)


def pair(number, premise):
    label = ("entailment", "neutral", "contradiction")[number % 3]
    return SentencePair(str(number), premise, f"hypothesis {number}", label)


def question(number, title, passage):
    answers = (Answer(passage[0], 0),)
    return Question(str(number), title, passage, f"question {number}", answers)


MAKERS = {
    "treebank": lambda number, group: tree(number, "word", str(number), document=f"d{group}"),
    "inference": lambda number, group: pair(number, f"premise {group}"),
    "questions": lambda number, group: question(number, f"title {group}", f"passage {group}"),
}
GROUPS = {
    "treebank": lambda sentence: sentence.document,
    "inference": lambda example: example.premise,
    "questions": lambda example: example.title,
}


def write_corpus(folder, kind, **splits):
    for split, examples in splits.items():
        write_kind(kind, split_path(kind, folder, split), examples)
    return folder


def read_task(kind, folder):
    return {split: read_kind(kind, split_path(kind, folder, split)) for split in ALL}


def prepare(kind, corpus, folder, dev_fraction=None, seed=1, **limits):
    prepare_task(kind, corpus, folder, {**ALL, **limits}, dev_fraction, seed)
    return read_task(kind, folder), json.loads((folder / "summary.json").read_text())


@pytest.fixture(params=list(MAKERS))
def grouped(request, tmp_path):
    """A corpus of each kind: 100 train examples in 20 groups of five, 10 test examples."""
    kind = request.param
    train = [MAKERS[kind](number, number // 5) for number in range(100)]
    test = [MAKERS[kind](number, number) for number in range(200, 210)]
    return kind, write_corpus(tmp_path / "corpus", kind, train=train, test=test)


@pytest.mark.parametrize("kind", list(REAL_FILES))
def test_fetching_stores_what_was_read(shared_data, tmp_path, kind):
    files = REAL_FILES[kind]
    folder = tmp_path / "corpus"
    counts = fetch_corpus(kind, {"source": "files", **files}, folder, shared_data)
    expected = {split_path(kind, folder, split).name for split in files} | {"summary.json"}
    assert {path.name for path in folder.iterdir()} == expected
    for split, file in files.items():
        stored = read_kind(kind, split_path(kind, folder, split))
        assert stored == read_kind(kind, shared_data / file)
        assert counts[split] == len(stored)
    summary = json.loads((folder / "summary.json").read_text())
    left_out = summary.pop("left_out")
    assert summary == {"kind": kind, "splits": counts}
    for record in left_out:
        assert record["of"] == counts[record["split"]] + sum(
            other["left_out"] for other in left_out if other["split"] == record["split"]
        )
    assert {record["reason"] for record in left_out} == (
        {"sentence with <unk>", "sentence without a letter or digit"} if kind == "text" else set()
    )


def test_what_a_reader_leaves_out_is_in_the_summary_and_the_log(tmp_path, caplog):
    labels = {"train": [0, 1, 2, -1, None], "test": [0]}
    for split, of_split in labels.items():
        lines = ({"premise": "A", "hypothesis": "B", "label": label} for label in of_split)
        (tmp_path / split).write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = {"source": "files", "train": "train", "test": "test",
              "labels": ["neutral", "contradiction", "entailment"]}  # fmt: skip
    with caplog.at_level(logging.INFO):
        fetch_corpus("inference", source, tmp_path / "c", tmp_path)
    assert json.loads((tmp_path / "c" / "summary.json").read_text()) == {
        "kind": "inference",
        "splits": {"train": 3, "test": 1},
        "left_out": [
            {"split": "train", "unit": "pair", "reason": "pair without a label",
             "left_out": 2, "of": 5},
        ],
    }  # fmt: skip
    assert "train: 2 of 5 pairs left out (pair without a label)" in caplog.text
    assert [pair.label for pair in read_pairs(tmp_path / "c" / "train.jsonl")] == source["labels"]


def test_fetching_from_the_hub_passes_the_source_on(tmp_path, monkeypatch):
    calls = []

    def fetch_hub(*arguments, labels=None):
        *place, left_out = arguments
        calls.append((*place, labels))
        left_out["pair without text"] += 2
        return [pair(1, "A premise")]

    monkeypatch.setattr("bertology.corpora.hub.fetch_hub", fetch_hub)
    source = {"source": "hub", "repository": "nyu-mll/glue", "subset": "mnli", "revision": "0" * 40,
              "train": "train", "test": "validation_matched", "labels": ["x"]}  # fmt: skip
    assert fetch_corpus("inference", source, tmp_path / "c", None) == {"train": 1, "test": 1}
    place = ("inference", "nyu-mll/glue", "mnli", "0" * 40)
    assert calls == [(*place, "train", ["x"]), (*place, "validation_matched", ["x"])]
    assert json.loads((tmp_path / "c" / "summary.json").read_text())["left_out"] == [
        {"split": split, "unit": "pair", "reason": "pair without text", "left_out": 2, "of": 3}
        for split in ("train", "test")
    ]
    assert read_pairs(tmp_path / "c" / "test.jsonl") == [pair(1, "A premise")]


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("inference", {"source": "files"}, "found no split; allowed: any of train, dev, test"),
        ("inference", {"source": "web", "test": "x"}, "found web; allowed: files, hub"),
        ("poems", {"source": "files", "test": "x"}, "kind poems; allowed: treebank, inference"),
        ("inference", {"source": "files", "test": "no.jsonl"}, "no.jsonl: found No such file"),
        ("inference", {"source": "files", "test": "bad.jsonl"}, "bad.jsonl, line 1: found"),
    ],
)
def test_fetching_what_is_not_usable_leaves_nothing(tmp_path, kind, source, message):
    (tmp_path / "bad.jsonl").write_text("{}\n")
    (tmp_path / "good.jsonl").write_text(json.dumps(
        {"premise": "A", "hypothesis": "B", "label": 1}) + "\n")  # fmt: skip
    splits = {"train": "good.jsonl"} if "test" in source else {}
    with pytest.raises(InputError, match=re.escape(message)):
        fetch_corpus(kind, {**splits, **source}, tmp_path / "corpus", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"bad.jsonl", "good.jsonl"}


def test_relative_files_need_a_data_dir(tmp_path):
    with pytest.raises(InputError, match=r"data_dir: found none; allowed: .*x.jsonl"):
        fetch_corpus("inference", {"source": "files", "test": "x.jsonl"}, tmp_path / "c", None)


def test_dev_is_carved_out_of_train_by_whole_groups(grouped, tmp_path):
    kind, corpus = grouped
    task, summary = prepare(kind, corpus, tmp_path / "task", dev_fraction=0.12)
    before = read_kind(kind, split_path(kind, corpus, "train"))
    assert len(task["dev"]) == 15, "three groups of five are the fewest with 12 examples"
    carved = {GROUPS[kind](example) for example in task["dev"]}
    assert carved.isdisjoint(GROUPS[kind](example) for example in task["train"])
    assert [example for example in before if example not in task["dev"]] == task["train"]
    assert [example for example in before if example not in task["train"]] == task["dev"]
    assert task["test"] == read_kind(kind, split_path(kind, corpus, "test"))
    assert summary["dev"] == "carved out of train"
    assert summary["splits"]["dev"] | {"mean_words": 0, "labels": 0} == {
        "in_corpus": 0, "available": 15, "prepared": 15, "mean_words": 0, "labels": 0,
    }  # fmt: skip


def test_dev_depends_on_the_seed_alone(grouped, tmp_path):
    kind, corpus = grouped
    devs = [
        prepare(kind, corpus, tmp_path / f"task{number}", dev_fraction=0.1, seed=seed, train=limit)
        for number, (seed, limit) in enumerate([(1, None), (1, 10), (2, None)])
    ]
    first, limited, other = [task["dev"] for task, _ in devs]
    assert first == limited
    assert first != other


def test_a_dev_split_of_the_corpus_is_kept(tmp_path):
    dev = [pair(number, "premise 3") for number in (50, 51)]
    corpus = write_corpus(tmp_path / "c", "inference", train=[pair(1, "premise 3")], dev=dev,
                          test=[pair(9, "premise 9")])  # fmt: skip
    task, summary = prepare("inference", corpus, tmp_path / "task", dev_fraction=0.5)
    assert task["dev"] == dev
    assert len(task["train"]) == 1
    assert summary["dev"] == "the corpus's"


def test_sentences_without_document_are_carved_one_by_one(tmp_path):
    train = [tree(number, "word", str(number)) for number in range(40)]
    corpus = write_corpus(tmp_path / "c", "treebank", train=train, test=[tree(1, "test")])
    task, _ = prepare("treebank", corpus, tmp_path / "task", dev_fraction=0.1)
    assert (len(task["train"]), len(task["dev"])) == (36, 4)


def test_test_inputs_leave_train_and_are_counted(tmp_path, caplog):
    train = [tree(n, *words) for n, words in enumerate([("a",), ("b", "c"), ("a",), ("d",)])]
    test = [tree(n, *words) for n, words in enumerate([("a",), ("a",), ("b",), ("d",)])]
    dev = [tree(n, *words) for n, words in enumerate([("b",), ("b", "c"), ("d",), ("e",), ("b",)])]
    corpus = write_corpus(tmp_path / "c", "treebank", train=train, dev=dev, test=test)
    task, summary = prepare("treebank", corpus, tmp_path / "task")
    assert [sentence.words for sentence in task["train"]] == [("b", "c")]
    assert [sentence.words for sentence in task["dev"]] == [("b", "c"), ("e",)]
    assert task["test"] == test
    assert (summary["test_inputs_in_train"], summary["test_inputs_in_dev"]) == (3, 2)
    assert summary["left_out"] == [
        *records("train", "sentence", 4, {"input that test has too": 3}),
        *records("dev", "sentence", 5, {"input that test has too": 3}),
    ]
    assert "train: 3 of 4 sentences left out (input that test has too)" in caplog.messages
    assert summary["splits"]["train"] == {
        "in_corpus": 4, "available": 1, "prepared": 1, "mean_words": 2.0,
    }  # fmt: skip


def test_a_pair_with_another_hypothesis_is_no_duplicate(tmp_path):
    corpus = write_corpus(tmp_path / "c", "inference", train=[pair(1, "p"), pair(2, "p")],
                          dev=[pair(3, "p")], test=[pair(2, "p")])  # fmt: skip
    task, summary = prepare("inference", corpus, tmp_path / "task")
    assert [example.identifier for example in task["train"]] == ["1"]
    assert summary["splits"]["train"]["labels"] == {"neutral": 1}


@pytest.mark.parametrize("unit_size", [1, 7])
def test_samples_are_nested_ordered_and_made_of_whole_units(unit_size):
    examples = list(range(100))
    previous: set[int] = set()
    for limit in range(1, 101):
        drawn = sample(examples, limit, [3, 0], lambda example: example // unit_size)
        assert drawn == sorted(set(drawn))
        assert len(drawn) == limit
        assert previous < set(drawn)
        sizes = Counter(example // unit_size for example in drawn)
        whole = [min(unit_size, 100 - unit * unit_size) == size for unit, size in sizes.items()]
        assert whole.count(False) <= 1
        previous = set(drawn)


def test_samples_are_uniform():
    counts = Counter(x for seed in range(2_000) for x in sample(range(10), 3, seed, lambda x: x))
    # 600 expected of each; the standard deviation of a count is 20.5.
    assert all(abs(counts[number] - 600) < 100 for number in range(10))


def test_questions_are_drawn_by_passage(shared_data, tmp_path):
    train = read_questions(shared_data / "squad" / "dev-v1.1.json")
    test = [question(1, "Title", "Passage")]
    corpus = write_corpus(tmp_path / "c", "questions", train=train, test=test)
    task, summary = prepare("questions", corpus, tmp_path / "task", 0.1, train=500, dev=100)
    assert [len(task[split]) for split in ("train", "dev")] == [500, 100]
    assert summary["splits"]["train"]["in_corpus"] == 10_570
    all_of = Counter(example.passage for example in train)
    drawn = Counter(example.passage for example in task["train"])
    assert sum(drawn[passage] < all_of[passage] for passage in drawn) <= 1
    words = [len(f"{x.question} {x.passage}".split()) for x in task["train"]]
    assert summary["splits"]["train"]["mean_words"] == pytest.approx(np.mean(words), abs=0.005)


@pytest.mark.parametrize(
    ("splits", "dev_fraction", "message"),
    [
        (["train", "dev"], None, "no test.jsonl; allowed: a corpus with train and test"),
        (["dev", "test"], None, "no train.jsonl; allowed: a corpus with train and test"),
        (["train", "test"], None, "dev_fraction: found null"),
        (["train", "test"], 0.9, "dev_fraction 0.9: found 1 groups of 3 examples"),
    ],
)
def test_corpora_that_make_no_task_are_refused(tmp_path, splits, dev_fraction, message):
    examples = {"train": [pair(n, "p") for n in range(3)], "dev": [pair(4, "p")],
                "test": [pair(5, "p")]}  # fmt: skip
    corpus = write_corpus(tmp_path / "c", "inference", **{name: examples[name] for name in splits})
    with pytest.raises(InputError, match=re.escape(message)):
        prepare("inference", corpus, tmp_path / "task", dev_fraction)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("within", ["train", "dev"])
def test_train_or_dev_within_test_is_refused(tmp_path, within):
    splits = {"train": [pair(2, "q")], "dev": [pair(3, "q")], within: [pair(1, "p")]}
    corpus = write_corpus(tmp_path / "c", "inference", **splits, test=[pair(1, "p")])
    with pytest.raises(InputError, match=f"every {within} input in test"):
        prepare("inference", corpus, tmp_path / "task")


def test_kinds_without_task_are_refused(tmp_path):
    with pytest.raises(InputError, match="kind text; allowed: treebank, inference, questions"):
        prepare("text", tmp_path, tmp_path / "task")
