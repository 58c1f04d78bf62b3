"""A probing job from its files to its files: scores against other libraries, counts, refusals."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score

from bertology.activations import open_activations
from bertology.corpora.edges import read_edges, write_edges
from bertology.corpora.shapes import SpanSentence, SpanTarget, TreeSentence
from bertology.corpora.treebank import read_treebank, write_treebank
from bertology.errors import InputError
from bertology.left_out import records
from bertology.probing.edge_rows import majority_f1, scored_labels
from bertology.probing.edge_scores import probe_edges
from bertology.probing.structure_scores import aligned_trees, baseline_rows, probe_structure
from bertology.probing.targets import TOO_LONG, UNKNOWN
from bertology.probing.texts import sentence_key
from bertology.probing.training import Schedule

SIGNAL, LAYERS, WIDTH = 1, 3, 16
LABELS = "ABC"
SIZES = {"train": 120, "dev": 30, "test": 40}
SCHEDULE = Schedule(learning_rate=5e-3, batch_sentences=16, most_epochs=8, clip=5.0)
SHORT = Schedule(learning_rate=5e-3, batch_sentences=64, most_epochs=1, clip=5.0)
FILES = {
    "scores": "scores.csv",
    "sentences": "sentences.parquet",
    "predictions": "predictions.parquet",
    "summary": "summary.json",
}


def write_cache(folder, sentences, left_out=()):
    """Write a cache of random vectors, one or two tokens a word; layer SIGNAL knows its label.

    sentences: words that begin with their label. left_out: numbers of sentences that are not there.
    """
    generator = np.random.default_rng(0)
    rows, hidden = [], []
    for number, words in enumerate(sentences):
        places = [-1, *(w for w in range(len(words)) for _ in range(1 + w % 2)), -1]
        for word in places if number not in left_out else ():
            vectors = generator.standard_normal((LAYERS, WIDTH))
            if word >= 0:
                vectors[SIGNAL, LABELS.index(words[word][0])] += 6
            rows.append({"sentence": sentence_key(words), "word": word, "special": word < 0})
            hidden.append(vectors)
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_parquet(folder / "tokens.parquet")
    for layer, values in enumerate(np.stack(hidden, axis=1).astype(np.float16)):
        np.save(folder / f"layer_{layer:02d}.npy", values)
    return folder


DOCUMENTS = ("a", "b", "a", None)
"""Of each four sentences of a split for edge probes."""


def random_words(generator, types):
    labels = generator.choice(list(LABELS), size=4, p=[0.6, 0.3, 0.1])
    numbers = generator.integers(types, size=4)
    return tuple(f"{label}{number}" for label, number in zip(labels, numbers, strict=True))


def edge_data(folder, pairs=False, change=None, types=80):
    """Write data in which each word is a target with its first letter as label; give all words.

    types: how many there are for each label.
    """
    generator = np.random.default_rng(1)
    everything = []
    for split, size in SIZES.items():
        sentences = []
        for number in range(size):
            words = random_words(generator, types)
            everything.append(words)
            targets = tuple(
                SpanTarget((at, at + 1), (3 - at, 4 - at) if pairs else None, (word[0],))
                for at, word in enumerate(words)
            )
            sentences.append(SpanSentence(words, targets, DOCUMENTS[number % 4]))
        write_edges(folder / f"{split}.jsonl", change(split, sentences) if change else sentences)
    return everything


def run_edges(folder, phenomenon="entities", controls="mix", schedule=SCHEDULE):
    outputs = {name: folder / file for name, file in FILES.items()}
    probe_edges(
        folder / "data", folder / "cache", outputs, phenomenon, schedule, controls, 1, threads=1
    )
    return folder


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edges")
    write_cache(folder / "cache", edge_data(folder / "data", pairs=True))
    return run_edges(folder)


@pytest.fixture(scope="module")
def single_words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("single")
    write_cache(folder / "cache", edge_data(folder / "data"))
    return run_edges(folder)


def scores(folder):
    return pd.read_csv(folder / "scores.csv", dtype={"layer": str}, keep_default_na=False)


def overall(folder, metric="f1"):
    rows = scores(folder)
    rows = rows[(rows["metric"] == metric) & (rows["label"] == "")]
    return dict(zip(rows["input"] + rows["layer"], rows["value"].astype(float), strict=True))


def test_the_signal_is_found_where_it_was_planted(edges):
    found = overall(edges)
    assert set(found) == {"mix", "mix_normalised", "layer0", "layer1", "layer2"}
    assert found["layer1"] > 95
    assert min(found["mix"], found["mix_normalised"]) > 90
    majority = overall(edges, "majority_f1")[""]
    assert found["layer0"] < majority + 8
    assert found["layer2"] < majority + 8
    for mix in ("mix", "mix_normalised"):
        rows = scores(edges)
        rows = rows[(rows["metric"] == "mix_weight") & (rows["input"] == mix)]
        weights = rows.set_index("layer")["value"].astype(float)
        assert weights.sum() == pytest.approx(1)
        assert weights.idxmax() == str(SIGNAL)
    assert set(overall(edges, "mix_scale")) == {"mix", "mix_normalised"}


def test_scores_are_those_of_scikit_learn_on_the_predictions(edges):
    predictions = pd.read_parquet(edges / "predictions.parquet")
    assert len(predictions) == 5 * 4 * SIZES["test"]
    for place, rows in predictions.groupby(predictions["input"] + predictions["layer"]):
        gold, predicted = (
            np.array([[label in cell.split() for label in LABELS] for cell in rows[column]])
            for column in ("gold", "predicted")
        )
        expected = 100 * f1_score(gold, predicted, average="micro", zero_division=0)
        assert overall(edges)[place] == pytest.approx(expected)
        by_label = scores(edges)
        by_label = by_label[(by_label["input"] + by_label["layer"] == place)]
        of_label = by_label.query("metric == 'f1' and label != ''")["value"].astype(float)
        expected = 100 * f1_score(gold, predicted, average=None, zero_division=0)
        assert of_label.tolist() == pytest.approx(expected.tolist())


def test_the_sums_over_sentences_give_the_score(edges):
    rows = pd.read_parquet(edges / "sentences.parquet")
    assert rows["sentence"].nunique() == SIZES["test"]
    for metric in ("f1", "f1_unseen"):
        of_metric = rows[rows["metric"] == metric]
        places = of_metric["input"] + of_metric["layer"]
        sums = of_metric.groupby(places)[["numerator", "denominator"]].sum()
        found = sums["numerator"] / sums["denominator"]
        assert found.to_dict() == pytest.approx(overall(edges, metric))


def targets_of(folder, split):
    """The words of each target, in the order of the file: a tuple of spans."""
    sentences = read_edges(folder / "data" / f"{split}.jsonl")
    return [
        tuple(tuple(sentence.words[first:end]) for first, end in target.spans)
        for sentence in sentences
        for target in sentence.targets
    ]


def f1_of(folder, chosen):
    """Micro-F1 of each input on some test targets, by scikit-learn on the predictions."""
    predictions = pd.read_parquet(folder / "predictions.parquet")
    predictions = predictions[predictions["target"].isin(np.flatnonzero(chosen))]
    found = {}
    for place, rows in predictions.groupby(predictions["input"] + predictions["layer"]):
        gold, predicted = (
            np.array([[label in cell.split() for label in LABELS] for cell in rows[column]])
            for column in ("gold", "predicted")
        )
        found[place] = 100 * f1_score(gold, predicted, average="micro", zero_division=0)
    return found


@pytest.mark.parametrize("pairs", [True, False])
def test_f1_on_unseen_words_is_that_of_scikit_learn_on_these(pairs, edges, single_words):
    folder = edges if pairs else single_words
    # A span here is one word: a pair of words, or a word, that no target of train is.
    known = set(targets_of(folder, "train"))
    unseen = np.array([target not in known for target in targets_of(folder, "test")])
    assert 0 < unseen.sum() < len(unseen)
    assert overall(folder, "f1_unseen") == pytest.approx(f1_of(folder, unseen))
    rows = scores(folder).query("metric == 'f1_unseen'")
    assert set(rows["n"]) == {unseen.sum()}


def test_without_unseen_words_there_is_no_score_on_them(tmp_path):
    write_cache(tmp_path / "cache", edge_data(tmp_path / "data", types=2))
    run_edges(tmp_path, controls="none", schedule=SHORT)
    assert not overall(tmp_path, "f1_unseen")
    rows = pd.read_parquet(tmp_path / "sentences.parquet")
    assert set(rows["metric"]) == {"f1"}


def known_types(folder):
    """Which test targets have no word that is in no training target."""
    known = {word for target in targets_of(folder, "train") for span in target for word in span}
    test = targets_of(folder, "test")
    return np.array([{word for span in target for word in span} <= known for target in test])


@pytest.mark.parametrize("pairs", [True, False])
def test_selectivity_is_what_targets_of_known_types_gain(pairs, edges, single_words):
    folder = edges if pairs else single_words
    known = known_types(folder)
    assert 0.5 < known.mean() < 1
    assert overall(folder, "control_coverage") == pytest.approx({"mix": 100 * known.mean()})
    control, selectivity = overall(folder, "control_f1"), overall(folder, "selectivity")
    assert set(control) == {"mix"}
    assert selectivity["mix"] == pytest.approx(f1_of(folder, known)["mix"] - control["mix"])
    rows = scores(folder).set_index("metric")["n"]
    assert rows["control_f1"] == rows["selectivity"] == known.sum()
    assert rows["control_coverage"] == len(known)
    # The vectors of a type differ from one token to the next: what is drawn cannot be learnt.
    assert control["mix"] < overall(folder, "majority_f1")[""] + 15


def test_selectivity_is_empty_where_few_types_are_known(tmp_path, caplog):
    write_cache(tmp_path / "cache", edge_data(tmp_path / "data", types=1000))
    run_edges(tmp_path, schedule=SHORT)
    known = known_types(tmp_path)
    assert 0 < known.mean() < 0.5
    assert overall(tmp_path, "control_coverage") == pytest.approx({"mix": 100 * known.mean()})
    assert overall(tmp_path, "control_f1").keys() == {"mix"}
    values = scores(tmp_path).set_index("metric")["value"]
    assert values["selectivity"] == ""
    write_cache(tmp_path / "none" / "cache", edge_data(tmp_path / "none" / "data", types=10**9))
    run_edges(tmp_path / "none", schedule=SHORT)
    assert overall(tmp_path / "none", "control_coverage") == {"mix": 0}
    assert not overall(tmp_path / "none", "control_f1")
    assert set(scores(tmp_path / "none")["metric"]).isdisjoint({"control_f1", "selectivity"})
    assert "no control task" in caplog.text


def test_sentences_are_grouped_by_document(edges, structure):
    rows = pd.read_parquet(edges / "sentences.parquet")
    first = {"a": 0, "b": 1}
    for sentence, groups in rows.groupby("sentence")["group"]:
        assert set(groups) == {first.get(DOCUMENTS[sentence % 4], sentence)}
    rows = pd.read_parquet(structure / "sentences.parquet")
    groups = rows.groupby("sentence")["group"].agg(set)
    assert groups.tolist() == [{0}, {1}, {2}, {3}, *[{4}] * 4, *[{8}] * 4]


def test_sentences_that_the_encoder_does_not_take_leave_no_gap_in_the_groups(tmp_path):
    everything = tree_data(tmp_path / "data")
    write_cache(tmp_path / "cache", everything, left_out={len(everything) - 8})
    activations = open_activations(tmp_path / "cache")
    sentences = list(read_treebank(tmp_path / "data" / "test.conllu"))
    trees = aligned_trees(activations, sentences, "test")
    assert [tree.document for tree in trees] == [None] * 3 + ["d0"] + ["d1"] * 3 + ["d2"] * 4


def test_controls_are_computed_for_the_inputs_that_were_asked_for(edges, tmp_path):
    bits, uniform = overall(edges, "codelength_bits")["mix"], overall(edges, "uniform_bits")["mix"]
    assert uniform == pytest.approx(4 * SIZES["train"] * np.log2(3))
    assert 0 < bits < uniform
    assert overall(edges, "compression")["mix"] == pytest.approx(uniform / bits)
    write_cache(tmp_path / "cache", edge_data(tmp_path / "data"))
    run_edges(tmp_path, controls="none", schedule=SHORT)
    assert not overall(tmp_path, "control_f1") and not overall(tmp_path, "codelength_bits")
    run_edges(tmp_path, controls="all", schedule=SHORT)
    for metric in ("control_f1", "control_coverage", "selectivity", "compression"):
        assert len(overall(tmp_path, metric)) == 5


def test_a_probe_that_might_gain_more_is_marked(edges, tmp_path, caplog):
    summary = json.loads((edges / "summary.json").read_text())
    names = {"mix": "mix", "mix_normalised": "mix_normalised"}
    names |= {f"layer{n}": str(n) for n in range(LAYERS)}
    marked = overall(edges, "last_epoch")
    assert {0, 1} >= set(marked.values())
    for place, name in names.items():
        assert marked[place] == (summary["best_epoch"][name] == SCHEDULE.most_epochs)
        assert (name in summary["unfinished"]) == marked[place]
        assert 0 < summary["best_dev_loss"][name] < np.log(2)
    assert marked["layer0"] == 0  # noise, overfitted long before the end
    write_cache(tmp_path / "cache", edge_data(tmp_path / "data"))
    run_edges(tmp_path, controls="none", schedule=SHORT)
    assert set(overall(tmp_path, "last_epoch").values()) == {1}
    assert "last epoch allowed, 1: mix, mix_normalised, 0, 1, 2;" in caplog.text


def test_what_a_job_leaves_out_is_in_its_summary_and_the_log(tmp_path, caplog):
    def change(split, sentences):
        if split != "test":
            return sentences
        first = sentences[0]
        unknown = SpanTarget((0, 1), None, ("D",))
        return [SpanSentence(first.words, (*first.targets, unknown)), *sentences[1:]]

    everything = edge_data(tmp_path / "data", change=change)
    test = SIZES["train"] + SIZES["dev"]
    write_cache(tmp_path / "cache", everything, left_out={0, test + 1})
    run_edges(tmp_path, controls="none", schedule=SHORT)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["left_out"] == [
        *records("train", "target", 4 * 120, {TOO_LONG: 4}),
        *records("test", "target", 4 * 40 + 1, {UNKNOWN: 1, TOO_LONG: 4}),
    ]
    assert f"test: 1 of 161 targets left out ({UNKNOWN})" in caplog.messages
    assert summary["targets"] == {"train": 4 * 119, "dev": 4 * 30, "test": 4 * 40 - 4}
    assert summary["labels"] == list(LABELS)


def test_a_split_that_no_encoder_can_read_is_refused(tmp_path):
    everything = edge_data(tmp_path / "data")
    test = range(SIZES["train"] + SIZES["dev"], len(everything))
    write_cache(tmp_path / "cache", everything, left_out=set(test))
    with pytest.raises(InputError, match="test data: found no target that can be used, but"):
        run_edges(tmp_path)
    assert not (tmp_path / "scores.csv").exists()


def test_the_majority_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    train, test = (generator.choice(4, size=n, p=[0.1, 0.4, 0.3, 0.2]) for n in (300, 100))
    dummy = DummyClassifier(strategy="most_frequent").fit(train[:, None], train)
    expected = 100 * f1_score(test, dummy.predict(test[:, None]), average="micro")
    marked = [np.eye(4, dtype=bool)[labels] for labels in (train, test)]
    assert majority_f1(*marked, np.ones(4, bool)) == pytest.approx(expected)


def test_the_majority_of_several_labels_gives_each_that_most_targets_have():
    train = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0]], dtype=bool)
    test = np.array([[1, 0, 1], [1, 1, 0]], dtype=bool)
    # Gives the first and the second: 3 right, 1 wrong, 1 missed.
    assert majority_f1(train, test, np.ones(3, bool)) == pytest.approx(100 * 6 / 8)
    # Only the third counts: one of two is right.
    assert majority_f1(train, test, np.array([False, False, True])) == pytest.approx(100 * 2 / 3)


@pytest.mark.parametrize(
    ("phenomenon", "labels", "counted"),
    [
        ("coreference", ("0", "1"), (False, True)),
        ("semantic_roles", ("ARG0", "C-ARG0", "R-ARG1", "V"), (True, False, False, True)),
        ("entities", ("1", "R-ARG1"), (True, True)),
    ],
)
def test_which_labels_count(phenomenon, labels, counted):
    assert scored_labels(phenomenon, labels).tolist() == list(counted)


def test_coreference_without_the_label_that_counts_is_refused():
    with pytest.raises(InputError, match="coreference: found no label that counts among no, yes"):
        scored_labels("coreference", ("no", "yes"))


def tree_data(folder):
    """Write random trees; every other sentence ends in punctuation."""
    generator = np.random.default_rng(2)
    everything = []
    for split, size in {"train": 30, "dev": 8, "test": 12}.items():
        sentences = []
        for number in range(size):
            words = (*random_words(generator, 10**6), "A-last", "C-end")
            everything.append(words)
            heads = (0, *(int(generator.integers(1, at + 1)) for at in range(1, len(words))))
            tags = ("NOUN",) * 5 + (("PUNCT",) if number % 2 else ("VERB",))
            sentences.append(
                TreeSentence(
                    f"{split}-{number}",
                    words,
                    tags,
                    tags,
                    heads,
                    ("dep",) * len(words),
                    None if number < 3 else f"d{number // 4}",
                )
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_treebank(folder / f"{split}.conllu", sentences)
    return everything


def run_structure(folder, epochs, regimen="published"):
    outputs = {name: folder / file for name, file in FILES.items()}
    probe_structure(
        folder / "data", folder / "cache", outputs, None, regimen, epochs, seed=1, threads=1
    )


@pytest.fixture(scope="module")
def structure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("structure")
    write_cache(folder / "cache", tree_data(folder / "data"), left_out={1, 2})
    run_structure(folder, epochs=2)
    return folder


def test_a_structural_job_scores_every_layer(structure):
    for metric in ("uuas", "dspr", "root_accuracy", "nspr"):
        assert set(overall(structure, metric)) == {"layer0", "layer1", "layer2"}
    summary = json.loads((structure / "summary.json").read_text())
    assert summary["left_out"] == records("train", "sentence", 30, {TOO_LONG: 2})
    assert summary["sentences"] == {"train": 28, "dev": 8, "test": 12}


def test_a_structural_job_says_which_probes_have_perhaps_not_learnt(tmp_path, caplog):
    write_cache(tmp_path / "cache", tree_data(tmp_path / "data"))
    seen = {}
    for epochs in (1, 40):
        caplog.clear()
        run_structure(tmp_path, epochs)
        summary = json.loads((tmp_path / "summary.json").read_text())
        best = summary["best_epoch"]
        seen[epochs] = overall(tmp_path, "last_epoch")
        for layer in range(LAYERS):
            last = [best[kind][layer] == epochs for kind in ("distance", "depth")]
            assert seen[epochs][f"layer{layer}"] == any(last)
        for kind, layers in summary["best_epoch_is_the_last"].items():
            assert layers == [layer for layer in range(LAYERS) if best[kind][layer] == epochs]
            warned = any(text.startswith(f"{kind} probes of layers") for text in caplog.messages)
            assert warned == bool(layers)
    # After one epoch nothing can have been better; on noise, training stops long before 40.
    assert set(seen[1].values()) == {1}
    assert 0 in seen[40].values()


def test_the_sums_over_sentences_give_the_structural_scores(structure):
    rows = pd.read_parquet(structure / "sentences.parquet")
    for metric in ("uuas", "root_accuracy", "dspr", "nspr"):
        of_metric = rows[rows["metric"] == metric]
        sums = of_metric.groupby("layer")[["numerator", "denominator"]].sum()
        found = sums["numerator"] / sums["denominator"]
        assert found.tolist() == pytest.approx(list(overall(structure, metric).values()))


def test_structural_predictions_are_trees_that_give_the_score(structure):
    predictions = pd.read_parquet(structure / "predictions.parquet")
    trees = list(read_treebank(structure / "data" / "test.conllu"))
    right = total = 0
    for number, words in predictions[predictions["layer"] == 1].groupby("sentence"):
        assert (words["gold_head"] + 1).tolist() == list(trees[number].heads)
        counted = {at for at, tag in enumerate(trees[number].universal_tags) if tag != "PUNCT"}
        pairs = [
            (word, int(other))
            for word, neighbours in zip(words["word"], words["neighbours"], strict=True)
            for other in neighbours
        ]
        assert len(pairs) == 2 * (len(counted) - 1)
        assert {at for pair in pairs for at in pair} == counted
        gold = {
            frozenset((word, head))
            for word, head in enumerate(words["gold_head"])
            if head >= 0 and {word, head} <= counted
        }
        right += len(gold & {frozenset(pair) for pair in pairs})
        total += len(gold)
    assert overall(structure, "uuas")["layer1"] == pytest.approx(100 * right / total)


def test_a_word_is_the_mean_of_its_tokens(structure):
    sentences = list(read_treebank(structure / "data" / "dev.conllu"))
    activations = open_activations(structure / "cache")
    tokens = activations.tokens
    trees = aligned_trees(activations, sentences, "dev")
    for sentence, tree in zip(sentences, trees, strict=True):
        for word in range(len(sentence.words)):
            mine = (tokens["sentence"] == sentence_key(sentence.words)) & (tokens["word"] == word)
            rows = np.flatnonzero(mine)
            assert len(rows) == 1 + word % 2
            for layer in range(LAYERS):
                expected = activations.layers[layer][rows].astype(float).mean(axis=0)
                assert tree.vectors[layer, word] == pytest.approx(expected, abs=2e-3)


def test_baselines_without_an_encoder(structure):
    sentences = list(read_treebank(structure / "data" / "test.conllu"))
    trees = aligned_trees(open_activations(structure / "cache"), sentences, "test")
    found = {row["metric"]: row["value"] for row in baseline_rows(trees)}
    assert found["first_word_root_accuracy"] == 100  # the random trees have their root there
    right = total = 0
    for tree in trees:
        words = np.flatnonzero(tree.counted)
        chain = {frozenset(pair) for pair in pairwise(words)}
        gold = {
            frozenset((word, head - 1))
            for word, head in enumerate(tree.heads)
            if head and tree.counted[word] and tree.counted[head - 1]
        }
        right += len(chain & gold)
        total += len(gold)
    assert found["chain_uuas"] == pytest.approx(100 * right / total)
