"""Edge probes: alignment, pooling, training side by side, and signals planted in one layer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score

from bertology.activations import Activations
from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.edge import (
    MIX,
    MIX_NORMALISED,
    Batch,
    EdgeProbes,
    collate,
    softmax_within,
)
from bertology.probing.side_by_side import SideBySide
from bertology.probing.targets import TOO_LONG, UNKNOWN, ProbeData, align, known_labels
from bertology.probing.texts import sentence_key
from bertology.probing.training import (
    Schedule,
    Training,
    best_probes,
    cross_entropy,
    losses,
    predict,
    train_edge_probes,
)

CPU = torch.device("cpu")
LABELS = ("A", "B", "C")
SIGNAL = 2
SCHEDULE = Schedule(learning_rate=2e-3, batch_sentences=16, most_epochs=12, clip=5.0)


def cache(rows: list[tuple[str, int]], layers: int = 1, width: int = 4) -> Activations:
    """A cache of random vectors; rows are (sentence, word), and word -1 is a special token."""
    generator = np.random.default_rng(0)
    tokens = pd.DataFrame(rows, columns=["sentence", "word"])
    tokens["sentence"] = [sentence_key(WORDS[name]) for name in tokens["sentence"]]
    tokens["special"] = tokens["word"] < 0
    arrays = [generator.standard_normal((len(rows), width)).astype(np.float16)] * layers
    return Activations(arrays, tokens)


WORDS = {"0": tuple("wwww"), "1": tuple("ww"), "2": ("w",)}
ROWS = [("0", -1), ("0", 0), ("0", 1), ("0", 1), ("0", 3), ("0", -1), ("2", -1), ("2", 0), ("2", 0)]


def sentence(words: int, *targets: SpanTarget) -> SpanSentence:
    return SpanSentence(tuple("w" * words), targets)


@pytest.mark.parametrize(
    ("number", "span", "rows"),
    [(0, (0, 1), (1, 2)), (0, (1, 2), (2, 4)), (0, (0, 4), (1, 5)), (2, (0, 1), (7, 9))],
)
def test_a_span_is_the_rows_of_its_words(number, span, rows):
    sentences = [sentence(4), sentence(2), sentence(1)]
    sentences[number] = sentence(len(sentences[number].words), SpanTarget(span, None, ("A",)))
    data = align(cache(ROWS), sentences, LABELS)
    assert data.spans.tolist() == [[list(rows)]]
    assert data.sentences.tolist() == [number]
    assert data.labels.tolist() == [[True, False, False]]
    assert data.words == ((("w",) * (span[1] - span[0]),),)


@pytest.mark.parametrize(
    ("number", "target", "reason"),
    [
        (1, SpanTarget((0, 1), None, ("A",)), TOO_LONG),
        (0, SpanTarget((0, 1), None, ("D",)), UNKNOWN),
    ],
)
def test_what_cannot_be_used_is_counted(number, target, reason):
    sentences = [sentence(4), sentence(2), sentence(1)]
    kept = SpanTarget((0, 1), None, ("B",))
    sentences[2] = sentence(1, kept)
    sentences[number] = sentence(len(sentences[number].words), target)
    data = align(cache(ROWS), sentences, LABELS)
    assert data.left_out == {reason: 1}
    assert len(data.labels) == 1


def test_labels_are_those_of_the_training_data():
    labelled = sentence(2, SpanTarget((0, 1), None, ("b", "a")), SpanTarget((1, 2), None, ()))
    assert known_labels([labelled]) == ("a", "b")


NO_WORDS = ((),)


def random_data(
    seed: int, slots: int = 2, layers: int = 4, sentences: int = 60, longest: int = 3
) -> ProbeData:
    """Sentences of ten tokens with three targets each; labels are at random."""
    generator = np.random.default_rng(seed)
    rows = sentences * 10
    arrays = [generator.standard_normal((rows, 24)).astype(np.float16) for _ in range(layers)]
    numbers = np.repeat(np.arange(sentences), 3)
    first = numbers * 10 + generator.integers(0, 7, (slots, len(numbers)))
    spans = np.stack([first, first + generator.integers(1, longest + 1, first.shape)], axis=-1)
    labels = np.eye(3, dtype=bool)[generator.integers(0, 3, len(numbers))]
    return ProbeData(arrays, spans, labels, numbers, NO_WORDS * len(labels), {})


def all_of(data: ProbeData, layers: list[int]):
    return collate([data.layers[n] for n in layers], data.spans, data.labels, CPU)


def step(running: SideBySide[EdgeProbes], batch: Batch) -> None:
    running.step(losses(running.probes(batch), batch.labels))


def test_batches_hold_whole_sentences_and_each_target_once():
    data = random_data(0)
    batches = list(data.batches(7, np.random.default_rng(0)))
    assert sorted(np.concatenate(batches)) == list(range(len(data.labels)))
    for batch in batches[:-1]:
        assert len(set(data.sentences[batch])) == 7


def test_softmax_within_groups_is_softmax_of_each():
    scores = torch.randn(2, 6, generator=torch.Generator().manual_seed(0)) * 50
    members = torch.tensor([0, 0, 0, 1, 2, 2])
    found = softmax_within(scores, members, 3)
    for group in range(3):
        torch.testing.assert_close(
            found[:, members == group], scores[:, members == group].softmax(1)
        )


def test_probe_equals_a_naive_loop_over_spans():
    data = uneven(random_data(1)).with_moments()
    inputs = [MIX, MIX_NORMALISED, 0]
    probes = EdgeProbes(inputs, **data.sizes, seed=5, moments=data.moments).eval()
    with torch.no_grad():
        probes.mix_weights[:2] = torch.tensor([[0.5, -1.0, 2.0, 0.0], [1.0, 0.0, -0.5, 0.2]])
        probes.mix_scale[:2] = torch.tensor([0.7, 1.3])
        found = probes(all_of(data, [0, 1, 2, 3]))
        for number, each in enumerate(inputs):
            for target in range(0, len(data.labels), 7):
                expected = naive_logits(probes.weights_of(number), data, target, each)
                torch.testing.assert_close(found[number, target], expected, rtol=1e-3, atol=1e-4)


def uneven(data: ProbeData) -> ProbeData:
    """The same with another mean and size of each dimension of each layer; one never varies."""
    generator = np.random.default_rng(8)
    factors, shifts = 2.0 ** generator.integers(-2, 3, (4, 24)), generator.integers(-3, 4, (4, 24))
    factors[2, 5] = 0
    layers = [
        (layer * factor + shift).astype(np.float16)
        for layer, factor, shift in zip(data.layers, factors, shifts, strict=True)
    ]
    return replace(data, layers=layers)


def normalised(data: ProbeData) -> torch.Tensor:
    """Layers less the mean of the tokens in spans, over their standard deviation; 0 if that is."""
    rows = sorted({row for first, end in data.spans.reshape(-1, 2) for row in range(first, end)})
    parts = []
    for layer in data.layers:
        mean, deviation = (f(layer[rows].astype(np.float64), axis=0) for f in (np.mean, np.std))
        parts.append((layer - mean) / np.where(deviation == 0, np.inf, deviation))
    return torch.from_numpy(np.stack(parts)).float()


def naive_logits(weights, data: ProbeData, target: int, each: str | int) -> torch.Tensor:
    layers = torch.stack([torch.from_numpy(np.asarray(layer)).float() for layer in data.layers])
    if each == MIX_NORMALISED:
        layers = normalised(data)
    share = weights["mix_weights"].softmax(0)
    vectors = weights["mix_scale"] * sum(s * h for s, h in zip(share, layers, strict=True))
    if each == 0:
        vectors = layers[0]
    pooled = []
    for slot in range(2):
        columns = slice(slot * 256, (slot + 1) * 256)
        first, end = data.spans[slot, target]
        tokens = [
            vectors[row] @ weights["project"][:, columns] + weights["project_bias"][0, columns]
            for row in range(first, end)
        ]
        attention = torch.stack([t @ weights["attend"][:, slot] for t in tokens]).softmax(0)
        pooled.append(sum(a * t for a, t in zip(attention, tokens, strict=True)))
    hidden = (torch.cat(pooled) @ weights["hidden"] + weights["hidden_bias"][0]).tanh()
    normal = (hidden - hidden.mean()) / (hidden.var(unbiased=False) + 1e-5).sqrt()
    normal = normal * weights["norm"][0] + weights["norm_bias"][0]
    return normal @ weights["decide"] + weights["decide_bias"][0]


def test_a_span_of_one_token_needs_no_attention():
    data = random_data(2, longest=1)
    probes = EdgeProbes([0], layers=4, width=24, labels=3, slots=2, seed=5).eval()
    with torch.no_grad():
        found = probes(all_of(data, [0]))
        expected = [naive_logits(probes.weights_of(0), data, t, 0) for t in range(20)]
    torch.testing.assert_close(found[0, :20], torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_a_step_is_that_of_plain_adam_with_clipping():
    data = random_data(3).with_moments()
    inputs = [MIX, MIX_NORMALISED, 3, 0]
    together = SideBySide.start(
        EdgeProbes(inputs, **data.sizes, seed=1, moments=data.moments), 1e-2, 0.05, True
    )
    alone = EdgeProbes([3], layers=4, width=24, labels=3, slots=2, seed=1)
    optimizer = torch.optim.Adam(alone.parameters(), lr=1e-2, amsgrad=True)
    for _ in range(3):
        step(together, all_of(data, [0, 1, 2, 3]))
        batch = all_of(data, [3])
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(
            alone(batch)[0], batch.labels
        ).backward()
        torch.nn.utils.clip_grad_norm_(alone.parameters(), 0.05)
        optimizer.step()
    for name, value in alone.named_parameters():
        torch.testing.assert_close(
            together.probes.weights_of(2)[name], value[0], rtol=1e-3, atol=1e-4
        )


def test_training_side_by_side_is_training_one_after_another():
    train, development = random_data(4).with_moments(), random_data(5, sentences=20)
    inputs = [MIX, MIX_NORMALISED, 0, 1, 2, 3]
    schedule = Schedule(learning_rate=1e-3, batch_sentences=16, most_epochs=4, clip=5.0)
    training = Training(schedule, 1, CPU)
    together = train_edge_probes(train, development, inputs, training)
    for each in inputs:
        alone = train_edge_probes(train, development, [each], training)[each]
        assert alone.best == pytest.approx(together[each].best, rel=1e-3)
        assert alone.best_epoch == together[each].best_epoch


def test_a_probe_is_kept_as_of_its_lowest_development_loss():
    train, development = planted(41, sentences=40), planted(42, sentences=20)
    found: list[np.ndarray] = []

    def noted(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        gold = torch.from_numpy(labels).double().expand(len(logits), -1, -1)
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.from_numpy(logits).double(), gold, reduction="none"
        )
        np.testing.assert_allclose(cross_entropy(logits, labels), each.mean(-1), 1e-5)
        found.append(each.mean(dim=(1, 2)).numpy())
        return cross_entropy(logits, labels)

    inputs = [0, SIGNAL]
    training = Training(replace(SCHEDULE, most_epochs=15, learning_rate=1e-2), 1, CPU)
    progress = train_edge_probes(train, development, inputs, training, loss=noted)
    lowest = np.argmin(found, axis=0)
    # Noise is overfitted at once; what tells the labels is learnt for longer.
    assert 0 <= lowest[0] < lowest[1]
    logits = predict(best_probes(progress, train), development, 16)
    for number, each in enumerate(inputs):
        assert progress[each].best_epoch == lowest[number] + 1
        assert -progress[each].best == pytest.approx(found[lowest[number]][number], rel=1e-4)
    kept = cross_entropy(logits, development.labels).mean(axis=1)
    assert kept == pytest.approx(np.min(found, axis=0), rel=1e-4)


def test_passes_are_repeated_within_an_epoch():
    """Four epochs of one pass and two of two end with the same weights."""
    data = random_data(4)
    ends = []
    for passes, epochs in ((1, 4), (2, 2)):
        training = Training(replace(SCHEDULE, most_epochs=epochs), 1, CPU)

        def later_is_better(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
            later_is_better.calls -= 1
            return np.full(logits.shape[:2], float(later_is_better.calls))

        later_is_better.calls = 0
        progress = train_edge_probes(data, data, [0], training, passes, later_is_better)
        assert progress[0].best_epoch == epochs
        ends.append(progress[0].best_weights)
    for name, value in ends[0].items():
        torch.testing.assert_close(value, ends[1][name])


def test_a_probe_that_stops_leaves_the_others_as_they_were():
    data = random_data(6)
    inputs = [MIX, 0, 1]
    one = SideBySide.start(
        EdgeProbes(inputs, layers=4, width=24, labels=3, slots=2, seed=1), 1e-2, 5.0, True
    )
    for _ in range(2):
        step(one, all_of(data, [0, 1, 2, 3]))
    fewer = one.selected([1, 2])
    assert fewer.probes.read == [0, 1]
    for _ in range(2):
        step(one, all_of(data, [0, 1, 2, 3]))
        step(fewer, all_of(data, [0, 1]))
    for number in (0, 1):
        for name, value in fewer.probes.weights_of(number).items():
            torch.testing.assert_close(
                value, one.probes.weights_of(number + 1)[name], rtol=1e-3, atol=1e-4
            )


def test_mixes_come_first_and_normalising_takes_moments():
    sizes = random_data(7).sizes
    with pytest.raises(ValueError, match="first"):
        EdgeProbes([0, MIX], **sizes, seed=1)
    with pytest.raises(ValueError, match="moments"):
        EdgeProbes([MIX_NORMALISED], **sizes, seed=1)
    data = random_data(7)
    alone = EdgeProbes([MIX], layers=4, width=24, labels=3, slots=2, seed=1).eval()
    both = EdgeProbes([MIX, 2], layers=4, width=24, labels=3, slots=2, seed=1).eval()
    batch = all_of(data, [0, 1, 2, 3])
    torch.testing.assert_close(alone(batch)[0], both(batch)[0])


def planted(seed: int, sentences: int = 160, shuffled: bool = False) -> ProbeData:
    """Labels that the first token of the first span tells in layer SIGNAL, linearly."""
    data = random_data(seed, slots=1, sentences=sentences, longest=1)
    rows = data.spans[0, :, 0]
    # One target a row, or else two labels would be planted in the same vector.
    _, unique = np.unique(rows, return_index=True)
    labels, numbers = data.labels[unique], data.sentences[unique]
    directions = np.random.default_rng(99).standard_normal((3, 24))
    data.layers[SIGNAL][rows[unique]] += (3 * labels @ directions).astype(np.float16)
    if shuffled:
        labels = np.random.default_rng(seed).permutation(labels)
    words = NO_WORDS * len(labels)
    return ProbeData(data.layers, data.spans[:, unique], labels, numbers, words, {})


def scores_of(shuffled: bool) -> dict:
    train, development = (planted(seed, shuffled=shuffled) for seed in (31, 32))
    train, inputs = train.with_moments(), [MIX, MIX_NORMALISED, 0, 1, 2, 3]
    progress = train_edge_probes(train, development, inputs, Training(SCHEDULE, 1, CPU))
    best = best_probes(progress, train)
    test = planted(33, shuffled=shuffled)
    counts = confusion_counts(predict(best, test, 16) >= 0, test.labels[None])
    return dict(zip(inputs, micro_f1(counts), strict=True))


def test_a_planted_signal_is_found_in_its_layer_and_in_the_mix_and_nowhere_else():
    scores = scores_of(shuffled=False)
    assert scores[SIGNAL] > 95
    assert scores[MIX] > 85
    assert scores[MIX_NORMALISED] > 85
    for layer in (0, 1, 3):
        assert scores[layer] < 45


def test_what_layers_are_normalised_for_is_their_size():
    """The signal's layer is small beside the others: only what is normalised weighs it rightly."""

    def small(seed: int) -> ProbeData:
        data = planted(seed)
        layers = [h if n == SIGNAL else 64 * h for n, h in enumerate(data.layers)]
        return replace(data, layers=layers)

    train, development = small(31).with_moments(), small(32)
    inputs = [MIX, MIX_NORMALISED]
    progress = train_edge_probes(train, development, inputs, Training(SCHEDULE, 1, CPU))
    best = best_probes(progress, train)
    test = small(33)
    scores = micro_f1(confusion_counts(predict(best, test, 16) >= 0, test.labels[None]))
    assert scores[1] > 85
    assert scores[0] < 60
    assert best.layer_weights()[1].argmax() == SIGNAL


def test_a_normalised_mix_does_not_see_the_scale_of_any_dimension():
    data = random_data(9)
    found = []
    for given in (data, uneven(data)):
        layers = [*given.layers[:2], given.layers[2].copy(), given.layers[3]]
        layers[2][:, 5] = data.layers[2][:, 5]  # which never varies in one of them
        known = replace(given, layers=layers).with_moments()
        probes = EdgeProbes([MIX_NORMALISED], **known.sizes, seed=3, moments=known.moments).eval()
        found.append(probes(all_of(known, [0, 1, 2, 3])).detach())
    torch.testing.assert_close(*found, rtol=1e-2, atol=1e-2)


def test_shuffled_labels_are_not_learnt():
    scores = scores_of(shuffled=True)
    assert all(score < 45 for score in scores.values())


def test_micro_f1_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    for share in (0.0, 0.1, 0.5, 1.0):
        predicted, gold = (generator.random((2, 50, 7)) < share) & (
            generator.random((2, 50, 7)) < 0.8
        )
        expected = 100 * f1_score(gold, predicted, average="micro", zero_division=0)
        assert micro_f1(confusion_counts(predicted, gold)) == pytest.approx(expected)
