"""The reader of sentence pairs in both layouts of MultiNLI."""

import json
import logging
import re
from collections import Counter

import pytest

from bertology.corpora.inference import read_pairs, write_pairs
from bertology.corpora.shapes import INFERENCE_LABELS, SentencePair
from bertology.errors import InputError

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


def test_pairs_without_majority_are_skipped_and_counted(tmp_path, caplog):
    official = {"gold_label": "neutral", "sentence1": "A .", "sentence2": "B ."}
    path = write(tmp_path, official, {**official, "gold_label": "-"}, official)
    with caplog.at_level(logging.INFO):
        assert [pair.identifier for pair in read_pairs(path)] == ["1", "3"]
    assert "left out 1 pairs without majority label" in caplog.text


def test_writing_and_reading_gives_the_same(tmp_path):
    pairs = [
        SentencePair("x", 'Quoted "text"\u2028 and\ttab', "Ünïcode 😀", "neutral"),
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
        ({**GOOD, "label": -1}, 3, "label -1", LABELS),
        ({**GOOD, "label": True}, 3, "label true", LABELS),
        ({**GOOD, "label": None}, 3, "label null", LABELS),
        ({**GOOD, "label": ["neutral"]}, 3, 'label ["neutral"]', LABELS),
        ({**GOOD, "label": "-"}, 3, 'label "-"', LABELS),
        ({"premise": "A .", "hypothesis": "B ."}, 3, "no key label", LABELS),
        ({"premise": "A .", "label": 0}, 3, "no key hypothesis", "hypothesis as a text"),
        ({"gold_label": "neutral", "sentence1": "A ."}, 3, "no key sentence2", "a text"),
        ({**GOOD, "premise": 5}, 3, "premise = 5", "premise as a text"),
        ({**GOOD, "premise": " "}, 3, "premise without text", "not empty"),
        ({**GOOD, "id": "1"}, 3, "identifier 1 a second time", "unique"),
        ('{"premise": "A', 3, "invalid JSON", "one JSON object a line"),
        ("[1, 2]", 3, "[1, 2]", "one JSON object a line"),
    ],
)
def test_broken_lines_are_refused(tmp_path, bad, line, found, allowed):
    path = write(tmp_path, GOOD, "", bad)
    with pytest.raises(InputError) as error:
        read_pairs(path)
    message = str(error.value)
    assert message.startswith(f"{path}, line {line}: found ")
    assert re.search(f"{re.escape(found)}.*; allowed: .*{re.escape(allowed)}", message)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], "an empty file"),
        ([" "], "an empty file"),
        ([{"gold_label": "-", "sentence1": "A .", "sentence2": "B ."}], "no pair with a label"),
    ],
)
def test_files_without_pairs_are_refused(tmp_path, lines, found):
    path = write(tmp_path, *lines)
    with pytest.raises(InputError, match=f"{re.escape(str(path))}: found {found}; allowed"):
        read_pairs(path)
