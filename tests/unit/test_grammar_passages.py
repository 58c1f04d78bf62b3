"""Passages: one answer to each question, where it is said to be, and no shortcut by frequency."""

import itertools
import json
import re
from collections import Counter

import numpy as np
import pytest

from bertology.corpora.grammar.lexicon import DATA_FOLDER, DOMAINS, Name, read_tables
from bertology.corpora.grammar.meaning import Clause, Date, NounPhrase
from bertology.corpora.grammar.passages import draw_passages, write_passages
from bertology.corpora.grammar.realise import realise
from bertology.corpora.questions import read_questions
from bertology.corpora.shapes import SPLITS
from bertology.errors import InputError

WORDS = read_tables(DATA_FOLDER)
NOUN_ABOVE = {noun.lemma: noun.hypernym for noun in WORDS.nouns}
VERB_ABOVE = {verb.lemma: verb.hypernym for verb in WORDS.verbs}
SIZES = {"train": 400, "dev": 31, "test": 200}


@pytest.fixture(scope="module")
def drawn() -> dict[str, list]:
    seen: dict[str, str] = {}
    return {split: draw_passages("laboratory", split, SIZES[split], 2, seen) for split in SPLITS}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, list]:
    folder = tmp_path_factory.mktemp("passages")
    write_passages("laboratory", SIZES, 2, folder)
    return {
        split: json.loads((folder / f"{split}.json").read_text(encoding="utf-8"))["data"]
        for split in SPLITS
    }


def paragraphs(articles: list) -> list[dict]:
    return [paragraph for article in articles for paragraph in article["paragraphs"]]


# What a clause says, as a set of facts: an independent reading of the meanings


def names_of(phrase: object) -> set:
    """All that the phrase may be called: its name, or its noun and the more general nouns."""
    if isinstance(phrase, Date):
        return {phrase}
    if isinstance(phrase.head, Name):
        return {phrase.head.words}
    names, lemma = set(), phrase.head.lemma
    while lemma:
        names.add(lemma)
        lemma = NOUN_ABOVE[lemma]
    return names


def facts_told(clause: Clause) -> dict[str, set]:
    facts, lemma = {"verb": set()}, clause.verb.lemma
    while lemma:
        facts["verb"].add(lemma)
        lemma = VERB_ABOVE[lemma]
    arguments = {slot: getattr(clause, slot) for slot in ("subject", "object", "recipient")}
    facts |= {slot: names_of(phrase) for slot, phrase in arguments.items() if phrase}
    return facts | {adjunct.kind: names_of(adjunct.phrase) for adjunct in clause.adjuncts}


def facts_asked(clause: Clause) -> dict[str, object]:
    asked: dict[str, object] = {"verb": clause.verb.lemma}
    phrases = {slot: getattr(clause, slot) for slot in ("subject", "object", "recipient")}
    phrases |= {adjunct.kind: adjunct.phrase for adjunct in clause.adjuncts}
    for key, phrase in phrases.items():
        if phrase is not None and key != clause.focus:
            is_name = isinstance(phrase, NounPhrase) and isinstance(phrase.head, Name)
            plain = phrase if isinstance(phrase, Date) else None
            asked[key] = plain or (phrase.head.words if is_name else phrase.head.lemma)
    return asked


@pytest.mark.parametrize("domain", DOMAINS)
def test_one_sentence_alone_answers_each_question(domain: str) -> None:
    for passage in draw_passages(domain, "test", 100, 9, {}):
        told = [facts_told(clause) for clause in passage.clauses]
        for question in passage.questions:
            asked = facts_asked(question.clause)
            answering = [
                index
                for index, facts in enumerate(told)
                if all(value in facts.get(key, ()) for key, value in asked.items())
            ]
            assert answering == [question.sentence], f"{question.text} in: {passage.context}"


def test_a_noun_never_means_two_things(drawn) -> None:
    """Else "the boat" or "the vehicle" could be one or the other."""
    for passage in drawn["test"]:
        lemmas = {
            phrase.head.lemma
            for clause in passage.clauses
            for phrase in phrases_of(clause)
            if not isinstance(phrase.head, Name)
        }
        for lemma in lemmas:
            above = NOUN_ABOVE[lemma]
            while above:
                assert above not in lemmas
                above = NOUN_ABOVE[above]


def phrases_of(clause: Clause) -> list[NounPhrase]:
    phrases = [clause.subject, clause.object, clause.recipient]
    phrases += [adjunct.phrase for adjunct in clause.adjuncts]
    return [phrase for phrase in phrases if isinstance(phrase, NounPhrase)]


# Frequency as a shortcut


def typed_phrases(passage) -> list[tuple[str, str, int]]:
    """Type, wording and sentence of each phrase that an answer could be."""
    found = []
    for index, (clause, sentence) in enumerate(
        zip(passage.clauses, passage.sentences, strict=True)
    ):
        for key in ("subject", "object", "recipient", "time", "place", "object.number"):
            span = sentence.phrases.get(f"{key}.phrase") or sentence.phrases.get(key)
            if span is not None:
                found.append((type_of(clause, key), sentence.text_of(span), index))
    return found


def type_of(clause: Clause, key: str) -> str:
    argument = getattr(clause, key, None)
    if argument is not None:
        return "person" if argument.head.kind == "person" else "thing"
    return key


def normalised(text: str) -> str:
    return re.sub(r"^(a|an|the) ", "", text.lower())


def test_the_most_frequent_phrase_of_the_right_type_is_seldom_the_answer(drawn) -> None:
    from torchmetrics.text import SQuAD

    score = SQuAD()
    for number, passage in enumerate(drawn["train"]):
        phrases = typed_phrases(passage)
        for index, question in enumerate(passage.questions):
            wanted = type_of(passage.clauses[question.sentence], question.clause.focus)
            counts = Counter(normalised(text) for kind, text, _ in phrases if kind == wanted)
            identifier = f"{number}-{index}"
            guess = {"prediction_text": counts.most_common(1)[0][0], "id": identifier}
            answer = {"text": [passage.answer_text(question)], "answer_start": [0]}
            score.update([guess], [{"answers": answer, "id": identifier}])
    assert 10 < score.compute()["f1"] < 40


def test_other_sentences_hold_phrases_of_the_answers_type(drawn) -> None:
    for passage in (passage for passages in drawn.values() for passage in passages):
        phrases = typed_phrases(passage)
        for question in passage.questions:
            wanted = type_of(passage.clauses[question.sentence], question.clause.focus)
            answer = normalised(passage.answer_text(question))
            others = [
                normalised(text)
                for kind, text, sentence in phrases
                if kind == wanted and sentence != question.sentence
            ]
            assert any(other != answer for other in others)


# The files


def test_the_reader_of_real_questions_reads_them(tmp_path) -> None:
    write_passages("harbour", {"train": 17}, 1, tmp_path)
    questions = read_questions(tmp_path / "train.json")
    assert len(questions) == 17
    passages = draw_passages("harbour", "train", 17, 1, {})
    assert [q.question for q in questions] == [q.text for p in passages for q in p.questions]


def test_answers_stand_at_their_offsets(files) -> None:
    for articles in files.values():
        for paragraph in paragraphs(articles):
            for question in paragraph["qas"]:
                (answer,) = question["answers"]
                start, text = answer["answer_start"], answer["text"]
                assert text
                assert paragraph["context"][start : start + len(text)] == text
                # A whole phrase: it ends and begins where words do.
                around = " " + paragraph["context"] + " "
                assert not (around[start] + around[start + len(text) + 1]).strip(" .")


def test_the_answer_makes_the_question_a_true_statement(drawn) -> None:
    """The sentence said to answer holds the answer in the role that is asked for."""
    for passage in drawn["test"]:
        for question in passage.questions:
            focus = question.clause.focus
            sentence = realise(passage.clauses[question.sentence])
            span = sentence.phrases.get(f"{focus}.phrase") or sentence.phrases[focus]
            assert passage.answer_text(question) == sentence.text_of(span)
            assert question.text.endswith("?")


def test_sizes_and_lengths(files) -> None:
    for split, articles in files.items():
        contexts = paragraphs(articles)
        counts = [len(paragraph["qas"]) for paragraph in contexts]
        assert sum(counts) == SIZES[split]
        assert set(counts) <= {3, 4, 5}
        sentences = [paragraph["context"].rstrip(".").split(". ") for paragraph in contexts]
        assert all(5 <= len(each) <= 8 for each in sentences)
        assert all(len(text.split()) <= 8 for each in sentences for text in each)
        assert 40 <= np.mean([len(p["context"].split()) for p in contexts]) <= 55


def test_all_kinds_of_question_are_asked(drawn) -> None:
    counts = Counter(q.clause.focus for p in drawn["train"] for q in p.questions)
    assert set(counts) == {"subject", "object", "recipient", "time", "place", "object.number"}
    assert min(counts.values()) >= 10
    openings = Counter(q.text.split()[0] for p in drawn["train"] for q in p.questions)
    assert {"Who", "What", "When", "Where", "How", "To", "By"} <= set(openings)


def test_no_sentence_stands_in_two_splits(files) -> None:
    texts = {
        split: {s for p in paragraphs(files[split]) for s in p["context"].rstrip(".").split(". ")}
        for split in SPLITS
    }
    for one, other in itertools.combinations(SPLITS, 2):
        assert not texts[one] & texts[other]


def test_words_for_the_test_only_occur_in_the_test_only(files) -> None:
    nouns = [noun for noun in WORDS.nouns if noun.test_only]
    held_out = {form for noun in nouns for form in (noun.lemma, noun.plural)}
    texts = {
        split: " ".join(
            " ".join([paragraph["context"], *(each["question"] for each in paragraph["qas"])])
            for paragraph in paragraphs(files[split])
        )
        for split in SPLITS
    }
    used = {split: set(re.findall(r"\w+", texts[split])) for split in SPLITS}
    assert not held_out & (used["train"] | used["dev"])
    assert len(held_out & used["test"]) > 10
    names = [" ".join(name.words) for name in WORDS.names if name.test_only]
    assert not any(name in texts["train"] + texts["dev"] for name in names)
    assert any(name in texts["test"] for name in names)


def test_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write_passages("village", {"train": 12, "test": 2}, seed, tmp_path / name)
    for split in ("train", "test"):
        one, two, three = (
            (tmp_path / name / f"{split}.json").read_bytes() for name in ("one", "two", "three")
        )
        assert one == two != three


def test_an_unknown_domain_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="moon"):
        write_passages("moon", {"train": 3}, 1, tmp_path)
    assert not list(tmp_path.iterdir())
