"""Controls that tell what a representation says from what a probe can learn by itself."""

import numpy as np
import pytest
import torch

from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.probing.codelength import (
    code_bits,
    has_one_label,
    online_codelength,
    portion_ends,
    uniform_bits,
)
from bertology.probing.control import control_task
from bertology.probing.targets import ProbeData
from bertology.probing.training import Schedule, Training

SCHEDULE = Schedule(learning_rate=2e-3, batch_sentences=8, most_epochs=12, clip=5.0)
TRAINING = Training(SCHEDULE, seed=1, device=torch.device("cpu"))


def one_word(word: str, label: str) -> SpanSentence:
    return SpanSentence((word,), (SpanTarget((0, 1), None, (label,)),))


def labels_of(sentences: list[SpanSentence]) -> list[tuple[str, ...]]:
    return [target.labels for sentence in sentences for target in sentence.targets]


def test_a_word_type_has_one_label_in_all_splits_whatever_its_case():
    training = [one_word(f"w{n}", "AB"[n % 2]) for n in range(50)]
    first = labels_of(control_task(training, training, seed=1))
    assert labels_of(control_task(training[:5], training, seed=1)) == first[:5]
    upper = [one_word(f"W{n}", "A") for n in range(50)]
    assert labels_of(control_task(upper, training, seed=1)) == first
    assert labels_of(control_task(training, training, seed=2)) != first


def test_labels_are_drawn_as_often_as_they_are_there():
    training = [one_word(f"w{n}", "A" if n % 4 else "B") for n in range(4000)]
    drawn = labels_of(control_task(training, training, seed=1))
    # Four standard deviations of a share of 4000 draws.
    assert drawn.count(("B",)) / 4000 == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 4000) ** 0.5)


def test_a_pair_of_types_is_a_type_and_spans_stay():
    words = ("a", "b", "a", "b")
    pairs = [SpanTarget((0, 1), (1, 2), ("X",)), SpanTarget((2, 3), (3, 4), ("Y",))]
    given = SpanSentence(words, tuple(pairs))
    (found,) = control_task([given], [given], seed=3)
    assert found.targets[0].labels == found.targets[1].labels
    assert [(t.span1, t.span2) for t in found.targets] == [(t.span1, t.span2) for t in pairs]


def test_portions_end_with_all_examples():
    assert portion_ends(1000) == [1, 2, 4, 8, 16, 32, 62, 125, 250, 500, 1000]
    assert portion_ends(3)[-1] == 3


def test_bits_are_negative_log2_of_probabilities():
    logits = np.array([[0.0, 0.0], [2.0, -1.0]])
    labels = np.array([[True, False], [False, True]])
    single = torch.log_softmax(torch.from_numpy(logits), dim=-1).numpy()[labels] / -np.log(2)
    assert code_bits(logits, labels, True) == pytest.approx(single)
    chance = 1 / (1 + np.exp(-logits))
    cells = -np.log2(np.where(labels, chance, 1 - chance)).sum(axis=1)
    assert code_bits(logits, labels, False) == pytest.approx(cells)


def test_the_uniform_code_is_what_equal_logits_cost():
    labels = np.eye(5, dtype=bool)[[0, 3, 2]]
    for one_label in (True, False):
        bits = code_bits(np.zeros((3, 5)), labels, one_label).sum()
        assert uniform_bits(labels, one_label) == pytest.approx(bits)
    assert has_one_label(labels)
    assert not has_one_label(np.zeros((2, 5), bool))


def data(seed: int, signal: float, sentences: int = 120) -> ProbeData:
    """Two layers of noise, three targets a sentence; with signal, layer 1 tells the labels."""
    generator = np.random.default_rng(seed)
    rows = sentences * 3
    labels = np.eye(4, dtype=bool)[generator.integers(0, 4, rows)]
    layers = [generator.standard_normal((rows, 16)).astype(np.float16) for _ in range(2)]
    directions = np.random.default_rng(9).standard_normal((4, 16))
    layers[1] += (signal * labels @ directions).astype(np.float16)
    spans = np.stack([np.arange(rows), np.arange(rows) + 1], axis=-1)[None]
    return ProbeData(layers, spans, labels, np.repeat(np.arange(sentences), 3), {})


def test_random_labels_have_no_shorter_code_than_the_uniform_one():
    found = online_codelength(data(1, 0.0), data(2, 0.0), [0, 1], TRAINING)
    for length in found.values():
        assert length.uniform == 360 * 2
        # Chance differences in frequency of 360 labels are worth a few bits, no more.
        assert length.online > length.uniform - 8


def test_a_layer_that_tells_the_labels_makes_the_code_short():
    found = online_codelength(data(1, 3.0), data(2, 3.0), [0, 1], TRAINING)
    assert found[1].compression > 1.5
    assert found[0].compression < 1.05


def test_a_single_label_has_nothing_to_send():
    labelled = data(1, 0.0, sentences=10)
    same = ProbeData(
        labelled.layers, labelled.spans, np.ones((30, 1), bool), labelled.sentences, {}
    )
    found = online_codelength(same, same, [0], TRAINING)[0]
    assert (found.online, found.uniform) == (0, 0)
    assert np.isnan(found.compression)
