"""Probe data: no sentence in two splits, the same sentences for all probes of a text, counts."""

import json

import pytest

from bertology.corpora.edges import read_edges, write_edges
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.sources import fetch_corpus
from bertology.corpora.stimuli import read_stimuli
from bertology.errors import InputError
from bertology.left_out import records
from bertology.probing.prepare import REPEATED, prepare_probe
from bertology.probing.texts import gather_text, sentence_key

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
    prepare_probe("edges", source, tmp_path / "data", ALL, None, 1)
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
        prepare_probe("edges", source, tmp_path / f"data-{number}", limits, None, 1)
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
        prepare_probe("edges", source, tmp_path / name, limits, None, seed)
        found[name] = set(texts(tmp_path / name, "train"))
    assert found["small"] < found["large"]
    assert found["small"] != found["other"]


def test_dev_is_carved_out_of_train_where_there_is_none(tmp_path):
    source = corpus(tmp_path / "corpus", train=numbered(0, 50) * 2, test=numbered(60, 5))
    prepare_probe("edges", source, tmp_path / "data", ALL, 0.2, 1)
    train, dev = (texts(tmp_path / "data", split) for split in ("train", "dev"))
    assert len(dev) == 20
    assert not set(train) & set(dev)
    assert len(train) + len(dev) == 100
    with pytest.raises(InputError, match="dev_fraction"):
        prepare_probe("edges", source, tmp_path / "again", ALL, None, 1)


def test_labels_are_counted_by_split(tmp_path):
    target = SpanTarget((0, 1), None, ("A", "B"))
    source = corpus(
        tmp_path / "corpus",
        train=[SpanSentence(("a",), (target, target)), labelled("b")],
        dev=[labelled("c", "C")],
        test=[labelled("d", "B")],
    )
    prepare_probe("edges", source, tmp_path / "data", ALL, None, 1)
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
        prepare_probe("edges", source, tmp_path / "data", ALL, None, 1)
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
    prepare_probe("edges", folder, tmp_path / "data", ALL, None, 1)
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
