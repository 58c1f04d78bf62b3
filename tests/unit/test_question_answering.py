"""Question answering: windows, spans and metrics, each against another way to the same result."""

import itertools
import json
import re
import string

import numpy as np
import pytest
import torch
from torchmetrics.functional.text import squad
from transformers import PreTrainedTokenizerFast

import tiny
from bertology.corpora.kinds import read_kind
from bertology.corpora.shapes import Answer, Question
from bertology.encoder_tokenizers import load_tokenizer
from bertology.errors import InputError
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.question_answering import QuestionAnswering, best_spans, passage_window
from bertology.finetuning.runs import build_model
from tokenizer_families import FAMILIES, family


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
    features, counts = task.features(questions, training=True)
    assert not +counts
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
    features, counts = task.features(questions, training=True)
    assert not +counts
    assert {feature.example for feature in features if feature.details.start} == set(range(146))


HINDI = (
    "गाँव के पास एक पुरानी नदी बहती है। नदी के ऊपर लकड़ी का पुल बना हुआ है, जिसे लोग 'राजू का पुल' कहते हैं। "
    "हर सुबह किसान अपनी गायें लेकर उस पुल से गुज़रते हैं और शाम को लौट आते हैं। बारिश में पानी बढ़ जाता है, "
    "इसलिए तब बच्चे पाठशाला नहीं जाते। दूसरे किनारे पर आम के पेड़ हैं, और उनके पीछे डाकघर, कुआँ और मेला मैदान।"
)
ODD = (  # decomposed accents, joiners and spaces of no width, blanks of several kinds
    "Le cafe\u0301 de la re\u0301publique\u200b, pre\u0301s du\u00a0pont,  est ferme\u0301\u200d "
    "a\u0300 midi\n\u200bet ouvert le soir. \ufeffZoe\u0308 y joue\u3000du piano\u0301."
) * 3


def spans_of_words(passage: str, most: int) -> list[Answer]:
    """Every run of up to so many words of a passage, and each without its last character."""
    words = [(match.start(), match.end()) for match in re.finditer(r"\S+", passage)]
    answers = []
    for first in range(len(words)):
        for last in range(first, min(first + most, len(words))):
            start, end = words[first][0], words[last][1]
            answers += [Answer(passage[start : end - cut], start) for cut in (0, 1)]
    return [answer for answer in answers if answer.text]


@pytest.mark.parametrize("passage", [HINDI, ODD])
@pytest.mark.parametrize("name", FAMILIES)
def test_an_answer_is_where_the_tokenizer_puts_what_it_keeps_of_it(name, passage, tmp_path):
    """Against the library's own map from characters to tokens, character by character."""
    tokenizer = family(name, tmp_path)
    task = QuestionAnswering(tokenizer, {**tiny.SETTINGS, "longest": 48, "stride": 20}, [])
    answers = spans_of_words(passage, 2)
    questions = [Question(str(n), "t", passage, "le", (a,)) for n, a in enumerate(answers)]
    features, counts = task.features(questions, training=True)
    whole = tokenizer("le", passage).encodings[0]
    encodings = task._windows("le", passage)
    assert len(encodings) > 2
    lost, dropped = 0, 0
    for number, answer in enumerate(answers):
        windows = [feature.details for feature in features if feature.example == number]
        places = range(answer.start, answer.start + len(answer.text.rstrip()))
        kept = [place for place in places if whole.char_to_token(place, 1) is not None]
        found = [window for window in windows if window.end]
        for window, encoding in zip(windows, encodings, strict=True):
            tokens = [encoding.char_to_token(place, 1) for place in kept]
            # A window may begin or end inside a character of several tokens.
            cut = [encoding, whole]
            pieces = [sum(touches(each, place) for place in kept) for each in cut]
            if kept and None not in tokens and pieces[0] == pieces[1]:
                assert window.start == min(tokens)
                assert window.end >= max(tokens)
                assert window.offsets[window.end][0] <= kept[-1] < window.offsets[window.end][1]
            else:
                assert (window.start, window.end) == (0, 0)
        lost += bool(kept) and not found
        dropped += not kept
    assert counts["answer of which the tokenizer keeps nothing"] == dropped
    assert counts["answer that no window holds whole"] == lost == 0


def touches(encoding, place: int) -> int:
    """Count the passage's tokens that hold a character."""
    pairs = zip(encoding.sequence_ids, encoding.offsets, strict=True)
    return sum(sequence == 1 and start <= place < end for sequence, (start, end) in pairs)


def test_an_answer_may_end_on_what_the_tokenizer_drops():
    passage = "पुल पर राजू, पुल से नदी"
    tokenizer = letters_of(passage)
    task = QuestionAnswering(tokenizer, tiny.SETTINGS, [])
    (feature,), counts = task.features([asked(passage, "राजू")], training=True)
    assert not +counts
    window = feature.details
    tokens = tokenizer.convert_ids_to_tokens(feature.inputs["input_ids"])
    assert tokens[window.start : window.end + 1] == ["र", "##ा", "##ज"]
    start, end = window.offsets[window.start][0], window.offsets[window.end][1]
    assert passage[start:end] == "राज"  # the last sign, U+0942, is dropped


def test_an_answer_cut_by_the_border_of_a_window_is_elsewhere():
    """A window that ends after the last kept character but one, and one that begins after it."""
    passage = "क ख ग राजू घ च छ"
    tokenizer = letters_of(passage)
    answer = asked(passage, "राजू").answers[0]
    whole = tokenizer("क", passage).encodings[0]
    tokens = [token for token, text in enumerate(whole.tokens) if text in ("र", "##ा", "##ज")]
    assert len(tokens) == 3
    found = {}
    for longest in range(8, len(whole) + 1):
        for number, encoding in enumerate(
            tokenizer(
                "क", passage, truncation="only_second", max_length=longest, stride=2,
                return_overflowing_tokens=True,
            ).encodings
        ):  # fmt: skip
            window = passage_window(encoding, answer, 3)
            inside = [t for t, text in enumerate(encoding.tokens) if text in ("र", "##ा", "##ज")]
            held = len(inside) == 3
            found[longest, number] = held
            assert (window.start, window.end) == ((inside[0], inside[-1]) if held else (0, 0))
    assert len(set(found.values())) == 2


def test_an_answer_of_which_nothing_is_kept_or_that_fits_no_window_is_counted(task):
    passage = "a b \u0301\u200b c " + "d " * 100
    questions = [
        Question("1", "t", passage, "who?", (Answer("\u0301\u200b", 4),)),
        Question("2", "t", passage, "who?", (Answer("d " * 99 + "d", 9),)),
        Question("3", "t", passage, "who?", (Answer("b \u0301", 2),)),
    ]
    features, counts = task.features(questions, training=True)
    assert +counts == {
        "answer of which the tokenizer keeps nothing": 1,
        "answer that no window holds whole": 1,
    }
    assert {feature.example for feature in features if feature.details.end} == {2}


def test_answers_of_squad_are_where_they_were(shared_data, packaged_minilm):
    """Full cover of the answer's characters, the rule for text of which nothing is dropped."""
    tokenizer = load_tokenizer(packaged_minilm)
    task = QuestionAnswering(tokenizer, {**tiny.SETTINGS, "longest": 128, "stride": 48}, [])
    questions = read_kind("questions", shared_data / "squad/dev-v1.1.json")[::9]
    features, counts = task.features(questions, training=True)
    assert counts["answer of which the tokenizer keeps nothing"] == 0
    for feature in features:
        answer, window = questions[feature.example].answers[0], feature.details
        start, end = answer.start, answer.start + len(answer.text.rstrip())
        tokens = [
            token
            for token, (first, last) in enumerate(window.offsets)
            if window.passage[token] and first < end and last > start
        ]
        covered = tokens and window.offsets[tokens[0]][0] <= start <= end
        covered = covered and window.offsets[tokens[-1]][1] >= end
        assert (window.start, window.end) == ((tokens[0], tokens[-1]) if covered else (0, 0))
    held = {feature.example for feature in features if feature.details.end}
    assert len(questions) - len(held) == counts["answer that no window holds whole"]


def letters_of(text: str) -> PreTrainedTokenizerFast:
    """Cut words into letters, without the signs that BERT's multilingual tokenizer drops."""
    return tiny.tokenizer(sorted(set(text) - {" "}))


def asked(passage: str, answer: str) -> Question:
    return Question("q", "t", passage, "क", (Answer(answer, passage.index(answer)),))


def test_perfect_logits_give_perfect_answers(task):
    questions = long_questions(20)
    features, _ = task.features(questions, training=False)
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
    split = Split(tmp_path, questions, task.features(questions, training=False)[0])
    alone, together = (
        Predictor(model, task, task.tokenizer, size).predict(split) for size in (1, 99)
    )
    assert alone == together
    assert all(text in q.passage and text for text, q in zip(alone, questions, strict=True))


def test_a_long_question_is_shortened_and_counted(task):
    question = tiny.questions(1)[0]
    long = Question("l", "t", question.passage, "who " * 60, question.answers)
    features, counts = task.features([question, long], training=False)
    assert +counts == {"question too long: shortened": 1}
    assert all(len(feature) <= tiny.LONGEST for feature in features)


def test_a_stride_that_fills_the_window_is_refused():
    settings = {**tiny.SETTINGS, "stride": 29}
    with pytest.raises(InputError, match=r"stride 29; allowed: 0 to 28"):
        QuestionAnswering(tiny.tokenizer(), settings, [])


def test_file(task, tmp_path):
    questions = tiny.questions(2)
    task.write(["é", ""], questions, tmp_path, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == {"q0": "é", "q1": ""}
