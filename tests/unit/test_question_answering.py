"""Question answering: windows, spans and metrics, each against another way to the same result."""

import itertools
import json
import string

import numpy as np
import pytest
import torch
from torchmetrics.functional.text import squad

import tiny
from bertology.corpora.shapes import Answer, Question
from bertology.errors import InputError
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.question_answering import QuestionAnswering, best_spans
from bertology.finetuning.trainer import build_model


@pytest.fixture
def task() -> QuestionAnswering:
    return QuestionAnswering(tiny.tokenizer(), tiny.SETTINGS, [])


def random_text(generator: np.random.Generator) -> str:
    pieces = ["the", "a", "an", "The", "red", "Red", "fox", "e.g.", "1,000", "-", "  ", "fox's"]
    return " ".join(generator.choice(pieces, generator.integers(0, 5)))


def has_words(text: str) -> bool:
    """Whether normalising leaves anything."""
    return any(word.strip(string.punctuation) not in ("", "a", "an", "the")
               for word in text.lower().split())  # fmt: skip


def test_metrics_equal_torchmetrics(task):
    """But for texts without words, of which torchmetrics has the rule of SQuAD 2.0."""
    generator = np.random.default_rng(0)
    questions, predictions, for_torch, targets = [], [], [], []
    for number in range(300):
        texts = [random_text(generator) for _ in range(generator.integers(1, 4))]
        texts = list(filter(has_words, texts)) or ["fox"]
        prediction = random_text(generator)
        answers = tuple(Answer(text, 0) for text in texts)
        questions.append(Question(str(number), "t", "p", "q", answers))
        predictions.append(prediction)
        for_torch.append({"prediction_text": prediction, "id": str(number)})
        answered = {"text": texts, "answer_start": [0] * len(texts)}
        targets.append({"answers": answered, "id": str(number)})
    ours = task.score(predictions, questions)
    theirs = squad(for_torch, targets)
    assert 0 < ours["exact_match"].value < ours["f1"].value < 100
    assert ours["exact_match"].value == pytest.approx(float(theirs["exact_match"]), rel=1e-6)
    assert ours["f1"].value == pytest.approx(float(theirs["f1"]), rel=1e-6)
    assert ours["f1"].n == 300


@pytest.mark.parametrize(
    ("prediction", "answers", "exact", "overlap"),
    [
        ("a", ["a"], 100, 0),
        ("The", ["an"], 100, 0),
        ("the", ["The fox"], 0, 0),
        ("fox", ["the"], 0, 0),
        ("", ["-"], 100, 0),
        ("a", ["a fox", "the"], 100, 0),
        ("a fox", ["the", "red fox"], 0, 100 * 2 / 3),
    ],
)
def test_texts_without_words_overlap_in_nothing(task, prediction, answers, exact, overlap):
    """The official script of version 1.1: F1 is 0 if num_same is 0, whatever the texts are."""
    question = Question("q", "t", "p", "q", tuple(Answer(text, 0) for text in answers))
    scores = task.score([prediction], [question])
    assert scores["exact_match"].value == exact
    assert scores["f1"].value == pytest.approx(overlap)


def long_questions(count: int) -> list[Question]:
    """Passages of several windows, with punctuation, capitals and an accent."""
    generator = np.random.default_rng(1)
    result = []
    for number in range(count):
        words = [
            tiny.word(generator).title() + str(generator.choice(["", ",", "é", "'s"]))
            for _ in range(60)
        ]
        first = int(generator.integers(60))
        text = " ".join(words[first : first + 2])
        answer = Answer(text, len(" ".join([*words[:first], ""])))
        result.append(Question(str(number), "t", " ".join(words), "who, when", (answer,)))
    return result


def test_windows_hold_the_answer_at_its_place_or_not_at_all(task):
    questions = long_questions(40)
    features = task.features(questions, training=True)
    positions = set()
    for index, question in enumerate(questions):
        answer = question.answers[0]
        windows = [feature.details for feature in features if feature.example == index]
        assert len(windows) > 3
        covered = set()
        for window in windows:
            inside = list(itertools.compress(window.offsets, window.passage))
            covered.update(itertools.chain.from_iterable(itertools.starmap(range, inside)))
            first, last = inside[0][0], inside[-1][1]
            end = answer.start + len(answer.text)
            if first <= answer.start and end <= last:
                start_character = window.offsets[window.start][0]
                end_character = window.offsets[window.end][1]
                assert question.passage[start_character:end_character] == answer.text
                positions.add(window.start)
            else:
                assert (window.start, window.end) == (0, 0)
        spaces = {place for place, letter in enumerate(question.passage) if letter == " "}
        assert covered == set(range(len(question.passage))) - spaces
    assert len(positions) > 25


def test_every_answer_shorter_than_the_stride_lies_whole_in_a_window(task):
    generator = np.random.default_rng(2)
    letters = " ".join(generator.choice(list(string.ascii_lowercase), 150))
    answers = [Answer(letters[2 * n : 2 * n + 9], 2 * n) for n in range(146)]
    questions = [
        Question(str(n), "t", letters, "who?", (answer,)) for n, answer in enumerate(answers)
    ]
    features = task.features(questions, training=True)
    assert {feature.example for feature in features if feature.details.start} == set(range(146))


def test_perfect_logits_give_perfect_answers(task):
    questions = long_questions(20)
    features = task.features(questions, training=False)
    targets = task.targets(features)
    tokens = torch.arange(targets["tokens"].shape[1])
    logits = {}
    for name in ("start", "end"):
        right = tokens == targets[f"{name}s"].unsqueeze(1)
        logits[name] = torch.where(right, 5.0, -5.0).masked_fill(~targets["passage"], -torch.inf)
    predictions = task.predictions(task.decode(logits, features), features, questions)
    assert predictions == [question.answers[0].text for question in questions]
    assert task.score(predictions, questions)["exact_match"].value == 100


@pytest.mark.parametrize("longest", [1, 3, 30])
def test_best_span_is_the_best_of_all_spans(longest):
    generator = torch.Generator().manual_seed(longest)
    start, end = torch.randn(2, 20, 12, generator=generator)
    start[:, :3] = end[:, :3] = -torch.inf
    for row, found in enumerate(zip(*best_spans(start, end, longest), strict=True)):
        logit, first, last = (float(value) for value in found)
        spans = [
            (float(start[row, i] + end[row, j]), i, j)
            for i in range(12)
            for j in range(i, min(i + longest, 12))
        ]
        assert (logit, first, last) == max(spans)


def test_answers_lie_in_the_passage_whatever_the_batch(task, tmp_path):
    folder = tiny.write_encoder(tmp_path)
    model = build_model(task, folder, "full", "float32", tiny.LONGEST, seed=1).eval()
    questions = [*long_questions(4), *tiny.questions(4)]
    split = Split(tmp_path, questions, task.features(questions, training=False))
    alone, together = (
        Predictor(model, task, task.tokenizer, size).predict(split) for size in (1, 99)
    )
    assert alone == together
    assert all(text in q.passage and text for text, q in zip(alone, questions, strict=True))


def test_a_long_question_is_shortened_and_counted(task, caplog):
    question = tiny.questions(1)[0]
    long = Question("l", "t", question.passage, "who " * 60, question.answers)
    features = task.features([question, long], training=False)
    assert "1 of 2 questions are too long" in caplog.text
    assert all(len(feature) <= tiny.LONGEST for feature in features)


def test_a_stride_that_fills_the_window_is_refused():
    settings = {**tiny.SETTINGS, "stride": 29}
    with pytest.raises(InputError, match=r"stride 29; allowed: 0 to 28"):
        QuestionAnswering(tiny.tokenizer(), settings, [])


def test_file(task, tmp_path):
    questions = tiny.questions(2)
    task.write(["é", ""], questions, tmp_path, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == {"q0": "é", "q1": ""}
