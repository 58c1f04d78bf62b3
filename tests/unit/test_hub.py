"""Reading hub data sets, tested on local folders in the layout of the published ones."""

import logging
import re

import datasets
import pandas
import pytest

from bertology.corpora.hub import fetch_hub
from bertology.corpora.shapes import Answer, Question, SentencePair
from bertology.errors import InputError

REVISION = "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"
PAIRS = [
    {"premise": "It rains .", "hypothesis": "It is wet .", "label": 0, "idx": 4},
    {"premise": "It rains .", "hypothesis": " ", "label": 2, "idx": 5},
    {"premise": "It rains .", "hypothesis": "Ünï reads .", "label": 1, "idx": 9},
]
QUESTIONS = [
    {
        "id": "q1",
        "title": "Ports",
        "context": "Ana met Bo.",
        "question": "Whom did Ana meet?",
        "answers": {"text": ["Bo", "Bo."], "answer_start": [8, 8]},
    }
]


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def repository(tmp_path):
    """Make a data set folder with one subset, "mnli", and one split, "validation_matched"."""

    def make(rows):
        folder = tmp_path / "glue"
        (folder / "mnli").mkdir(parents=True)
        pandas.DataFrame(rows).to_parquet(folder / "mnli" / "validation.parquet")
        (folder / "README.md").write_text(
            "---\nconfigs:\n- config_name: mnli\n  data_files:\n"
            "  - split: validation_matched\n    path: mnli/validation.parquet\n---\n"
        )
        return str(folder)

    return make


def fetch(kind, repository, subset="mnli", revision=REVISION, split="validation_matched"):
    return fetch_hub(kind, repository, subset, revision, split)


def test_pairs(repository, caplog):
    with caplog.at_level(logging.INFO):
        pairs = fetch("inference", repository(PAIRS))
    assert pairs == [
        SentencePair("4", "It rains .", "It is wet .", "entailment"),
        SentencePair("9", "It rains .", "Ünï reads .", "neutral"),
    ]
    assert "left out 1 rows without text" in caplog.text


def test_questions(repository):
    assert fetch("questions", repository(QUESTIONS)) == [
        Question("q1", "Ports", "Ana met Bo.", "Whom did Ana meet?",
                 (Answer("Bo", 8), Answer("Bo.", 8)))
    ]  # fmt: skip


def test_repository_subset_and_revision_reach_the_hub(monkeypatch):
    calls = []

    def load_dataset(*arguments, **options):
        calls.append((arguments, options))
        return datasets.Dataset.from_list(PAIRS)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    fetch("inference", "nyu-mll/glue")
    assert calls == [
        (("nyu-mll/glue", "mnli"), {"revision": REVISION, "split": "validation_matched"})
    ]


@pytest.mark.parametrize("revision", ["main", "", REVISION[:7], REVISION.upper(), REVISION + "0"])
def test_revisions_that_can_move_are_refused(revision, monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", pytest.fail)
    with pytest.raises(InputError, match=f"glue: found the revision {revision}; allowed: .*40"):
        fetch("inference", "nyu-mll/glue", revision=revision)


def test_other_kinds_are_refused():
    with pytest.raises(InputError, match=r"the kind treebank; allowed: inference, questions"):
        fetch("treebank", "nyu-mll/glue")


@pytest.mark.parametrize(
    "wrong", [{"subset": "qqp"}, {"split": "test"}, {"repository": "no-such-folder/glue"}]
)
def test_what_cannot_be_loaded_is_named(repository, wrong, monkeypatch):
    # Offline, as the last case would otherwise wait for a network.
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    settings = {"repository": repository(PAIRS), **wrong}
    place = re.escape(f"{settings['repository']}@{REVISION}, subset ")
    with pytest.raises(InputError, match=rf"(?s)hub corpus {place}.*Error: .*; allowed: "):
        fetch("inference", **settings)


def test_the_reason_of_a_network_error_is_kept(monkeypatch):
    def load_dataset(*arguments, **options):
        raise ConnectionError("name resolution failed")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(InputError, match=f"glue@{REVISION}.*ConnectionError: name resolution"):
        fetch("inference", "nyu-mll/glue")


@pytest.mark.parametrize(
    ("kind", "rows", "found", "allowed"),
    [
        ("inference", [{**PAIRS[0], "label": -1}], ", row 0: found label -1", "entailment"),
        ("inference", QUESTIONS, "found columns id, title", "premise, hypothesis, label"),
        ("inference", [{**PAIRS[0], "premise": ""}], "no row with text", "at least one"),
        ("questions", [{**QUESTIONS[0], "answers": {"text": ["Bo"], "answer_start": [7]}}],
         ", row 0, question q1: found answers[0].answer_start = 7", 'offset of the answer "Bo"'),
    ],
)  # fmt: skip
def test_broken_rows_are_refused(repository, kind, rows, found, allowed):
    with pytest.raises(InputError) as error:
        fetch(kind, repository(rows))
    message = str(error.value)
    assert REVISION in message
    assert re.search(f"{re.escape(found)}.*; allowed: .*{re.escape(allowed)}", message)
