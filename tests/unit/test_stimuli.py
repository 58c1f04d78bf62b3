"""Sampling of stimuli from each kind of corpus."""

import json
import re

import pytest

from bertology.corpora.inference import write_pairs
from bertology.corpora.kinds import read_kind, write_kind
from bertology.corpora.shapes import Answer, Question, SentencePair, Stimulus, TreeSentence
from bertology.corpora.stimuli import passage_sentences, read_stimuli, sample_stimuli
from bertology.errors import InputError

REAL_FILES = {
    "treebank": "ewt/en_ewt-ud-test.conllu",
    "inference": "nli/mnli/dev.jsonl",
    "questions": "squad/dev-v1.1.json",
    "text": "wikitext/test.txt",
}
PAIR = SentencePair("7", "Ana met  Bo .", "Bo left .", "neutral")
QUESTION = Question("q", "T", "Ana met Bo. Bo left.", "Who left?", (Answer("Bo", 12),))
TREE = TreeSentence("t", ("10 000", "go"), ("NUM", "VERB"), ("CD", "VB"), (2, 0), ("nsubj", "root"))


def draw(kind, file, folder, sentences=10_000, form="own", seed=1, longest=100):
    sample_stimuli(kind, file, folder / "out.jsonl", sentences, form, seed, longest)
    summary = json.loads((folder / "out.summary.json").read_text())
    return read_stimuli(folder / "out.jsonl"), summary


def test_a_word_of_a_treebank_loses_its_blanks(tmp_path):
    write_kind("treebank", tmp_path / "in", [TREE])
    expected = Stimulus("t", (("10000", "go"),), (("NUM", "VERB"),), "t")
    for form in ("own", "single"):
        assert draw("treebank", tmp_path / "in", tmp_path, form=form)[0] == [expected]


def test_pairs_in_both_forms(tmp_path):
    write_kind("inference", tmp_path / "in", [PAIR])
    premise, hypothesis = ("Ana", "met", "Bo", "."), ("Bo", "left", ".")
    own, _ = draw("inference", tmp_path / "in", tmp_path)
    assert own == [Stimulus("7", (premise, hypothesis), None, "7")]
    single, _ = draw("inference", tmp_path / "in", tmp_path, form="single")
    assert single == [
        Stimulus("7-premise", (premise,), None, "7"),
        Stimulus("7-hypothesis", (hypothesis,), None, "7"),
    ]


def test_questions_in_both_forms(tmp_path):
    write_kind("questions", tmp_path / "in", [QUESTION])
    asked = ("Who", "left?")
    own, _ = draw("questions", tmp_path / "in", tmp_path)
    assert own == [Stimulus("q", (asked, tuple(QUESTION.passage.split())), None, "q")]
    single, _ = draw("questions", tmp_path / "in", tmp_path, form="single")
    assert single == [
        Stimulus("q-question", (asked,), None, "q"),
        Stimulus("q-passage-1", (("Ana", "met", "Bo."),), None, "q"),
        Stimulus("q-passage-2", (("Bo", "left."),), None, "q"),
    ]


@pytest.mark.parametrize(
    "sentences",
    [
        ["Ana met Bo.", "Bo left!", '"Why?"', "1999 came.", "(It ended.)", "“Yes.”", "End"],
        ["Mr. Bo met J. R. Ana in the U.S. Senate.", "It cost $3.5. now e.g. Much."],
        ["No full stop"],
        ["A", "."],
        ["Embedded corpora may split .", "Words from full stops !"],
        ["It grew to 17.", "He left."],
    ],
)
def test_passages_are_cut_at_sentence_ends(sentences):
    text = " ".join(sentences)
    cut = [" ".join(words) for words in passage_sentences(text)]
    assert cut == ([text] if sentences == ["A", "."] else sentences)


@pytest.mark.parametrize("kind", list(REAL_FILES))
def test_real_corpora(shared_data, tmp_path, kind):
    file = shared_data / REAL_FILES[kind]
    stimuli, summary = draw(kind, file, tmp_path, sentences=300, longest=160)
    assert len(stimuli) == summary["drawn"] == summary["stimuli"] == 300
    segments = [words for stimulus in stimuli for words in stimulus.segments]
    assert len(set(segments)) == len(segments), "no text twice"
    lengths = [sum(map(len, stimulus.segments)) for stimulus in stimuli]
    assert max(lengths) <= 160
    assert sum(lengths) == summary["words"]
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
        assert [word for words in sentences for word in words] == passage.split()
    # Wikipedia has five to six sentences in a paragraph of this length.
    assert 4 < sum(map(len, cut)) / len(cut) < 7


def test_too_long_stimuli_are_counted(shared_data, tmp_path):
    sentences = read_kind("treebank", shared_data / REAL_FILES["treebank"])
    lengths = [len(sentence.words) for sentence in sentences]
    stimuli, summary = draw("treebank", shared_data / REAL_FILES["treebank"], tmp_path, longest=9)
    assert summary["candidates"] == len(sentences)
    assert summary["too_long"] == sum(length > 9 for length in lengths)
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


GOOD = {"id": "a", "item": "a", "segments": [["b", "c"]], "tags": [["X", "Y"]]}


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        ({**GOOD, "id": 3}, "id = 3"),
        (GOOD, "identifier a a second time"),
        ({**GOOD, "id": "b", "segments": []}, "0 segments"),
        ({**GOOD, "id": "b", "segments": [["x"]] * 3}, "3 segments"),
        ({**GOOD, "id": "b", "segments": [[]]}, "segments that are not words"),
        ({**GOOD, "id": "b", "segments": ["words"]}, "segments that are not words"),
        ({**GOOD, "id": "b", "segments": [["New York", "c"]]}, "segments that are not words"),
        ({**GOOD, "id": "b", "tags": [["X"]]}, "tags unlike segments"),
        ({"id": "b"}, "no key segments"),
        ({"id": "b", "segments": [["c"]]}, "no key item"),
    ],
)
def test_broken_stimuli_are_refused(tmp_path, bad, found):
    path = tmp_path / "stimuli.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{json.dumps(bad)}\n")
    with pytest.raises(InputError, match=f"{re.escape(str(path))}, line 2: found {found}.*allowed"):
        read_stimuli(path)
