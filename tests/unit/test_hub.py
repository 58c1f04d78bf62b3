"""Reading hub data sets, tested on local folders in the layout of the published ones."""

import re
from collections import Counter

import datasets
import pandas
import pytest

from bertology.corpora.hub import fetch_hub
from bertology.corpora.shapes import INFERENCE_LABELS, Answer, Question, SentencePair
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


def dataset_info(rows, classes):
    """What a data set card says of the columns, class names among them."""
    plain = {str: "string", int: "int64"}
    columns = "".join(
        f"  - name: {name}\n    dtype: {plain[type(value)]}\n"
        for name, value in rows[0].items()
        if name != "label"
    )
    names = "".join(f"          '{code}': {name}\n" for code, name in enumerate(classes))
    label = f"  - name: label\n    dtype:\n      class_label:\n        names:\n{names}"
    return f"dataset_info:\n  config_name: mnli\n  features:\n{columns}{label}"


@pytest.fixture
def repository(tmp_path):
    """Make a data set folder with one subset, "mnli", and one split, "validation_matched"."""

    def make(rows, classes=None):
        """classes: names of the numbers in the column `label`, or None where it has no names."""
        folder = tmp_path / "glue"
        (folder / "mnli").mkdir(parents=True)
        pandas.DataFrame(rows).to_parquet(folder / "mnli" / "validation.parquet")
        (folder / "README.md").write_text(
            "---\nconfigs:\n- config_name: mnli\n  data_files:\n"
            "  - split: validation_matched\n    path: mnli/validation.parquet\n"
            + (dataset_info(rows, classes) if classes else "")
            + "---\n"
        )
        return str(folder)

    return make


def fetch(
    kind, repository, subset="mnli", revision=REVISION, split="validation_matched", **options
):
    return fetch_hub(kind, repository, subset, revision, split, **options)


def test_pairs(repository):
    left_out = Counter()
    folder = repository([*PAIRS, {**PAIRS[0], "label": -1, "idx": 10}], INFERENCE_LABELS)
    pairs = fetch("inference", folder, left_out=left_out)
    assert pairs == [
        SentencePair("4", "It rains .", "It is wet .", "entailment"),
        SentencePair("9", "It rains .", "Ünï reads .", "neutral"),
    ]
    assert left_out == {"pair without text": 1, "pair without a label": 1}


@pytest.mark.parametrize(
    "classes",
    [
        ["contradiction", "neutral", "entailment"],
        ["ENTAILMENT", "NEUTRAL", "CONTRADICTION"],
        ["Neutral", "entailment", "Contradiction"],
        ["contradiction", "entailment"],
        ["neutral", "'-'", "entailment"],
    ],
)
def test_labels_are_read_by_the_names_of_the_classes(repository, classes):
    rows = [
        {**PAIRS[0], "idx": code, "hypothesis": f"It is {name} ."}
        for code, name in enumerate(classes)
    ]
    rows = [{**row, "label": code} for code, row in enumerate(rows)]
    pairs = fetch("inference", repository(rows, classes))
    expected = [name.lower() for name in classes if name != "'-'"]
    assert [pair.label for pair in pairs] == expected
    assert [pair.hypothesis.split()[2].lower() for pair in pairs] == expected


@pytest.mark.parametrize("label", [["neutral", "ENTAILMENT"], [None, "contradiction", "-"]])
def test_labels_as_texts(repository, label):
    rows = [{**PAIRS[0], "idx": n, "label": name} for n, name in enumerate(label)]
    pairs = fetch("inference", repository(rows))
    assert [pair.label for pair in pairs] == [str(n).lower() for n in label if n not in (None, "-")]


@pytest.mark.parametrize(
    "classes",
    [
        None,
        ["0", "1", "2"],
        ["entailment", "LABEL_1", "LABEL_2"],
        ["Entailment", "contradiction", "neutral"],
    ],
)
def test_numbers_without_names_are_read_as_the_source_says(repository, classes):
    rows = [{**PAIRS[0], "idx": code, "label": code} for code in (0, 1, 2, -1)]
    order = ["entailment", "contradiction", "neutral"]
    pairs = fetch("inference", repository(rows, classes), labels=order)
    assert [pair.label for pair in pairs] == order


@pytest.mark.parametrize(
    ("label", "classes", "labels", "found"),
    [
        (1, ["entailment", "non-entailment"], None, "classes named entailment, non-entailment"),
        (1, ["entailment", "not_entailment"], None, "classes named entailment, not_entailment"),
        (1, ["0", "1", "2"], None, "classes named 0, 1, 2"),
        (1, ["entailment", "non-entailment"], list(INFERENCE_LABELS),
         "classes named entailment, non-entailment, but labels: [entailment, neutral, contr"),
        (1, ["contradiction", "neutral", "entailment"], list(INFERENCE_LABELS),
         "classes named contradiction, neutral, entailment, but labels: [entailment, neutral"),
        (1, None, None, "labels 0, 1"),
        (3, None, list(INFERENCE_LABELS), "labels 0, 3"),
        ("non-entailment", None, None, 'labels "entailment", "non-entailment"'),
        (1.0, None, None, "labels of the type Value('float64')"),
        (["neutral"], None, None, "labels of the type List(Value('string'))"),
    ],
)  # fmt: skip
def test_labels_whose_meaning_is_not_known_are_refused(repository, label, classes, labels, found):
    first = {int: 0, str: "entailment", float: 0.0, list: ["entailment"]}[type(label)]
    rows = [{**PAIRS[0], "label": first}, {**PAIRS[2], "label": label}]
    with pytest.raises(InputError) as error:
        fetch("inference", repository(rows, classes), labels=labels)
    message = str(error.value)
    assert re.search(rf"@{REVISION}, subset mnli, split .*: found {re.escape(found)}", message)
    assert "; allowed: " in message


def test_a_null_identifier_is_none(repository):
    rows = [{**PAIRS[0], "label": "neutral", "idx": None, "id": name} for name in ("a", None)]
    assert [pair.identifier for pair in fetch("inference", repository(rows))] == ["a", "1"]


def test_questions(repository):
    assert fetch("questions", repository(QUESTIONS)) == [
        Question("q1", "Ports", "Ana met Bo.", "Whom did Ana meet?",
                 (Answer("Bo", 8), Answer("Bo.", 8)))
    ]  # fmt: skip


def test_questions_whose_answers_are_a_list(repository):
    answers = [{"text": "Bo", "answer_start": 8}, {"text": "Bo.", "answer_start": 8}]
    folder = repository([{**QUESTIONS[0], "answers": answers}])
    (question,) = fetch("questions", folder)
    assert question.answers == (Answer("Bo", 8), Answer("Bo.", 8))


def test_repository_subset_and_revision_reach_the_hub(monkeypatch):
    calls = []

    def load_dataset(*arguments, **options):
        calls.append((arguments, options))
        return datasets.Dataset.from_list([{**PAIRS[0], "label": "neutral"}])

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
        ("inference", [{**PAIRS[0], "label": -1}], "found no pair with a label", "at least one"),
        ("inference", [{**PAIRS[0], "label": "neutral"}] * 2,
         ", row 1: found identifier 4 a second time", "unique"),
        ("questions", QUESTIONS * 2, ", row 1: found identifier q1 a second time", "unique"),
        ("inference", QUESTIONS, "found columns id, title", "premise, hypothesis, label"),
        ("inference", [{**PAIRS[0], "premise": ""}], "no row with text", "at least one"),
        ("questions", [{**QUESTIONS[0], "answers": None}],
         ", row 0: found answers = null", "as many texts as answer_start"),
        ("questions", [{**QUESTIONS[0], "answers": {"text": ["Bo"], "answer_start": []}}],
         ', row 0: found answers = {"text": ["Bo"], "answer_start": []}', "as many texts as"),
        ("questions", [{**QUESTIONS[0], "title": 5}], ", row 0: found title = 5", "as a text"),
        ("questions", [{**QUESTIONS[0], "id": 5}], ", row 0: found id = 5", "as a text"),
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
