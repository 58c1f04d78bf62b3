"""Questions on passages: SQuAD 1.1 JSON (Rajpurkar et al. 2016)."""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bertology.corpora.reading import numbered_lines, parsed_json, refuse_repeated, required, shown
from bertology.corpora.shapes import Answer, Question
from bertology.errors import InputError
from bertology.files import atomic_file


def read_questions(path: Path | str, left_out: Counter[str] | None = None) -> list[Question]:
    """Read the questions of a SQuAD 1.1 file, in the order of the file; none is left out.

    Raises InputError with file and key (line for invalid JSON) for a missing key, a question
    without answers, an answer that is not at its offset, a repeated question id, a text that
    cannot be written (see `parsed_json`), or a file without questions.
    """
    content = _load(path)
    questions: list[Question] = []
    seen: set[str] = set()
    for article, in_article in _items(content, "data", path, ""):
        title = required(article, "title", str, path, inside=in_article)
        for paragraph, in_paragraph in _items(article, "paragraphs", path, in_article):
            passage = required(paragraph, "context", str, path, inside=in_paragraph)
            for entry, in_entry in _items(paragraph, "qas", path, in_paragraph):
                question = question_from_entry(entry, title, passage, path, in_entry)
                refuse_repeated(question.identifier, seen, f"{path}, {in_entry}id")
                questions.append(question)
    if not questions:
        raise InputError.at(path, None, "no question", "at least one question")
    return questions


def write_questions(path: Path | str, questions: Iterable[Question]) -> None:
    """Write SQuAD 1.1 JSON; neighbours with the same title or passage share one entry."""
    data = [
        {"title": title, "paragraphs": [_paragraph(*group) for group in _by_passage(of_title)]}
        for title, of_title in itertools.groupby(questions, key=lambda question: question.title)
    ]
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        json.dump({"version": "1.1", "data": data}, out, ensure_ascii=False, indent=1)
        out.write("\n")


def question_from_entry(
    entry: Any, title: str, passage: str, path: Path | str, inside: str = ""
) -> Question:
    """Make a question of one entry of `qas`; path and `inside` (keys) are for the message."""
    identifier = required(entry, "id", str, path, inside=inside)
    answers = [
        _answer(answer, passage, f"{path}, question {identifier}", in_answer)
        for answer, in_answer in _items(entry, "answers", path, inside)
    ]
    if not answers:
        found = f"question {identifier} with no answer in {inside}answers"
        raise InputError.at(path, None, found, "one answer or more (SQuAD 1.1, not 2.0)")
    text = required(entry, "question", str, path, inside=inside)
    return Question(identifier, title, passage, text, tuple(answers))


def _load(path: Path | str) -> Any:
    text = "\n".join(line for _, line in numbered_lines(path))
    if not text.strip():
        raise InputError.at(path, None, "an empty file", "SQuAD 1.1 JSON")
    return parsed_json(text, path, None, "SQuAD 1.1 JSON")


def _items(record: Any, key: str, path: Path | str, inside: str) -> Iterator[tuple[Any, str]]:
    """Give the items of the list `record[key]`, each with the path of keys that leads into it."""
    items = required(record, key, list, path, inside=inside)
    return ((item, f"{inside}{key}[{number}].") for number, item in enumerate(items))


def _answer(answer: Any, passage: str, path: Path | str, inside: str) -> Answer:
    text = required(answer, "text", str, path, inside=inside)
    start = required(answer, "answer_start", int, path, inside=inside)
    there = passage[start : start + len(text)] if start >= 0 else ""
    if there != text:
        found = f"{inside}answer_start = {start}, where the passage says {shown(there)}"
        raise InputError.at(path, None, found, f"the offset of the answer {shown(text)}")
    return Answer(text, start)


def _by_passage(questions: Iterable[Question]) -> Iterator[tuple[str, Iterable[Question]]]:
    return itertools.groupby(questions, key=lambda question: question.passage)


def _paragraph(passage: str, questions: Iterable[Question]) -> dict[str, Any]:
    return {
        "context": passage,
        "qas": [
            {
                "id": question.identifier,
                "question": question.question,
                "answers": [
                    {"text": answer.text, "answer_start": answer.start}
                    for answer in question.answers
                ],
            }
            for question in questions
        ],
    }
