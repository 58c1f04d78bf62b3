"""Controls that tell what a representation says from what a probe can learn by itself."""

from dataclasses import replace
from itertools import combinations, compress

import numpy as np
import pytest
import torch

from bertology.probing import codelength
from bertology.probing.codelength import (
    code_bits,
    has_one_label,
    online_codelength,
    portion_ends,
    uniform_bits,
)
from bertology.probing.control import control_labels, of_known_types, of_unseen_words
from bertology.probing.counts import confusion_counts, micro_f1
from bertology.probing.edge_scores import EdgeTask
from bertology.probing.targets import ProbeData, Words
from bertology.probing.training import (
    Schedule,
    Training,
    best_probes,
    predict,
    train_edge_probes,
)

SCHEDULE = Schedule(learning_rate=2e-3, batch_sentences=8, most_epochs=12, clip=5.0)
TRAINING = Training(SCHEDULE, seed=1, device=torch.device("cpu"))


def random_words(generator, targets: int, slots: int, types: int, longest: int) -> list[Words]:
    """Spans of one to `longest` words at random, each named by its number."""
    return [
        tuple(
            tuple(f"w{n}" for n in generator.integers(types, size=generator.integers(longest) + 1))
            for _ in range(slots)
        )
        for _ in range(targets)
    ]


def one_of(labels: int, targets: int) -> np.ndarray:
    return np.eye(labels, dtype=bool)[np.arange(targets) % labels]


def test_a_word_type_has_one_label_in_all_splits():
    training, words = one_of(5, 50), [((f"w{n}",),) for n in range(50)]
    first = control_labels(words, training, seed=1)
    assert np.array_equal(control_labels(words[::-3], training, seed=1), first[::-3])
    assert not np.array_equal(control_labels(words, training, seed=2), first)
    # Of a word alone, whichever span it is in and however often it is there.
    twice = [(word[0], word[0] * 2) for word in words]
    assert np.array_equal(control_labels(twice, training, seed=1), first)


@pytest.mark.parametrize(("slots", "longest"), [(1, 1), (1, 3), (2, 2)])
def test_labels_are_drawn_as_often_as_they_are_there(slots, longest):
    training = np.array([[True, False], [True, False], [True, False], [False, True]])
    generator = np.random.default_rng(3)
    words = random_words(generator, 4000, slots, 10**9, longest)
    share = control_labels(words, training, seed=1)[:, 1].mean()
    # Four standard deviations of a share of 4000 draws.
    assert share == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 4000) ** 0.5)


def test_whole_sets_of_labels_are_drawn():
    training = np.random.default_rng(0).random((40, 6)) < 0.4
    words = random_words(np.random.default_rng(1), 300, 2, 100, 3)
    drawn = {tuple(row) for row in control_labels(words, training, seed=1)}
    assert drawn <= {tuple(row) for row in training}
    assert len(drawn) > 10


def test_words_stand_in_one_order_of_priority_that_tells_the_labels_of_spans_and_pairs():
    """The order is found by tournament, from pairs alone; it then tells all longer targets."""
    training = np.random.default_rng(0).random((5000, 60)) < 0.5  # no two targets alike
    names = [f"w{n}" for n in range(12)]
    own = control_labels([((name,),) for name in names], training, seed=2)
    wins = dict.fromkeys(names, 0)
    for one, two in combinations(range(12), 2):
        (found,) = control_labels([((names[one],), (names[two],))], training, seed=2)
        winners = [n for n in (one, two) if np.array_equal(found, own[n])]
        assert len(winners) == 1
        wins[names[winners[0]]] += 1
    assert sorted(wins.values()) == list(range(12))
    words = random_words(np.random.default_rng(2), 200, 2, 12, 3)
    expected = [max((wins[w], names.index(w)) for span in each for w in span)[1] for each in words]
    assert np.array_equal(control_labels(words, training, seed=2), own[expected])


def test_which_targets_have_known_types_and_which_unseen_words():
    training = [(("a", "b"),), (("c",),)]
    spans = [(("b", "c"),), (("a", "d"),), (("d", "e"),)]
    assert of_known_types(spans, training).tolist() == [True, False, False]
    assert of_unseen_words(spans, training).tolist() == [False, False, True]
    training = [(("a", "b"), ("c",)), (("d",), ("a",))]
    pairs = [(("a", "b"), ("c",)), (("c",), ("a", "b")), (("a",), ("c",)), (("d",), ("e",))]
    assert of_known_types(pairs, training).tolist() == [True, True, True, False]
    assert of_unseen_words(pairs, training).tolist() == [False, True, True, True]


def of_types(seed: int, slots: int, longest: int, targets: int, types: int = 20) -> ProbeData:
    """Targets at random, of words whose vectors tell the type and nothing else."""
    generator = np.random.default_rng(seed)
    words = random_words(generator, targets, slots, types, longest)
    vectors = np.random.default_rng(5).standard_normal((types, 32))
    numbers = [int(word[1:]) for each in words for span in each for word in span]
    ends = np.cumsum([len(span) for each in words for span in each]).reshape(targets, slots)
    firsts = ends - [[len(span) for span in each] for each in words]
    return ProbeData(
        [vectors[numbers].astype(np.float16)],
        np.stack([firsts, ends], axis=-1).transpose(1, 0, 2),
        one_of(4, targets),
        np.arange(targets) // 4,
        tuple(words),
        {},
    )


@pytest.mark.parametrize(("slots", "longest"), [(1, 4), (2, 2)])
def test_new_spans_and_pairs_of_known_types_can_be_learnt(slots, longest):
    """By the probe whose selectivity it is to show; labels drawn by the whole target cannot be."""
    train, dev, test = (of_types(seed, slots, longest, 600) for seed in (1, 2, 3))
    task = EdgeTask(("A", "B", "C", "D"), np.ones(4, bool), train, dev, test)
    assert len(set(test.words) - set(train.words)) > 200
    whole = control_labels([((str(each),),) for each in test.words], train.labels, 1)
    control = task.control(seed=1)
    schedule = Schedule(learning_rate=2e-3, batch_sentences=8, most_epochs=25, clip=5.0)
    training = Training(schedule, 1, torch.device("cpu"))
    progress = train_edge_probes(control.train, control.dev, [0], training)
    given = predict(best_probes(progress, control.train), test, 8)[0] >= 0
    assert micro_f1(confusion_counts(given, control.test.labels)) > 80
    assert micro_f1(confusion_counts(given, whole)) < 60


def test_the_control_task_is_of_known_types_in_dev_and_test():
    train, test = of_types(1, 2, 2, 40), of_types(2, 2, 2, 60, types=60)
    task = EdgeTask(("A", "B", "C", "D"), np.ones(4, bool), train, test, test)
    known = of_known_types(test.words, train.words)
    assert 0 < known.sum() < 60
    control = task.control(seed=1)
    assert control.test.words == control.dev.words == tuple(compress(test.words, known))
    assert np.array_equal(control.train.spans, train.spans)
    assert np.array_equal(control.test.spans, test.spans[:, known])


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


def data(seed: int, signal: float, sentences: int = 60, names: int = 4) -> ProbeData:
    """Two layers of noise, three targets a sentence; with signal, layer 1 tells the labels."""
    generator = np.random.default_rng(seed)
    rows = sentences * 3
    labels = np.eye(names, dtype=bool)[generator.integers(0, names, rows)]
    layers = [generator.standard_normal((rows, 16)).astype(np.float16) for _ in range(2)]
    directions = np.random.default_rng(9).standard_normal((names, 16))
    layers[1] += (signal * labels @ directions).astype(np.float16)
    spans = np.stack([np.arange(rows), np.arange(rows) + 1], axis=-1)[None]
    numbers = np.repeat(np.arange(sentences), 3)
    return ProbeData(layers, spans, labels, numbers, ((),) * rows, {})


def test_random_labels_have_no_shorter_code_than_the_uniform_one():
    found = online_codelength(data(1, 0.0), data(2, 0.0), [0, 1], TRAINING)
    for length in found.values():
        assert length.uniform == 180 * 2
        # Chance differences in frequency of 180 labels are worth a few bits, no more.
        assert length.online > length.uniform - 8


def test_a_layer_that_tells_the_labels_makes_the_code_short():
    found = online_codelength(data(1, 3.0), data(2, 3.0), [0, 1], TRAINING)
    assert found[1].compression > 4
    assert found[0].compression < 1.05


def recorded(monkeypatch, train, development, training, inputs=(0, 1)):
    """Run the codelength; give what it found, and each portion's sentences, pace and progress."""
    portions = []

    def train_and_record(before, development, inputs, training, passes, loss):
        progress = train_edge_probes(before, development, inputs, training, passes, loss)
        most = training.schedule.most_epochs
        portions.append((len(np.unique(before.sentences)), passes, most, progress))
        return progress

    monkeypatch.setattr(codelength, "train_edge_probes", train_and_record)
    return online_codelength(train, development, list(inputs), training), portions


def test_a_few_sentences_are_learnt_from_for_more_than_an_epoch(monkeypatch):
    """With many labels no logit passes 0 for long: F1 says nothing, and the first epoch stays."""
    train, dev = data(1, 4.0, names=12), data(2, 4.0, names=12)
    found, portions = recorded(monkeypatch, train, dev, TRAINING)
    assert [known for known, *_ in portions] == [1, 2, 4, 8, 15, 30]
    for known, passes, most, progress in portions:
        steps = passes * -(-known // 8)
        # As many steps as 12 epochs of all 60 sentences, but for what is left of an epoch.
        assert 0 <= steps * most - 12 * 8 < steps
        patience = codelength.IMPATIENT.until_stop
        assert progress[1].epochs in (most, progress[1].best_epoch + patience)
        if known > 1:
            assert progress[1].best_epoch > (4 if known > 2 else 1)
    assert found[1].compression > 2
    short = replace(TRAINING, schedule=replace(SCHEDULE, most_epochs=1))
    assert online_codelength(train, dev, [1], short)[1].online > 1.3 * found[1].online


def test_the_probe_is_kept_that_gives_development_data_the_shortest_code(monkeypatch):
    train, dev = data(1, 1.0, names=2), data(2, 1.0, names=2)
    _, portions = recorded(monkeypatch, train, dev, TRAINING)
    for *_, progress in portions:
        logits = predict(best_probes(progress, train), dev, 8)
        bits = code_bits(logits, dev.labels, one_label=True).mean(axis=1)
        assert bits == pytest.approx([-state.best for state in progress.values()], rel=1e-4)


def test_a_codelength_is_the_same_whatever_others_it_is_computed_with():
    train, dev = data(1, 2.0, sentences=40), data(2, 2.0, sentences=20)
    both = online_codelength(train, dev, [0, 1], TRAINING)
    for each in (0, 1):
        alone = online_codelength(train, dev, [each], TRAINING)[each]
        assert alone.online == pytest.approx(both[each].online, rel=1e-2)


def test_passes_are_repeated_where_to_validate_takes_longer_than_to_train(monkeypatch):
    train, dev = data(1, 3.0, sentences=60), data(2, 3.0, sentences=320)
    training = replace(TRAINING, schedule=replace(SCHEDULE, most_epochs=3))
    _, portions = recorded(monkeypatch, train, dev, training)
    # 320 sentences are 40 batches of 8, a quarter of which is 10 steps; 3 epochs of 60 are 24.
    assert [(known, passes, most) for known, passes, most, _ in portions] == [
        (1, 10, 3),
        (2, 10, 3),
        (4, 10, 3),
        (8, 10, 3),
        (15, 5, 3),
        (30, 3, 2),
    ]


def test_a_single_label_has_nothing_to_send():
    labelled = data(1, 0.0, sentences=10)
    same = replace(labelled, labels=np.ones((30, 1), bool))
    found = online_codelength(same, same, [0], TRAINING)[0]
    assert (found.online, found.uniform) == (0, 0)
    assert np.isnan(found.compression)
