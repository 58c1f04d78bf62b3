"""Inference: pairs in, labels out."""

import json

import pytest
import torch
from transformers import BertConfig, DistilBertConfig, ElectraConfig, ModernBertConfig

import tiny
from bertology.corpora.shapes import INFERENCE_LABELS, SentencePair
from bertology.finetuning.inference import Inference
from bertology.finetuning.prediction import Predictor, Split
from bertology.finetuning.runs import build_model
from bertology.finetuning.task import checkpoint_dropout


@pytest.fixture
def task() -> Inference:
    return Inference(tiny.tokenizer(), tiny.SETTINGS, [])


def test_a_pair_is_read_as_two_segments(task):
    (feature,), _ = task.features([SentencePair("1", "ab c", "d", "neutral")], training=True)
    tokens = task.tokenizer.convert_ids_to_tokens(feature.inputs["input_ids"])
    assert tokens == ["[CLS]", "a", "##b", "c", "[SEP]", "d", "[SEP]"]
    assert feature.inputs["token_type_ids"] == [0, 0, 0, 0, 0, 1, 1]
    assert task.targets([feature])["labels"].tolist() == [INFERENCE_LABELS.index("neutral")]


def test_long_pairs_are_shortened_and_counted(task):
    pair = SentencePair("1", "a " * 100, "b c", "neutral")
    features, counts = task.features([*tiny.pairs(2), pair], training=False)
    assert len(features[2]) == tiny.LONGEST
    tokens = task.tokenizer.convert_ids_to_tokens(features[2].inputs["input_ids"])
    assert tokens[-4:] == ["[SEP]", "b", "c", "[SEP]"]
    assert counts == {"too long: shortened": 1}


def test_accuracy_and_file(task, tmp_path):
    pairs = tiny.pairs(6)
    predicted = [pair.label for pair in pairs[:4]] + [pairs[3].label] * 2
    right = 4 + sum(pair.label == pairs[3].label for pair in pairs[4:])
    score = task.score(predicted, pairs)["accuracy"]
    assert (score.value, score.n) == (pytest.approx(100 * right / 6), 6)
    task.write(predicted, pairs, tmp_path, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows == [
        {"id": pair.identifier, "label": label}
        for pair, label in zip(pairs, predicted, strict=True)
    ]


def test_logits_do_not_depend_on_the_batch(task, tmp_path):
    folder = tiny.write_encoder(tmp_path)
    model = build_model(task, folder, "full", "float32", tiny.LONGEST, seed=1).eval()
    pairs = tiny.pairs(12)
    split = Split(tmp_path, pairs, task.features(pairs, training=False)[0])
    logits = {}
    for size in (1, 12):
        rows = {}
        task.decode = lambda outputs, features, rows=rows: [
            rows.setdefault(feature.example, row)
            for feature, row in zip(features, outputs["logits"], strict=True)
        ]
        Predictor(model, task, task.tokenizer, size).predict(split)
        logits[size] = torch.stack([rows[number] for number in range(12)])
    torch.testing.assert_close(logits[1], logits[12], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "dropout"),
    [
        (BertConfig(hidden_dropout_prob=0.2), 0.2),
        (BertConfig(hidden_dropout_prob=0.2, classifier_dropout=0.3), 0.3),
        (DistilBertConfig(seq_classif_dropout=0.25), 0.25),
        (ElectraConfig(hidden_dropout_prob=0.15), 0.15),
        (ModernBertConfig(classifier_dropout=0.05), 0.05),
    ],
)
def test_dropout_is_that_of_the_checkpoint(config, dropout):
    assert checkpoint_dropout(config) == dropout
