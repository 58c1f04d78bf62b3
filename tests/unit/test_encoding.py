"""Stimuli and probes against what the tasks read, token by token, in three kinds of tokenizer."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

import tiny
from bertology.activations import cache_activations, open_activations
from bertology.corpora.edges import write_edges
from bertology.corpora.kinds import write_kind
from bertology.corpora.shapes import (
    SPLITS,
    Answer,
    Question,
    SentencePair,
    SpanSentence,
    SpanTarget,
    TreeSentence,
)
from bertology.corpora.spans.treebank import read_dependencies, read_part_of_speech
from bertology.corpora.stimuli import sample_stimuli
from bertology.encoding import encode_words
from bertology.errors import InputError
from bertology.finetuning.inference import Inference
from bertology.finetuning.parsing import Parsing
from bertology.finetuning.question_answering import QuestionAnswering
from bertology.probing.structure_scores import aligned_trees
from bertology.probing.targets import align, known_labels
from bertology.probing.texts import gather_text, sentence_key
from tokenizer_families import FAMILIES, family

SETTINGS = {**tiny.SETTINGS, "longest": 256, "stride": 8}
# Blanks inside words, of several kinds; words that a tokenizer drops, or reads as a special token.
SENTENCES = [
    ("Bà", "là", "nhà khoa học", "ở", "thành phố", "Hà Nội", "."),
    ("Il", "y", "a", "10 000", "cafés", "près", "du", "pont"),
    ("10\u00a0000", "people ", "e\u3000f", "a  b", "\u00a0."),
    ("the", "\u200b", "ferry", "\u200d", "left", "\x07"),
    ("नदी", "पुरानी", "है", "।"),
    ("老桥", "在", "河边", "。"),
    ("the", "[SEP]", "-", "don't", "\u00b4", "\u0301", "left"),
]
IRREGULAR = [
    "the old  ferry left\nthe harbour",
    "10\u00a0000 people\u3000waved ,  don't\tthey",
    " \u200b the\u200bferry \u200d left \ufeff",
    "नदी के\n\nकिनारे एक पुराना पुल है।",
    "老桥在河边。 人们早上散步。",
    "le cafe\u0301 \u0301pre\u0300s du pont \u00b4 ferme\u0301\u2028a\u0300 midi\x1c\x85.",
]


@pytest.fixture(scope="module", params=FAMILIES)
def encoder(request, tmp_path_factory) -> tuple[Path, object]:
    """A tiny encoder with a tokenizer of each family."""
    folder = tmp_path_factory.mktemp(request.param)
    tokenizer = family(request.param, folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=256,
    )
    BertModel(config).save_pretrained(folder)
    return folder, tokenizer


def tree(number: int, words: tuple[str, ...]) -> TreeSentence:
    heads = (0, *range(1, len(words)))
    relations = ("root", *["dep"] * (len(words) - 1))
    tags = tuple(f"T{place}" for place in range(len(words)))
    return TreeSentence(f"s{number}", words, tags, tags, heads, relations)


TREES = [tree(number, words) for number, words in enumerate(SENTENCES)]


def cached(kind: str, examples: list, encoder: Path, folder: Path):
    """The table of tokens of own-form stimuli of some examples, one table a stimulus."""
    write_kind(kind, folder / "in", examples)
    sample_stimuli(kind, folder / "in", folder / "stimuli.jsonl", 100, "own", 1, 500)
    cache_activations(encoder, folder / "stimuli.jsonl", folder / "cache", 64, threads=1)
    tokens = open_activations(folder / "cache").tokens
    return [rows for _, rows in tokens.groupby("sentence", sort=False)]


def test_own_form_of_a_treebank_is_what_the_parser_reads(encoder, tmp_path):
    folder, tokenizer = encoder
    features, counts = Parsing(tokenizer, SETTINGS, TREES).features(TREES, training=True)
    assert not +counts
    tables = cached("treebank", TREES, folder, tmp_path)
    for feature, sentence, rows in zip(features, TREES, tables, strict=True):
        ids = tokenizer.convert_tokens_to_ids(list(rows["wordpiece"]))
        assert ids == feature.inputs["input_ids"]
        words = [None if word < 0 else word for word in rows["word"]]
        assert tuple(words) == feature.details.of_tokens
        assert set(words) - {None} == set(range(len(sentence.words))), "each word has a token"
        assert list(rows["word"][rows["first"]]) == list(range(len(sentence.words)))
        tags = [None if word is None else f"T{word}" for word in words]
        assert [tag if isinstance(tag, str) else None for tag in rows["tag"]] == tags


def test_probes_see_the_tokens_that_the_parser_reads(encoder, tmp_path):
    """Rows of each word: in edge probes of CoNLL-U, in edge-probing lines, in structural probes."""
    folder, tokenizer = encoder
    for split in SPLITS:
        write_kind("treebank", tmp_path / "trees" / f"{split}.conllu", TREES)
        path = tmp_path / "trees" / f"{split}.conllu"
        for name, read in (("tags", read_part_of_speech), ("arcs", read_dependencies)):
            write_edges(tmp_path / name / f"{split}.jsonl", read(path).sentences)
    probes = [("treebank", tmp_path / "trees"), ("edges", tmp_path / "tags")]
    gather_text([*probes, ("edges", tmp_path / "arcs")], tmp_path / "stimuli.jsonl")
    cache_activations(folder, tmp_path / "stimuli.jsonl", tmp_path / "cache", 64, threads=1)
    activations = open_activations(tmp_path / "cache")
    assert activations.tokens["sentence"].nunique() == len(TREES), "one text for all three"
    features, _ = Parsing(tokenizer, SETTINGS, TREES).features(TREES, training=True)
    read = [(each.inputs["input_ids"], each.details.of_tokens) for each in features]
    # Targets on the first word and on each of the first three.
    targets = tuple(SpanTarget((0, 1), (word, word + 1), ("x",)) for word in range(3))
    spans = [SpanSentence(sentence.words, targets) for sentence in TREES]
    data = align(activations, spans, known_labels(spans))
    assert data.left_out == {}
    ids = np.array(tokenizer.convert_tokens_to_ids(list(activations.tokens["wordpiece"])))
    for target, number in enumerate(data.sentences):
        for slot, word in enumerate((0, target % 3)):
            first, end = data.spans[slot, target]
            expected = [token for token, of in zip(*read[number], strict=True) if of == word]
            assert list(ids[first:end]) == expected
    trees = aligned_trees(activations, TREES, "train")
    for found, (tokens, of_tokens), sentence in zip(trees, read, TREES, strict=True):
        mine = np.flatnonzero(activations.tokens["sentence"] == sentence_key(sentence.words))
        assert list(ids[mine]) == tokens
        vectors = activations.layers[1][mine].astype(float)
        for word in range(len(sentence.words)):
            rows = [place for place, of in enumerate(of_tokens) if of == word]
            assert found.vectors[1, word] == pytest.approx(vectors[rows].mean(axis=0), abs=2e-3)


def pieces_of_words(text: str) -> list[tuple[int, int]]:
    """Where the words of a text begin and end, found one after the other."""
    places, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        places.append((start, start + len(word)))
        start += len(word)
    return places


def same_tokens(rows, ids, tokenizer, texts) -> None:
    """The same tokens, and each of the word that its characters are of."""
    assert tokenizer.convert_tokens_to_ids(list(rows["wordpiece"])) == ids
    encoding = tokenizer(*texts).encodings[0]
    places = [pieces_of_words(text) for text in texts]
    for segment, word, sequence, (start, end) in zip(
        rows["segment"], rows["word"], encoding.sequence_ids, encoding.offsets, strict=True
    ):
        if sequence is None:
            assert (segment, word) == (-1, -1)
            continue
        assert segment == sequence
        touched = [
            number
            for number, (first, last) in enumerate(places[segment])
            if first < end and last > start
        ]
        assert word == (touched[0] if touched else -1)


def test_own_form_of_pairs_is_what_the_classifier_reads(encoder, tmp_path):
    folder, tokenizer = encoder
    pairs = [
        SentencePair(str(n), text, f"so it is {n}{text}", "neutral")
        for n, text in enumerate(IRREGULAR)
    ]
    features, counts = Inference(tokenizer, SETTINGS, pairs).features(pairs, training=True)
    assert not +counts
    for feature, pair, rows in zip(
        features, pairs, cached("inference", pairs, folder, tmp_path), strict=True
    ):
        same_tokens(rows, feature.inputs["input_ids"], tokenizer, (pair.premise, pair.hypothesis))


def test_own_form_of_questions_is_what_the_reader_of_passages_reads(encoder, tmp_path):
    folder, tokenizer = encoder
    answers = [next(word for word in text.split() if word[0].isalnum()) for text in IRREGULAR]
    questions = [
        Question(str(n), "t", text, f"who\n {n}?", (Answer(answer, text.index(answer)),))
        for n, (text, answer) in enumerate(zip(IRREGULAR, answers, strict=True))
    ]
    task = QuestionAnswering(tokenizer, SETTINGS, questions)
    features, counts = task.features(questions, training=True)
    assert not +counts
    for feature, question, rows in zip(
        features, questions, cached("questions", questions, folder, tmp_path), strict=True
    ):
        texts = (question.question, question.passage)
        same_tokens(rows, feature.inputs["input_ids"], tokenizer, texts)


def test_words_of_a_pair_are_replaced_each_in_its_segment():
    encoding = encode_words(tiny.tokenizer(), ["a", "\u200b"], ["\u200b", "b"])
    assert encoding.tokens() == ["[CLS]", "a", "[UNK]", "[SEP]", "[UNK]", "b", "[SEP]"]
    assert encoding.word_ids() == [None, 0, 1, None, 0, 1, None]


def test_a_word_without_any_token_is_refused():
    tokenizer = tiny.tokenizer()
    tokenizer.unk_token = None
    with pytest.raises(InputError, match=r"found the word '\\u200b', of which it keeps nothing"):
        encode_words(tokenizer, ["a", "\u200b"])
