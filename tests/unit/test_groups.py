"""What is resampled as a whole: passages, premises, documents; else an example by itself."""

import pytest

from bertology.corpora.groups import group_names, group_numbers
from bertology.corpora.kinds import read_kind
from bertology.corpora.shapes import Answer, Question, SentencePair, TreeSentence
from bertology.corpora.spans.formats import read_spans


def test_questions_go_by_passage_pairs_by_premise_sentences_by_document():
    questions = [
        Question(name, "Title", passage, "Who?", (Answer("a", 0),))
        for name, passage in (("1", "a b"), ("2", "a c"), ("3", "a b"))
    ]
    assert group_names(questions) == ["1", "2", "1"]
    pairs = [
        SentencePair(name, premise, "Same.", "neutral")
        for name, premise in (("1", "p"), ("2", "p"), ("3", "q"), ("4", "p"))
    ]
    assert group_names(pairs) == ["1", "1", "3", "1"]
    trees = [
        TreeSentence(name, ("a",), ("X",), ("X",), (0,), ("root",), document)
        for name, document in (("1", None), ("2", None), ("3", "d"), ("4", "e"), ("5", "d"))
    ]
    assert group_names(trees) == ["1", "2", "3", "4", "3"]
    assert group_numbers([tree.document for tree in trees]) == [0, 1, 2, 3, 2]


@pytest.mark.parametrize(
    ("kind", "file", "groups"),
    [
        ("treebank", "gum/en_gum-ud-test.conllu", 22),
        ("treebank", "ewt/en_ewt-ud-test.conllu", 316),
        ("questions", "squad/dev-v1.1.json", 2067),
    ],
)
def test_groups_of_real_corpora(shared_data, kind, file, groups):
    assert len(set(group_names(read_kind(kind, shared_data / file)))) == groups


@pytest.mark.parametrize(
    ("phenomenon", "form", "file"),
    [
        ("part_of_speech", "conllu", "ewt/en_ewt-ud-test.conllu"),
        ("dependencies", "conllu", "ewt/en_ewt-ud-test.conllu"),
        ("entities", "gum", "gum/en_gum-ud-test.conllu"),
        ("coreference", "gum", "gum/en_gum-ud-test.conllu"),
    ],
)
def test_spans_of_a_treebank_have_its_documents(shared_data, phenomenon, form, file):
    documents = [
        line.split(" = ")[1]
        for line in (shared_data / file).read_text().splitlines()
        if line.startswith("# newdoc id")
    ]
    sentences = read_spans(phenomenon, form, shared_data / file).sentences
    assert list(dict.fromkeys(each.document for each in sentences)) == documents
