"""The reader of SQuAD 1.1 JSON."""

import copy
import json
import re

import pytest

from bertology.corpora.questions import read_questions, write_questions
from bertology.corpora.shapes import Answer, Question
from bertology.errors import InputError

CONTENT = {
    "version": "1.1",
    "data": [
        {
            "title": "Ports",
            "paragraphs": [
                {
                    "context": "Ana met Bo. Ana left.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "Who met Bo?",
                            "answers": [
                                {"text": "Ana", "answer_start": 0},
                                {"text": "Ana", "answer_start": 12},
                            ],
                        },
                        {
                            "id": "q2",
                            "question": "Whom did Ana meet?",
                            "answers": [{"text": "Bo", "answer_start": 8}],
                        },
                    ],
                }
            ],
        }
    ],
}
QUESTION = ("data", 0, "paragraphs", 0, "qas", 1)


def write(folder, content):
    path = folder / "questions.json"
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    path.write_text(text, encoding="utf-8")
    return path


def changed(keys, value):
    """The good content with one value replaced, or removed where `value` is `...`."""
    content = copy.deepcopy(CONTENT)
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return content


def test_reads_questions_in_order(tmp_path):
    assert read_questions(write(tmp_path, CONTENT)) == [
        Question("q1", "Ports", "Ana met Bo. Ana left.", "Who met Bo?",
                 (Answer("Ana", 0), Answer("Ana", 12))),
        Question("q2", "Ports", "Ana met Bo. Ana left.", "Whom did Ana meet?", (Answer("Bo", 8),)),
    ]  # fmt: skip


def test_writing_keeps_order_and_groups_neighbours(tmp_path):
    questions = [
        Question(str(number), title, passage, f"Why {number}?", (Answer("x", passage.index("x")),))
        for number, (title, passage) in enumerate(
            [("A", "x 1"), ("A", "x 1"), ("A", "é x 2"), ("B", "é x 2"), ("A", "x 1")]
        )
    ]
    write_questions(tmp_path / "out.json", questions)
    assert read_questions(tmp_path / "out.json") == questions
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["data"]
    assert [len(article["paragraphs"]) for article in data] == [2, 1, 1]
    assert [len(paragraph["qas"]) for paragraph in data[0]["paragraphs"]] == [2, 1]


def test_published_counts(shared_data, tmp_path):
    questions = read_questions(shared_data / "squad" / "dev-v1.1.json")
    assert len(questions) == 10_570
    assert sum(len(question.answers) for question in questions) == 34_726
    assert len({question.passage for question in questions}) == 2_067
    assert len({question.title for question in questions}) == 48
    write_questions(tmp_path / "copy.json", questions)
    assert read_questions(tmp_path / "copy.json") == questions


def test_train_counts(shared_data):
    questions = read_questions(shared_data / "squad" / "train-v1.1.json")
    assert len(questions) == 78_161
    assert len({question.title for question in questions}) == 442


IN_QUESTION = "data[0].paragraphs[0].qas[1]."


@pytest.mark.parametrize(
    ("content", "found", "allowed"),
    [
        (changed((*QUESTION, "answers", 0, "answer_start"), 9),
         f'q2: found {IN_QUESTION}answers[0].answer_start = 9, where the passage says "o."',
         'the offset of the answer "Bo"'),
        (changed((*QUESTION, "answers", 0, "answer_start"), -13), "answer_start = -13", "offset"),
        (changed((*QUESTION, "answers", 0, "answer_start"), 99), "answer_start = 99", "offset"),
        (changed((*QUESTION, "answers", 0, "answer_start"), "8"), 'answer_start = "8"', "whole"),
        (changed((*QUESTION, "answers", 0, "answer_start"), False), "start = false", "whole"),
        (changed((*QUESTION, "answers", 0, "text"), ""), "text without text", "not empty"),
        (changed((*QUESTION, "answers", 0, "text"), ...), "no key", "qas[1].answers[0].text"),
        (changed((*QUESTION, "answers", 0), "Bo"), f'{IN_QUESTION}answers[0] = "Bo"', "key text"),
        (changed((*QUESTION, "answers"), []), "question q2 with no answer", "one answer or more"),
        (changed((*QUESTION, "answers"), ...), f"no key {IN_QUESTION}answers", "a list"),
        (changed((*QUESTION, "question"), "Who \ud83d?"),
         rf"{IN_QUESTION}question with the lone surrogate \ud83d", "whole characters"),
        (changed((*QUESTION[:4], "context"), "Ana met Bo.\udc00"),
         r"data[0].paragraphs[0].context with the lone surrogate \udc00", "whole characters"),
        (changed((*QUESTION, "question"), "\u3000\u200b"), "question without text", "not empty"),
        ("[" * 100_000, "JSON that cannot be read", "SQuAD 1.1 JSON"),
        (changed((*QUESTION, "question"), ...), f"no key {IN_QUESTION}question", "a text"),
        (changed((*QUESTION, "id"), ...), f"no key {IN_QUESTION}id", "a text"),
        (changed((*QUESTION, "id"), "q1"), "identifier q1 a second time", "unique"),
        (changed((*QUESTION[:4], "context"), ...), "no key data[0].paragraphs[0].context", "text"),
        (changed(("data", 0, "title"), ...), "no key data[0].title", "a text"),
        (changed(("data", 0, "paragraphs"), {}), "data[0].paragraphs = {}", "a list"),
        (changed(("data",), ...), "no key data", "data as a list"),
        (changed(("data",), []), "no question", "at least one question"),
        ([], "record = []", "an object with the key data"),
        ("", "an empty file", "SQuAD 1.1 JSON"),
        (" \n", "an empty file", "SQuAD 1.1 JSON"),
    ],
)  # fmt: skip
def test_broken_content_is_refused_with_its_key(tmp_path, content, found, allowed):
    path = write(tmp_path, content)
    with pytest.raises(InputError) as error:
        read_questions(path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert re.search(f"{re.escape(found)}.*; allowed: .*{re.escape(allowed)}", message)


def test_pairs_of_surrogates_are_one_character(tmp_path):
    context = "Ana \U0001f600 met Bo\x00."
    content = changed((*QUESTION[:4], "context"), context)
    content["data"][0]["paragraphs"][0]["qas"] = [
        {"id": "q", "question": "\ufffd?", "answers": [{"text": "Bo\x00", "answer_start": 10}]}
    ]
    path = write(tmp_path, content)
    assert r"\ud83d\ude00" in path.read_text()
    (question,) = read_questions(path)
    assert question.passage == context
    write_questions(tmp_path / "out.json", [question])
    assert read_questions(tmp_path / "out.json") == [question]


def test_invalid_json_is_refused_with_its_line(tmp_path):
    text = json.dumps(CONTENT, indent=1)
    lines = text.split("\n")
    path = write(tmp_path, "\n".join(lines[:20]))
    with pytest.raises(InputError, match=r"questions.json, line 20: found invalid JSON"):
        read_questions(path)
