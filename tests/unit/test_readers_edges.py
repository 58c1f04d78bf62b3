"""The reader of edge-probing JSON lines."""

import json
import re
from collections import Counter

import pytest

from bertology.corpora.edges import read_edges, write_edges
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.errors import InputError
from refusals import refused

ONE = {"text": "Ana met Bo", "targets": [{"span1": [0, 1], "label": "PERSON"}]}
TWO = {"text": "Ana met Bo", "targets": [{"span1": [1, 2], "span2": [2, 3], "label": "ARG1"}]}


def write(folder, *records):
    path = folder / "edges.jsonl"
    lines = (line if isinstance(line, str) else json.dumps(line) for line in records)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def test_reads_one_span_and_two_spans(tmp_path):
    (one,) = read_edges(write(tmp_path, {**ONE, "info": {"source": "ignored"}}))
    assert one == SpanSentence(("Ana", "met", "Bo"), (SpanTarget((0, 1), None, ("PERSON",)),))
    (two,) = read_edges(write(tmp_path, TWO))
    assert two.targets == (SpanTarget((1, 2), (2, 3), ("ARG1",)),)


@pytest.mark.parametrize(
    ("label", "labels"),
    [("x", ("x",)), (["x"], ("x",)), (["x", "y"], ("x", "y")), ([], ())],
)
def test_labels_are_a_text_or_a_list(tmp_path, label, labels):
    target = {**TWO["targets"][0], "label": label}
    (sentence,) = read_edges(write(tmp_path, {**TWO, "targets": [target]}))
    assert sentence.targets[0].labels == labels


def test_writing_and_reading_gives_the_same(tmp_path):
    sentences = [
        SpanSentence(("Ünï", "😀"), ()),
        SpanSentence(("a", "b", "c"), tuple(
            SpanTarget((0, 3), (1, 2), labels) for labels in [(), ("x",), ("x", "y")]
        ), "a document"),
    ]  # fmt: skip
    write_edges(tmp_path / "out.jsonl", sentences)
    assert read_edges(tmp_path / "out.jsonl") == sentences


def test_words_with_blanks_inside_are_written_and_read_as_they_are(tmp_path):
    odd = [
        SpanSentence(words, (SpanTarget((1, 2), None, ("x",)),))
        for words in [
            ("nhà khoa học", "đi"),
            ("a\u00a0b", "c"),
            ("d", "10 000", "e\u3000f  g"),
            ("h ", "\u00a0i"),
        ]
    ]
    plain = SpanSentence(("a", "b"), ())
    write_edges(tmp_path / "out.jsonl", [*odd, plain])
    assert read_edges(tmp_path / "out.jsonl") == [*odd, plain]
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").open(encoding="utf-8")]
    assert records[0] == {
        "text": "nhà khoa học đi",
        "tokens": ["nhà khoa học", "đi"],
        "targets": [{"span1": [1, 2], "label": "x"}],
    }
    assert records[-1] == {"text": "a b", "targets": []}, "as files were without such words"


@pytest.mark.parametrize(
    "tokens", [["Ana met"], ["Ana ", "met", "Bo"], ["Ana", "", "met Bo"], ["Ana met", 2], "Ana", []]
)
def test_tokens_that_are_not_the_text_are_refused(tmp_path, tokens):
    path = write(tmp_path, {**ONE, "tokens": tokens})
    with pytest.raises(InputError, match=r"line 1: found tokens = .*allowed"):
        read_edges(path)


@pytest.mark.parametrize("word", ["", " ", "\u00a0", "a\nb"])
def test_what_is_no_word_is_not_written(tmp_path, word):
    with pytest.raises(ValueError, match="blank"):
        write_edges(tmp_path / "out.jsonl", [SpanSentence(("a", word), ())])
    assert list(tmp_path.iterdir()) == []


def test_every_blank_that_python_splits_at_is_refused(tmp_path):
    """Else spans that count words between single blanks would be shifted."""
    for blank in filter(str.isspace, map(chr, range(0x110000))):
        path = write(tmp_path, {**TWO, "text": f"Ana met{blank}him Bo"})
        if blank == " ":
            assert read_edges(path)[0].words == ("Ana", "met", "him", "Bo")
        else:
            with pytest.raises(InputError, match=f"line 1: found text with U.{ord(blank):04X}"):
                read_edges(path)


def test_zero_width_characters_are_no_blanks(tmp_path):
    path = write(tmp_path, {**TWO, "text": "a\u200bb \u200d \x00"})
    assert read_edges(path)[0].words == ("a\u200bb", "\u200d", "\x00")
    write_edges(tmp_path / "out.jsonl", read_edges(path))
    assert read_edges(tmp_path / "out.jsonl") == read_edges(path)


def test_sentences_whose_text_is_withheld_are_left_out(tmp_path):
    left_out = Counter()
    masked = {**TWO, "text": "_ _ ___"}
    path = write(tmp_path, masked, TWO, {**TWO, "text": "[WORD] [WORD] [WORD]"})
    assert [each.words for each in read_edges(path, left_out)] == [("Ana", "met", "Bo")]
    assert left_out == {"sentence whose text is withheld": 2}
    path = write(tmp_path, masked, masked)
    with pytest.raises(InputError, match=f"{re.escape(str(path))}: found no text: .*README says"):
        read_edges(path)


def with_target(**changes):
    target = {key: value for key, value in {**TWO["targets"][0], **changes}.items() if value != ...}
    return {**TWO, "targets": [target]}


@pytest.mark.parametrize(
    ("bad", "found", "allowed"),
    [
        (with_target(span1=[2, 4]), "targets[0].span1 = [2, 4]", "end <= 3, the number of words"),
        (with_target(span2=[2, 2]), "targets[0].span2 = [2, 2]", "first < end"),
        (with_target(span2=[2, 1]), "span2 = [2, 1]", "first < end"),
        (with_target(span1=[-1, 1]), "span1 = [-1, 1]", "0 <= first"),
        (with_target(span1=[0, 1, 2]), "span1 = [0, 1, 2]", "[first, end]"),
        (with_target(span1=[0, 1.0]), "span1 = [0, 1.0]", "[first, end]"),
        (with_target(span1=[False, True]), "span1 = [false, true]", "[first, end]"),
        (with_target(span1="0-1"), 'span1 = "0-1"', "a list"),
        (with_target(span1=...), "no key targets[0].span1", "a list"),
        (with_target(label=...), "no key targets[0].label", "a text or a list of texts"),
        (with_target(label=1), "targets[0].label = 1", "a text or a list of texts"),
        (with_target(label=["x", 1]), 'label = ["x", 1]', "a text or a list of texts"),
        (with_target(span2=...), "a target with one span", "span2 in all targets or in none"),
        ({"text": "Ana"}, "no key targets", "targets as a list"),
        ({"targets": []}, "no key text", "text as a text"),
        ({**TWO, "targets": ["x"]}, 'targets[0] = "x"', "an object with the key span1"),
        ({**TWO, "text": "Ana  met Bo"}, "U+0020 U+0020 at character 3", "single blanks"),
        ({**TWO, "text": " Ana met Bo"}, "U+0020 at character 0", "single blanks"),
        ({**TWO, "text": "Ana met Bo "}, "U+0020 at character 10", "single blanks"),
        ({**TWO, "text": "Ana met Bo\n"}, "U+000A at character 10", "single blanks"),
        *(
            ({**TWO, "text": f"Ana{blank}met Bo"}, f"U+{ord(blank):04X} at character 3", "single")
            for blank in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2003\u2028\u2029\u3000"
        ),
        ({**TWO, "text": "Ana \ud800 Bo"}, r"text with the lone surrogate \ud800", "whole"),
        (with_target(label="\udfff"), r"targets[0].label with the lone surrogate \udfff", "whole"),
        ("{", "invalid JSON", "one JSON object a line"),
    ],
)
def test_broken_lines_are_refused(tmp_path, bad, found, allowed):
    refused(read_edges, write(tmp_path, TWO, bad), 2, found, allowed)


@pytest.mark.parametrize(
    ("lines", "found"),
    [([], "an empty file"), ([{"text": "Ana", "targets": []}], "no target")],
)
def test_files_without_targets_are_refused(tmp_path, lines, found):
    path = write(tmp_path, *lines)
    with pytest.raises(InputError, match=f"{re.escape(str(path))}: found {found}; allowed"):
        read_edges(path)
