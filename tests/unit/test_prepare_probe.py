"""Probe data: no sentence in two splits, the same sentences for all probes of a text, counts."""

import json

import pytest

from bertology.corpora.edges import read_edges, write_edges
from bertology.corpora.kinds import write_kind
from bertology.corpora.shapes import (
    Answer,
    Question,
    SentencePair,
    SpanSentence,
    SpanTarget,
    TreeSentence,
)
from bertology.corpora.sources import fetch_corpus
from bertology.corpora.stimuli import read_stimuli
from bertology.errors import InputError
from bertology.left_out import records
from bertology.probing.prepare import REPEATED, TRAINED, prepare_probe
from bertology.probing.texts import gather_text, sentence_key
from bertology.probing.trained import TaskText, Trained

ALL = {"train": None, "dev": None, "test": None}
SPLITS = ("train", "dev", "test")


def labelled(text: str, label: str = "A") -> SpanSentence:
    return SpanSentence(tuple(text.split()), (SpanTarget((0, 1), None, (label,)),))


def numbered(first: int, count: int, label: str = "A") -> list[SpanSentence]:
    return [labelled(f"word {number}", label) for number in range(first, first + count)]


def corpus(folder, **splits):
    for split, sentences in splits.items():
        write_edges(folder / f"{split}.jsonl", sentences)
    return folder


def prepare(source, folder, limits=ALL, dev_fraction=None, seed=1, tasks=(), kind="edges"):
    prepare_probe(kind, source, folder, limits, dev_fraction, seed, "village", Trained(tasks))


def texts(folder, split):
    return [" ".join(each.words) for each in read_edges(folder / f"{split}.jsonl")]


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


def test_a_sentence_is_in_the_last_split_that_has_it(tmp_path, caplog):
    bare = SpanSentence(("bare",), ())
    source = corpus(
        tmp_path / "corpus",
        train=[labelled("a"), labelled("b"), labelled("c"), labelled("c"), bare],
        dev=[labelled("b"), labelled("d")],
        test=[labelled("a"), labelled("d"), bare],
    )
    prepare(source, tmp_path / "data")
    assert texts(tmp_path / "data", "train") == ["c", "c"]
    assert texts(tmp_path / "data", "dev") == ["b"]
    assert texts(tmp_path / "data", "test") == ["a", "d"]
    found = summary(tmp_path / "data")
    assert found["sentences"] == {
        "train": {"in_corpus": 5, "without_target": 1, "used": 2},
        "dev": {"in_corpus": 2, "without_target": 0, "used": 1},
        "test": {"in_corpus": 3, "without_target": 1, "used": 2},
    }
    assert found["left_out"] == [
        *records("train", "sentence", 5, {REPEATED: 2}),
        *records("dev", "sentence", 2, {REPEATED: 1}),
    ]
    assert f"train: 2 of 5 sentences left out ({REPEATED})" in caplog.messages


def test_two_probes_of_a_text_choose_the_same_sentences(tmp_path):
    first = corpus(tmp_path / "1", train=numbered(0, 80), dev=numbered(80, 9), test=numbered(90, 9))
    # The second has some of the sentences, in another order.
    second = corpus(
        tmp_path / "2", train=numbered(0, 80, "B")[::-2], dev=numbered(80, 9), test=numbered(90, 9)
    )
    limits = {"train": 20, "dev": 3, "test": None}
    for number, source in enumerate((first, second), start=1):
        prepare(source, tmp_path / f"data-{number}", limits)
    chosen = [set(texts(tmp_path / f"data-{n}", "train")) for n in (1, 2)]
    assert [len(each) for each in chosen] == [20, 20]
    odd = {text for text in chosen[0] if int(text.split()[1]) % 2}
    assert odd <= chosen[1]
    assert texts(tmp_path / "data-1", "dev") == texts(tmp_path / "data-2", "dev")
    order = [int(text.split()[1]) for text in texts(tmp_path / "data-1", "train")]
    assert order == sorted(order)


def test_a_smaller_sample_is_part_of_a_larger_one_and_the_seed_draws_it(tmp_path):
    source = corpus(
        tmp_path / "corpus", train=numbered(0, 60), dev=numbered(60, 5), test=numbered(70, 5)
    )
    found = {}
    for name, size, seed in (("small", 10, 1), ("large", 30, 1), ("other", 10, 2)):
        limits = {**ALL, "train": size}
        prepare(source, tmp_path / name, limits, seed=seed)
        found[name] = set(texts(tmp_path / name, "train"))
    assert found["small"] < found["large"]
    assert found["small"] != found["other"]


def test_dev_is_carved_out_of_train_where_there_is_none(tmp_path):
    source = corpus(tmp_path / "corpus", train=numbered(0, 50) * 2, test=numbered(60, 5))
    prepare(source, tmp_path / "data", dev_fraction=0.2)
    train, dev = (texts(tmp_path / "data", split) for split in ("train", "dev"))
    assert len(dev) == 20
    assert not set(train) & set(dev)
    assert len(train) + len(dev) == 100
    with pytest.raises(InputError, match="dev_fraction"):
        prepare(source, tmp_path / "again")


def test_labels_are_counted_by_split(tmp_path):
    target = SpanTarget((0, 1), None, ("A", "B"))
    source = corpus(
        tmp_path / "corpus",
        train=[SpanSentence(("a",), (target, target)), labelled("b")],
        dev=[labelled("c", "C")],
        test=[labelled("d", "B")],
    )
    prepare(source, tmp_path / "data")
    found = summary(tmp_path / "data")
    assert found["targets"] == {"train": 3, "dev": 1, "test": 1}
    assert found["labels"] == {
        "A": {"train": 3, "dev": 0, "test": 0},
        "B": {"train": 2, "dev": 0, "test": 1},
        "C": {"train": 0, "dev": 1, "test": 0},
    }
    assert list(found["labels"]) == ["A", "B", "C"]
    assert found["labels_unknown_in_train"] == ["C"]


def test_a_split_without_anything_left_is_refused(tmp_path):
    source = corpus(
        tmp_path / "corpus", train=[labelled("a")], dev=[labelled("b")], test=[labelled("a")]
    )
    with pytest.raises(InputError, match="found no sentence with a target that is left for train"):
        prepare(source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_what_the_reader_left_out_is_in_the_summary(tmp_path):
    row = "1\tGo\t_\tVERB\t{tag}\t_\t0\troot\t_\t_\n\n1\t{word}\t_\tVERB\tVB\t_\t0\troot\t_\t_\n\n"
    names = {}
    for split, tag in (("train", "_"), ("dev", "VB"), ("test", "VBZ")):
        names[split] = f"{split}.conllu"
        (tmp_path / names[split]).write_text(row.format(tag=tag, word=split))
    source = {"source": "files", "format": "conllu", **names}
    folder = tmp_path / "corpus"
    assert fetch_corpus("part_of_speech", source, folder, tmp_path) == dict.fromkeys(SPLITS, 2)
    prepare(folder, tmp_path / "data")
    found = summary(tmp_path / "data")
    assert found["left_out_by_the_reader"] == [
        {"split": "train", "unit": "word", "reason": "word without XPOS", "left_out": 1, "of": 2}
    ]
    assert found["left_out"] == records("dev", "sentence", 2, {REPEATED: 1})
    assert found["sentences"]["train"]["without_target"] == 1


def test_a_format_that_has_not_the_phenomenon_is_refused(tmp_path):
    source = {"source": "files", "format": "gum", "test": "x.conllu"}
    with pytest.raises(InputError, match=r"relations: found the format gum; allowed: edges, sem"):
        fetch_corpus("relations", source, tmp_path / "corpus", tmp_path)


def test_a_text_has_each_sentence_of_its_probes_once(tmp_path):
    splits = {"train": numbered(0, 6), "dev": numbered(6, 2), "test": numbered(8, 2)}
    corpus(tmp_path / "1", **splits)
    corpus(tmp_path / "2", **{**splits, "train": numbered(3, 2, "B")})
    corpus(tmp_path / "3", **{**splits, "train": [labelled("new")]})
    text = {}
    for name, probes in (("one", "1"), ("two", "12"), ("three", "123")):
        path = tmp_path / f"{name}.jsonl"
        gather_text([("edges", tmp_path / probe) for probe in probes], path)
        text[name] = path.read_text()
        stimuli = read_stimuli(path)
        assert [each.identifier for each in stimuli] == [
            sentence_key(each.segments[0]) for each in stimuli
        ]
    assert text["one"] == text["two"]
    assert len(text["three"].splitlines()) == len(text["one"].splitlines()) + 1 == 11


def test_words_with_blanks_are_the_same_sentence_in_a_treebank_and_in_spans(tmp_path):
    row = "1\t10 000\t_\tNUM\tCD\t_\t2\tnummod\t_\t_\n2\t{word}\t_\tNOUN\tNN\t_\t0\troot\t_\t_\n\n"
    for split in SPLITS:
        folder = tmp_path / "trees"
        folder.mkdir(exist_ok=True)
        (folder / f"{split}.conllu").write_text(row.format(word=split))
    target = (SpanTarget((0, 1), None, ("A",)),)
    spans = {split: [SpanSentence(("10 000", split), target)] for split in SPLITS}
    corpus(tmp_path / "spans", **spans)
    gather_text([("treebank", tmp_path / "trees"), ("edges", tmp_path / "spans")], tmp_path / "t")
    assert {each.segments for each in read_stimuli(tmp_path / "t")} == {
        (("10 000", split),) for split in SPLITS
    }
    corpus(tmp_path / "glued", **{split: [labelled(f"10000 {split}")] for split in SPLITS})
    gather_text([("edges", tmp_path / "glued"), ("edges", tmp_path / "spans")], tmp_path / "t")
    assert len(read_stimuli(tmp_path / "t")) == 6


# --- What the tasks were trained or chosen on ---

SEEN = {
    "parsed": ("Do", "n't", "sink", "10 000", "boats", "!"),
    "premise": ("Ana", "sailed", "."),
    "premise's second": ("It", "rained", "."),
    "hypothesis": ("Nobody", "sailed", "."),
    "question": ("Who", "sailed", "?"),
    "passage's first": ("The", "ferry", "left", "the", "U.S.", "on", "Monday", "."),
    "passage's second": ("Bo", "'s", "sister", "stayed", "."),
}


def tree(number, *words):
    tags, heads = ("X",) * len(words), tuple(range(len(words)))
    return TreeSentence(str(number), words, tags, tags, heads, ("dep",) * len(words))


def write_task(folder, kind, **examples):
    for split in SPLITS:
        ending = {"treebank": "conllu", "inference": "jsonl", "questions": "json"}[kind]
        write_kind(kind, folder / f"{split}.{ending}", examples[split])
    return TaskText(kind, "en", folder)


def task_texts(folder, split):
    """Tasks of each kind that have SEEN, in the words of others, in this split alone."""
    passage = "The ferry left the U.S. on Monday. Bo's sister stayed."
    own = {
        "treebank": tree(1, "Don't", "sink", "10", "000", "boats!"),
        "inference": SentencePair("1", "Ana sailed. It rained.", "Nobody sailed.", "neutral"),
        "questions": Question("1", "T", passage, "Who sailed?", (Answer("Bo", 35),)),
    }
    other = {
        "treebank": tree(1, "other"),
        "inference": SentencePair("1", "Other.", "Others.", "neutral"),
        "questions": Question("1", "T", "Other.", "Which?", (Answer("Other", 0),)),
    }
    return [
        write_task(
            folder / kind, kind, **{s: [own[kind] if s == split else other[kind]] for s in SPLITS}
        )
        for kind in own
    ]


def seen(place):
    return SpanSentence(SEEN[place], (SpanTarget((0, 1), None, ("A",)),))


@pytest.mark.parametrize("trained_on", ["train", "dev"])
@pytest.mark.parametrize("place", list(SEEN))
@pytest.mark.parametrize("split", SPLITS)
def test_no_probe_uses_what_a_task_was_trained_or_chosen_on(tmp_path, split, place, trained_on):
    splits = {"train": numbered(0, 9), "dev": numbered(10, 4), "test": numbered(20, 4)}
    source = corpus(tmp_path / "corpus", **{**splits, split: [seen(place), *splits[split]]})
    prepare(source, tmp_path / "data", tasks=task_texts(tmp_path / "tasks", trained_on))
    assert texts(tmp_path / "data", split) == [" ".join(each.words) for each in splits[split]]
    of = len(splits[split]) + 1
    assert summary(tmp_path / "data")["left_out"] == records(split, "sentence", of, {TRAINED: 1})


def test_what_tasks_are_only_tested_on_stays(tmp_path):
    source = corpus(
        tmp_path / "corpus", train=list(map(seen, SEEN)), dev=numbered(0, 2), test=numbered(5, 2)
    )
    prepare(source, tmp_path / "data", tasks=task_texts(tmp_path / "tasks", "test"))
    assert len(texts(tmp_path / "data", "train")) == len(SEEN)
    assert summary(tmp_path / "data")["left_out"] == []


def test_a_passage_goes_if_a_task_was_trained_on_one_of_its_sentences(tmp_path):
    passages = [labelled(f"Cy {number} left . {last}") for number, last in enumerate(
        ["Ana sailed .", "Ana sailed on .", "It rained .", "She saw that it rained .", "No ."]
    )]  # fmt: skip
    source = corpus(tmp_path / "c", train=passages, dev=numbered(0, 2), test=numbered(5, 2))
    prepare(source, tmp_path / "data", tasks=task_texts(tmp_path / "tasks", "train"))
    kept = texts(tmp_path / "data", "train")
    assert [text.split()[1] for text in kept] == ["1", "3", "4"]


def test_a_passage_goes_wherever_a_trained_sentence_stands_in_it(tmp_path):
    """The splitter does not see where a heading ends, nor each sentence of a treebank."""
    heading = tree(1, "How", "to", "sail", "in", "a", "storm")
    task = write_task(tmp_path / "t", "treebank", train=[heading], dev=[tree(1, "x")],
                      test=[tree(1, "y")])  # fmt: skip
    passages = [
        *("How to sail in a storm First , wait .", "Chapter 2 HOW TO SAIL IN A STORM Wait ."),
        *("How to sail in a stormy sea .", "Show to sail in a storm .", "How to sail in a"),
    ]
    source = corpus(tmp_path / "c", train=list(map(labelled, passages)), dev=numbered(0, 2),
                    test=numbered(5, 2))  # fmt: skip
    prepare(source, tmp_path / "data", tasks=[task])
    assert texts(tmp_path / "data", "train") == passages[2:]


def test_trees_are_matched_too_and_a_limit_is_met_from_what_is_left(tmp_path):
    trees = {"train": [tree(n, "word", str(n)) for n in range(40)],
             "dev": [tree(1, "dev", "1")], "test": [tree(1, "test", "1")]}  # fmt: skip
    task = write_task(tmp_path / "t", "treebank", **{**trees, "train": trees["train"][::2]})
    folder = tmp_path / "corpus"
    kept = {split: [tree(7, split, "7")] for split in ("dev", "test")}
    for split in SPLITS:
        write_kind("treebank", folder / f"{split}.conllu", {**trees, **kept}[split])
    edges = corpus(tmp_path / "edges", train=numbered(0, 40), dev=[labelled("dev 7")],
                   test=[labelled("test 7")])  # fmt: skip
    limits = {"train": 12, "dev": 5, "test": None}
    prepare(folder, tmp_path / "data", limits, tasks=[task], kind="treebank")
    prepare(edges, tmp_path / "spans", limits, tasks=[task])
    lines = (tmp_path / "data" / "train.conllu").read_text().splitlines()
    found = [line.removeprefix("# text = ") for line in lines if line.startswith("# text")]
    assert len(found) == 12
    assert all(int(text.split()[1]) % 2 for text in found)
    assert found == texts(tmp_path / "spans", "train")
    assert summary(tmp_path / "data")["left_out"] == records("train", "sentence", 40, {TRAINED: 20})


def test_a_dev_that_was_carved_out_has_none_either(tmp_path):
    source = corpus(tmp_path / "corpus", train=numbered(0, 50), test=numbered(60, 5))
    learnt = [tree(n, "word", str(n)) for n in range(20)]
    task = write_task(tmp_path / "t", "treebank", train=learnt, dev=[tree(1, "x")],
                      test=[tree(1, "y")])  # fmt: skip
    prepare(source, tmp_path / "data", dev_fraction=0.4, tasks=[task])
    kept = [*texts(tmp_path / "data", "train"), *texts(tmp_path / "data", "dev")]
    assert sorted(kept) == sorted(f"word {number}" for number in range(20, 50))
    left_out = summary(tmp_path / "data")["left_out"]
    assert [record["split"] for record in left_out] == ["train", "dev"]
    assert sum(record["left_out"] for record in left_out) == 20


@pytest.mark.parametrize(
    ("limit", "learnt", "found"),
    [
        (12, 5, None),
        (12, 9, "found 12, with 11 of 20"),
        (100, 1, None),
        (100, 11, "found 100, with 9 of 20"),
        (None, 10, None),
        (None, 11, "found null, with 9 of 20"),
        (None, 20, "found null, with 0 of 20"),
    ],
)
def test_too_few_that_no_task_was_trained_on_are_refused(tmp_path, limit, learnt, found):
    source = corpus(
        tmp_path / "corpus", train=numbered(0, 20), dev=numbered(20, 2), test=numbered(30, 2)
    )
    trees = [tree(number, "word", str(number)) for number in range(learnt)]
    task = write_task(tmp_path / "t", "treebank", train=trees, dev=[tree(1, "x")],
                      test=[tree(1, "y")])  # fmt: skip
    limits = {**ALL, "train": limit}
    if found is None:
        prepare(source, tmp_path / "data", limits, tasks=[task])
        assert len(texts(tmp_path / "data", "train")) == min(limit or 20, 20 - learnt)
        return
    lower = f"a limit of at most {20 - learnt}, " if learnt < 20 else ""
    message = (
        rf"probes\.village\.limits\.train: {found} sentences on which no task of the study was "
        rf"trained; allowed: {lower}tasks with fewer examples, or a text that no task was"
    )
    with pytest.raises(InputError, match=message):
        prepare(source, tmp_path / "data", limits, tasks=[task])
    assert not (tmp_path / "data").exists()
