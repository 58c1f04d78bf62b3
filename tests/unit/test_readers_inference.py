"""The reader of sentence pairs in both layouts of MultiNLI."""

import itertools
import json
import re
from collections import Counter

import pytest

from bertology.corpora.inference import read_pairs, write_pairs
from bertology.corpora.shapes import INFERENCE_LABELS, SentencePair
from bertology.errors import InputError
from refusals import refused

GOOD = {"premise": "It rains .", "hypothesis": "It is wet .", "label": 0}


def write(folder, *records):
    path = folder / "pairs.jsonl"
    lines = (line if isinstance(line, str) else json.dumps(line) for line in records)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def test_both_layouts_give_the_same_pairs(tmp_path):
    glue = [{**GOOD, "label": label} for label in (0, 1, 2, *INFERENCE_LABELS)]
    official = [
        {"gold_label": label, "sentence1": GOOD["premise"], "sentence2": GOOD["hypothesis"]}
        for label in INFERENCE_LABELS * 2
    ]
    pairs = read_pairs(write(tmp_path, *glue))
    assert pairs == read_pairs(write(tmp_path, *official))
    assert [pair.label for pair in pairs] == list(INFERENCE_LABELS * 2)
    assert [pair.identifier for pair in pairs] == list("123456")


def test_identifiers_come_from_the_file_where_it_has_them(tmp_path):
    path = write(tmp_path, {**GOOD, "pairID": "31193n"}, {**GOOD, "idx": 7}, {**GOOD, "id": "a"})
    assert [pair.identifier for pair in read_pairs(path)] == ["31193n", "7", "a"]


@pytest.mark.parametrize(
    "bad",
    [
        {"id": ["x"]},
        {"idx": {"a": 1}},
        {"pairID": True},
        {"id": ""},
        {"id": " \u200b"},
        {"idx": 1.0},
    ],
)
def test_identifiers_that_are_none_are_refused(tmp_path, bad):
    path = write(tmp_path, GOOD, {**GOOD, **bad})
    ((key, value),) = bad.items()
    place = (
        f"{path}, line 2: found {key} = {json.dumps(value, ensure_ascii=False)}; allowed: a text or"
    )
    with pytest.raises(InputError, match=re.escape(place)):
        read_pairs(path)


def test_null_is_no_identifier(tmp_path):
    path = write(tmp_path, {**GOOD, "id": None}, {**GOOD, "id": None, "pairID": None, "idx": 0})
    assert [pair.identifier for pair in read_pairs(path)] == ["1", "0"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([{"id": "x"}, {"id": "x"}], "identifier x a second time (key id)"),
        ([{"id": 7}, {"idx": 7}], "identifier 7 a second time (key idx)"),
        ([{"id": 2}, {"id": None}], "identifier 2 a second time (the number of its line, for it"),
    ],
)
def test_repeated_identifiers_are_named_by_what_they_are(tmp_path, lines, found):
    path = write(tmp_path, *({**GOOD, **line} for line in lines))
    with pytest.raises(InputError, match=re.escape(f"{path}, line 2: found {found}")):
        read_pairs(path)


@pytest.mark.parametrize("none", ["-", -1, None])
@pytest.mark.parametrize("official", [True, False])
def test_pairs_without_a_label_are_left_out_and_counted(tmp_path, none, official):
    names = ("sentence1", "sentence2", "gold_label") if official else tuple(GOOD)
    labels = ["neutral", none, "Contradiction", none]
    path = write(
        tmp_path, *(dict(zip(names, ("A .", "B .", label), strict=True)) for label in labels)
    )
    left_out = Counter()
    pairs = read_pairs(path, left_out)
    assert [(pair.identifier, pair.label) for pair in pairs] == [
        ("1", "neutral"), ("3", "contradiction"),
    ]  # fmt: skip
    assert left_out == {"pair without a label": 2}


def coded(*codes):
    return [{**GOOD, "label": code} for code in codes]


def test_codes_in_another_order(tmp_path):
    path = write(tmp_path, *coded(0, 1, 2), {**GOOD, "label": "neutral"})
    order = ["contradiction", "entailment", "neutral"]
    assert [pair.label for pair in read_pairs(path, labels=order)] == [*order, "neutral"]


@pytest.mark.parametrize("codes", [(0, 1), (1, 2), (2,)])
def test_many_codes_of_two_classes_are_refused(tmp_path, codes):
    """HANS as JSON lines: code 1 means non-entailment there."""
    few = coded(*itertools.islice(itertools.cycle(codes), 29))
    assert len(read_pairs(write(tmp_path, *few))) == 29
    path = write(tmp_path, *few, *coded(codes[-1]))
    with pytest.raises(InputError) as error:
        read_pairs(path)
    missing = sorted({0, 1, 2} - set(codes))
    message = str(error.value)
    assert message.startswith(f"{path}: found labels as codes, ")
    assert f"but never {' or '.join(map(str, missing))}; allowed: 0, 1, 2 for" in message
    assert "HANS" in message
    assert "labels: [" in message
    assert len(read_pairs(path, labels=INFERENCE_LABELS)) == 30
    assert len(read_pairs(write(tmp_path, *few, *coded(*missing)))) == 29 + len(missing)


def test_names_of_two_classes_are_not_taken_for_a_code(tmp_path):
    path = write(tmp_path, GOOD, {**GOOD, "label": "non-entailment"})
    with pytest.raises(InputError, match='line 2: found label "non-entailment"; allowed: entail'):
        read_pairs(path)


def test_writing_and_reading_gives_the_same(tmp_path):
    pairs = [
        SentencePair("x", 'Quoted "text"\u2028 and\ttab', "Ünïcode 😀", "neutral"),
        SentencePair("z", "\x00 nul and \x1b escape", "\x85 x\x1c", "neutral"),
        SentencePair("y", " blanks around ", "line\nbreak", "contradiction"),
    ]
    write_pairs(tmp_path / "out.jsonl", pairs)
    assert read_pairs(tmp_path / "out.jsonl") == pairs


def test_published_counts(shared_data, tmp_path):
    folder = shared_data / "nli" / "mnli"
    pairs = read_pairs(folder / "dev.jsonl")
    counts = Counter(pair.label for pair in pairs)
    assert [counts[label] for label in INFERENCE_LABELS] == [3_479, 3_123, 3_213]
    assert read_pairs(folder / "multinli_1.0_dev_matched.jsonl") == pairs
    write_pairs(tmp_path / "copy.jsonl", pairs)
    assert read_pairs(tmp_path / "copy.jsonl") == pairs


LABELS = "entailment, neutral, contradiction"


@pytest.mark.parametrize(
    ("bad", "line", "found", "allowed"),
    [
        ({**GOOD, "label": "maybe"}, 3, 'label "maybe"', LABELS),
        ({**GOOD, "label": 3}, 3, "label 3", LABELS),
        ({**GOOD, "label": -2}, 3, "label -2", LABELS),
        ({**GOOD, "label": "0"}, 3, 'label "0"', LABELS),
        ({**GOOD, "premise": "\u200b\u3000"}, 3, "premise without text", "not empty"),
        (
            json.dumps({**GOOD, "premise": "a \ud83d b"}),
            3,
            r"premise with the lone surrogate \ud83d",
            "whole characters",
        ),
        (
            json.dumps({**GOOD, "more": [{"\udc00": 1}]}),
            3,
            r"a key in more[0] with the lone surrogate \udc00",
            "whole characters",
        ),
        ({**GOOD, "label": True}, 3, "label true", LABELS),
        ({**GOOD, "label": ["neutral"]}, 3, 'label ["neutral"]', LABELS),
        ({"premise": "A .", "hypothesis": "B ."}, 3, "no key label", LABELS),
        ({"premise": "A .", "label": 0}, 3, "no key hypothesis", "hypothesis as a text"),
        ({"gold_label": "neutral", "sentence1": "A ."}, 3, "no key sentence2", "a text"),
        ({**GOOD, "premise": 5}, 3, "premise = 5", "premise as a text"),
        ({**GOOD, "premise": " "}, 3, "premise without text", "not empty"),
        ({**GOOD, "id": "1"}, 3, "identifier 1 a second time", "unique"),
        ('{"premise": ' + "9" * 5000 + "}", 3, "JSON that cannot be read", "one JSON object"),
        ("[" * 100_000, 3, "JSON that cannot be read", "one JSON object a line"),
        (
            json.dumps(GOOD)[:-1] + ', "label": 1}',
            3,
            "JSON that cannot be read (the key 'label' twice in one object)",
            "one JSON object",
        ),
        ('{"premise": "A', 3, "invalid JSON", "one JSON object a line"),
        ("[1, 2]", 3, "[1, 2]", "one JSON object a line"),
    ],
)
def test_broken_lines_are_refused(tmp_path, bad, line, found, allowed):
    refused(read_pairs, write(tmp_path, GOOD, "", bad), line, found, allowed)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], "an empty file"),
        ([" "], "an empty file"),
        ([{**GOOD, "label": -1}], "no pair with a label"),
        ([{"gold_label": "-", "sentence1": "A .", "sentence2": "B ."}], "no pair with a label"),
    ],
)
def test_files_without_pairs_are_refused(tmp_path, lines, found):
    path = write(tmp_path, *lines)
    with pytest.raises(InputError, match=f"{re.escape(str(path))}: found {found}; allowed"):
        read_pairs(path)
