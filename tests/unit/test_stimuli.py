"""Sampling of stimuli from each kind of corpus."""

import json
import re

import numpy as np
import pytest

from bertology.corpora.inference import write_pairs
from bertology.corpora.kinds import read_kind, write_kind
from bertology.corpora.shapes import Answer, Question, SentencePair, Stimulus, TreeSentence
from bertology.corpora.stimuli import passage_sentences, read_stimuli, sample_stimuli
from bertology.corpora.words import WORD, count_words
from bertology.errors import InputError
from bertology.left_out import records

REAL_FILES = {
    "treebank": "ewt/en_ewt-ud-test.conllu",
    "inference": "nli/mnli/dev.jsonl",
    "questions": "squad/dev-v1.1.json",
    "text": "wikitext/test.txt",
}
PAIR = SentencePair("7", "Ana met  Bo .", "Bo left .", "neutral")
QUESTION = Question("q", "T", "Ana met Bo. Bo left.", "Who left?", (Answer("Bo", 12),))
TREE = TreeSentence("t", ("10 000", "go"), ("NUM", "VERB"), ("CD", "VB"), (2, 0), ("nsubj", "root"))


def draw(kind, file, folder, sentences=10_000, form="own", seed=1, longest=100, language="en"):
    sample_stimuli(kind, file, folder / "out.jsonl", sentences, form, seed, longest, language)
    summary = json.loads((folder / "out.summary.json").read_text())
    return read_stimuli(folder / "out.jsonl"), summary


def test_a_word_of_a_treebank_keeps_its_blanks(tmp_path):
    write_kind("treebank", tmp_path / "in", [TREE])
    expected = Stimulus("t", (("10 000", "go"),), (("NUM", "VERB"),), "t", "t")
    for form in ("own", "single"):
        assert draw("treebank", tmp_path / "in", tmp_path, form=form)[0] == [expected]


def test_pairs_in_both_forms(tmp_path):
    write_kind("inference", tmp_path / "in", [PAIR])
    own, _ = draw("inference", tmp_path / "in", tmp_path)
    assert own == [Stimulus.of_texts("7", (PAIR.premise, PAIR.hypothesis), "7", "7")]
    assert own[0].segments == (("Ana", "met", "Bo", "."), ("Bo", "left", "."))
    single, _ = draw("inference", tmp_path / "in", tmp_path, form="single")
    assert single == [
        Stimulus.of_texts("7-premise", (PAIR.premise,), "7", "7"),
        Stimulus.of_texts("7-hypothesis", (PAIR.hypothesis,), "7", "7"),
    ]


def test_questions_in_both_forms(tmp_path):
    write_kind("questions", tmp_path / "in", [QUESTION])
    own, summary = draw("questions", tmp_path / "in", tmp_path)
    assert own == [Stimulus.of_texts("q", (QUESTION.question, QUESTION.passage), "q", "q")]
    assert "passages" not in summary
    single, summary = draw("questions", tmp_path / "in", tmp_path, form="single")
    assert single == [
        Stimulus.of_texts("q-question", ("Who left?",), "q", "q"),
        Stimulus.of_texts("q-passage-1", ("Ana met Bo.",), "q", "q"),
        Stimulus.of_texts("q-passage-2", ("Bo left.",), "q", "q"),
    ]
    assert summary["passages"] == {"cut": 1, "whole": 0}
    assert summary["left_out"] == []


def test_plain_text_is_running_text(tmp_path):
    write_kind("text", tmp_path / "in", [("Ana", "met", "Bo", ".")])
    assert draw("text", tmp_path / "in", tmp_path)[0] == [
        Stimulus.of_texts("1", ("Ana met Bo .",), "1", "1")
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ana met\u00a0Bo .", 4),
        ("", 0),
        ("今天很好。我们走吧", 9),
        ("私はiPhone 15を使う", 7),
        ("วันนี้", 6),
        ("नदी के ऊपर", 3),
        ("오늘은 날씨가 좋다.", 3),
        ("ｶﾀｶﾅ", 4),
        ("ＡＢＣ", 1),
        ("𠀀𠀁", 2),
    ],
)
def test_words_of_running_text(text, words):
    assert count_words(text) == words


def question_on(passage, number=1):
    return Question(f"q{number}", "T", passage, f"Q{number}?", (Answer(passage[:1], 0),))


CHINESE = "老桥在河边，人们早上散步。"


@pytest.mark.parametrize(("longest", "drawn"), [(15, 1), (14, 0)])
def test_longest_counts_characters_where_there_are_no_blanks(tmp_path, longest, drawn):
    # 13 characters, and Q1? as a word.
    write_kind("questions", tmp_path / "in", [question_on(CHINESE), question_on("ab", 2)])
    stimuli, summary = draw("questions", tmp_path / "in", tmp_path, longest=longest - 1)
    assert len(stimuli) == 1 + drawn
    reason = {f"longer than {longest - 1} words": 1 - drawn}
    assert summary["left_out"] == records("in", "question", 2, reason)


def test_long_passages_without_an_end_of_a_sentence_are_counted(tmp_path, caplog):
    thai = "แม่น้ำสายนี้ไหลผ่านหมู่บ้านเล็กๆ" * 3
    passages = [thai, CHINESE * 6, "word " * 60, "word " * 61, "It ended. " * 40]
    questions = [question_on(passage, number) for number, passage in enumerate(passages)]
    write_kind("questions", tmp_path / "dev.json", questions)
    _, summary = draw("questions", tmp_path / "dev.json", tmp_path, form="single", longest=500)
    assert summary["passages"] == {"cut": 2, "whole": 3}
    assert summary["left_out"] == records(
        "dev", "passage", 5, {"longer than 60 words and not cut": 2}
    )
    assert "dev: 2 of 5 passages left out (longer than 60 words and not cut)" in caplog.messages


@pytest.mark.parametrize(
    ("language", "between", "sentences"),
    [
        ("en", " ", ["Ana met Bo.", "Bo left!", '"Why?" he asked.', "1999 came.", "The end"]),
        ("en", " ", ["Mr. Bo met J. R. Ana in the U.S. Senate.", "It cost $3.5.", "He left."]),
        ("en", "  ", ["She said “Go.”", "Then it (all of it) ended.", "Yes"]),
        ("en", " ", ["No full stop"]),
        ("en", "\n\n", ["A line\nbreak.", "Another one."]),
        ("en", " ", ["Embedded corpora may split .", "Words from full stops !"]),
        ("en", " ", ["No word.[1]", "v.1.2 of it [see a.b.c] ended.", "He left.Soon."]),
        ("de", " ", ["Dr. Bo kam am 3. Mai.", "Er ging z. B. heim."]),
        ("hi", " ", ["नदी पुरानी है।", "पुल १.५ मीटर ऊँचा है।", "क्या तुम आओगे?", "हाँ!"]),
        ("zh", "", ["老桥在河边。", "人们早上散步！", "你来吗？", "长3.5米。"]),
        ("ja", "", ["橋は古い。", "朝、人が歩く！", "来ますか？", "はい。"]),
        ("ar", " ", ["الجسر قديم.", "هل تأتي؟", "نعم!"]),
        ("ur", " ", ["پل پرانا ہے۔", "کیا تم آؤ گے؟"]),
        ("hy", " ", ["Կամուրջը հին է։", "Նա եկավ։"]),
        ("am", " ", ["ድልድዩ አሮጌ ነው።", "እሱ መጣ።"]),
        ("my", " ", ["တံတားဟောင်းသည်။", "သူလာသည်။"]),
        ("th", " ", ["สะพานเก่า คนเดินตอนเช้า"]),
        ("qqq", " ", ["A language of nobody.", "It has the general rules."]),
    ],
)
def test_passages_are_cut_at_sentence_ends(language, between, sentences):
    assert passage_sentences(between.join(sentences), language) == sentences


@pytest.mark.parametrize("kind", list(REAL_FILES))
def test_real_corpora(shared_data, tmp_path, kind):
    file = shared_data / REAL_FILES[kind]
    stimuli, summary = draw(kind, file, tmp_path, sentences=300, longest=160)
    assert len(stimuli) == summary["drawn"] == summary["stimuli"] == 300
    segments = [words for stimulus in stimuli for words in stimulus.segments]
    assert len(set(segments)) == len(segments), "no text twice"
    # English: words are what stands between blanks, but for the odd character of China or Japan.
    lengths = [sum(map(len, stimulus.segments)) for stimulus in stimuli]
    assert max(lengths) <= 160
    assert 0 <= summary["words"] - sum(lengths) <= 0.01 * summary["words"]
    pairs = kind in ("inference", "questions")
    assert {len(stimulus.segments) for stimulus in stimuli} == {2 if pairs else 1}
    assert all((stimulus.tags is not None) == (kind == "treebank") for stimulus in stimuli)
    fewer, _ = draw(kind, file, tmp_path, sentences=100, longest=160)
    assert fewer == [stimulus for stimulus in stimuli if stimulus in fewer], "nested, in order"
    other, _ = draw(kind, file, tmp_path, sentences=100, longest=160, seed=2)
    assert other != fewer


@pytest.mark.parametrize("kind", list(REAL_FILES))
def test_both_forms_hold_the_same_text(shared_data, tmp_path, kind):
    options = {"kind": kind, "file": shared_data / REAL_FILES[kind], "folder": tmp_path}
    own, _ = draw(**options, sentences=60, longest=160)
    single, summary = draw(**options, sentences=60, longest=160, form="single")
    assert summary["drawn"] == 60
    assert summary["stimuli"] == len(single)
    assert [stimulus.item for stimulus in own] == [stimulus.identifier for stimulus in own]
    texts = {stimulus.segments for stimulus in single}
    assert len(texts) == len(single)
    assert all(len(segments) == 1 for segments in texts)
    assert list(dict.fromkeys(stimulus.item for stimulus in single)) == [s.item for s in own]
    groups = [list(dict.fromkeys(stimulus.group for stimulus in form)) for form in (own, single)]
    assert groups[0] == groups[1], "the same resamples"
    assert {(each.item, each.group) for each in single} == {(s.item, s.group) for s in own}
    for stimulus in own:
        whole = [words for segment in stimulus.segments for words in segment]
        parts = [each.segments[0] for each in single if each.item == stimulus.item]
        # A sentence that an earlier item has too would be missing here; there is none in 60.
        assert [words for part in parts for words in part] == whole


def test_passage_sentences_keep_every_word(shared_data):
    questions = read_kind("questions", shared_data / REAL_FILES["questions"])
    passages = sorted({question.passage for question in questions})
    cut = [passage_sentences(passage) for passage in passages]
    for passage, sentences in zip(passages, cut, strict=True):
        assert [word for text in sentences for word in text.split()] == passage.split()
    # Wikipedia has five to six sentences in a paragraph of this length.
    assert 4 < sum(map(len, cut)) / len(cut) < 7


def test_passage_sentences_keep_every_character_of_any_text():
    """Marks, blanks and letters of many scripts in random order."""
    generator = np.random.default_rng(0)
    marks = ".!?。！？।॥؟۔။።։…,:;'\"“”‘’«»()[]「」（）"
    blanks = [*"  \n\t\u00a0\u3000\u200b\ufeff", "\r\n"]
    letters = ["Ana", "bo", "Mr.", "3", "e\u0301", *"今カनใж😀𠀀", "😀\u200d😀"]
    pieces = [*marks, *blanks, *letters]
    for _ in range(2_000):
        text = "".join(generator.choice(pieces, generator.integers(1, 40)))
        language = str(generator.choice(["en", "hi", "zh", "ja", "ar", "th", "my", "qqq"]))
        sentences = passage_sentences(text, language)
        assert all(sentence and sentence.strip() == sentence for sentence in sentences)
        words = [word for sentence in sentences for word in WORD.findall(sentence)]
        assert words == WORD.findall(text)


def test_too_long_stimuli_are_counted(shared_data, tmp_path):
    sentences = read_kind("treebank", shared_data / REAL_FILES["treebank"])
    lengths = [len(sentence.words) for sentence in sentences]
    stimuli, summary = draw("treebank", shared_data / REAL_FILES["treebank"], tmp_path, longest=9)
    assert summary["candidates"] == len(sentences)
    long = sum(length > 9 for length in lengths)
    split = "en_ewt-ud-test"
    assert summary["left_out"] == records(
        split, "sentence", len(sentences), {"longer than 9 words": long}
    )
    short = {sentence.words for sentence in sentences if len(sentence.words) <= 9}
    assert {stimulus.segments[0] for stimulus in stimuli} == short
    assert summary["asked"] == 10_000
    assert summary["drawn"] == len(short)


def test_a_shared_premise_is_drawn_once(tmp_path):
    pairs = [SentencePair(str(n), "Same premise", f"Other {n}", "neutral") for n in range(5)]
    write_pairs(tmp_path / "in", pairs)
    assert len(draw("inference", tmp_path / "in", tmp_path)[0]) == 1
    assert len(draw("inference", tmp_path / "in", tmp_path, form="single")[0]) == 2


def test_a_segment_that_repeats_is_taken_once_where_texts_are_cut(tmp_path):
    pairs = [SentencePair("a", "Same", "Same", "neutral"), SentencePair("b", "It", "Is", "neutral")]
    write_pairs(tmp_path / "in", pairs)
    single, summary = draw("inference", tmp_path / "in", tmp_path, form="single")
    assert [stimulus.identifier for stimulus in single] == [
        "a-premise",
        "b-premise",
        "b-hypothesis",
    ]
    assert (summary["drawn"], summary["stimuli"], summary["words"]) == (2, 3, 3)


@pytest.mark.parametrize(
    ("kind", "form", "longest", "message"),
    [
        ("inference", "own", 3, "found no stimulus of 3 words or fewer"),
        ("edges", "own", 9, "the kind edges as own; allowed: treebank, inference, questions, text"),
        ("inference", "both", 9, "the kind inference as both; allowed: .* as own or single"),
    ],
)
def test_samples_that_cannot_be_drawn_are_refused(tmp_path, kind, form, longest, message):
    write_pairs(tmp_path / "in", [PAIR])
    with pytest.raises(InputError, match=message):
        draw(kind, tmp_path / "in", tmp_path, form=form, longest=longest)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


GOOD = {"id": "a", "item": "a", "group": "a", "segments": [["b", "c"]], "tags": [["X", "Y"]]}


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        ({**GOOD, "id": 3}, "id = 3"),
        (GOOD, "identifier a a second time"),
        ({**GOOD, "id": "b", "segments": []}, "0 segments"),
        ({**GOOD, "id": "b", "segments": [["x"]] * 3}, "3 segments"),
        ({**GOOD, "id": "b", "segments": [[]]}, "segments that are not words"),
        ({**GOOD, "id": "b", "segments": ["words"]}, "segments that are not words"),
        ({**GOOD, "id": "b", "segments": [["\u3000", "c"]]}, "segments that are not words"),
        ({"id": "b", "item": "b", "group": "b", "texts": []}, r"texts = \[\]"),
        ({"id": "b", "item": "b", "group": "b", "texts": ["a", " "]}, r'texts = \["a", " "\]'),
        ({"id": "b", "item": "b", "group": "b", "texts": [["a"]]}, r'texts = \[\["a"\]\]'),
        ({"id": "b", "item": "b", "group": "b", "texts": ["a", "b", "c"]}, "texts = "),
        ({**GOOD, "id": "b", "tags": [["X"]]}, "tags unlike segments"),
        ({"id": "b"}, "no key segments"),
        ({"id": "b", "segments": [["c"]]}, "no key item"),
        ({"id": "b", "item": "b", "segments": [["c"]]}, "no key group"),
    ],
)
def test_broken_stimuli_are_refused(tmp_path, bad, found):
    path = tmp_path / "stimuli.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{json.dumps(bad)}\n")
    with pytest.raises(InputError, match=f"{re.escape(str(path))}, line 2: found {found}.*allowed"):
        read_stimuli(path)
