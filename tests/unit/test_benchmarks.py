"""What benchmarks conclude from times, and that what they compare is the same work."""

import edge_probes
import examples
import finetuning
import gpu
import harness
import large_study
import numpy as np
import pandas as pd
import pytest
import similarity
import structural_probes
import summary
import torch
from harness import OURS, Bar, Report
from torch.utils.data import SequentialSampler

from bertology.configuration import check
from bertology.encoders import load_encoder
from bertology.finetuning.task import task_class
from bertology.study.plan import Study
from bertology.study_files import read_study
from overlays import merged


@pytest.mark.parametrize(
    ("bar", "ours", "met"),
    [
        (Bar("peer", least=4), [2, 2, 2], True),
        (Bar("peer", least=4), [4, 4, 4], False),
        (Bar("peer", least=4), [2, 4, 3], True),  # 5, 2.5, 3.3 times: noise could hide 4
        (Bar("peer", most=0.25), [2, 2, 2], True),
        (Bar("peer", most=0.25), [3, 3, 3], False),
        (Bar("peer"), [100, 100, 100], True),
    ],
)
def test_a_bar_is_missed_by_more_than_noise_or_met(bar, ours, met, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "FOLDER", tmp_path)
    report = Report("trial")
    seconds = {OURS: np.array(ours, float), "peer": np.full(3, 10.0)}
    report.note("work", bar, bar.ratios(seconds))
    assert report.finish() == (0 if met else 1)
    assert pd.read_csv(tmp_path / "trial.csv")["met"].tolist() == [met]


def test_ways_are_run_in_turn_and_a_warm_run_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "FOLDER", tmp_path)
    calls = []
    ways = {name: lambda name=name: calls.append(name) for name in (OURS, "peer")}
    report = Report("trial")
    report.measure("work", ways, [Bar("peer", most=1e9)], rounds=2)
    assert calls == [OURS, "peer"] * 3
    assert [row["what"] for row in report.times] == [OURS, "peer"]


def test_preparation_does_not_count(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(harness.time, "perf_counter", lambda: clock[0])

    def takes(seconds, then=None):
        def work():
            clock[0] += seconds
            return then

        return work

    assert harness.seconds(takes(3)) == 3
    assert harness.seconds(takes(3, takes(2))) == 2


def test_the_summary_fails_where_a_bar_is_missed(tmp_path, monkeypatch, capsys):
    for module in (harness, summary):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["summary.py", str(tmp_path / "figure.png")])
    for name, value in (("good", 5.0), ("bad", 1.0)):
        report = Report(name)
        report.note("work", Bar("peer", least=4), np.full(3, value))
        report.finish()
        assert summary.main() == (name == "bad")
    assert "1 of 2 bars missed" in capsys.readouterr().out
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_batches_are_evenly_spaced_by_their_longest_sequence():
    lengths = list(range(100))
    chosen = list(finetuning.EvenlySpaced(SequentialSampler(lengths), lengths, 10, 3))
    assert [chosen[start] for start in (0, 10, 20)] == [20, 40, 70]
    assert len(chosen) == 30


@pytest.mark.parametrize("task", list(examples.WRITE))
def test_examples_are_as_long_as_those_of_the_real_corpora(task, tmp_path):
    folder = examples.write_task(tmp_path / task, task, {"train": 400})
    kind = task_class(task)
    settings = {"longest": 384, "stride": 128, "word": "first"}
    read = kind.read(folder / f"train.{kind.extension}")
    features, _ = kind(examples.tokenizer(), settings, read).features(read, True)
    mean = {"parsing": 16.7, "inference": 39.0, "question_answering": 175.0}[task]
    assert np.mean([len(each) for each in features]) == pytest.approx(mean, rel=0.15)


def test_peers_of_similarity_compute_the_same(tmp_path):
    folders = [similarity.write_cache(tmp_path / str(n), 60, 3, 8, n) for n in (0, 1)]
    for measure in similarity.MEASURES:
        expected = similarity.WAYS[measure, OURS](folders)
        found = similarity.WAYS[measure, similarity.WHOLE](folders)
        np.testing.assert_allclose(found, expected, atol=1e-3)
    toolbox = similarity.WAYS["RSA", similarity.TOOLBOX](folders)
    np.testing.assert_allclose(toolbox, similarity.WAYS["RSA", OURS](folders), atol=1e-3)


def test_the_peer_of_structural_probes_finds_the_same_distances_and_loss():
    trees = structural_probes.random_trees(12)
    for tree in trees:
        assert (structural_probes.distances(tree.heads).numpy() == tree.distances).all()
    weights = torch.zeros(structural_probes.WIDTH, structural_probes.RANK)
    gold = np.mean([tree.distances.sum() / len(tree) ** 2 for tree in trees])
    assert float(structural_probes.loss(weights, trees)) == pytest.approx(gold, rel=1e-5)


def test_each_word_is_paired_with_one_of_its_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(edge_probes, "SENTENCES", {"train": 12, "dev": 4})
    monkeypatch.setattr(edge_probes, "SMALL", (1, 32))
    work = edge_probes.Work(tmp_path)
    train, _ = work.data()
    assert (train.labels.sum(axis=1) == 1).all()
    assert len(np.unique(train.sentences)) == 12


def test_rates_of_a_gpu_count_the_operations_of_the_encoder(tmp_path):
    folder = examples.write_encoder(tmp_path / "encoder", 2, 32)
    encoder = load_encoder(folder)
    counted = gpu.operations_of(encoder, 3, 10)
    weights = 2 * (4 * 32 * 32 + 2 * 32 * 128)
    assert counted == 2 * 3 * 10 * (weights + 2 * 10 * 32 * 2)
    for found in (
        gpu.training_rate(folder, "cpu", 2, 8, 1),
        gpu.caching_rate(folder, "cpu", 2, 8),
        gpu.matrix_rate("cpu", torch.float32, 8),
    ):
        assert len(found) == gpu.ROUNDS and (found > 0).all()


def test_without_a_gpu_nothing_is_measured(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2
    assert "no GPU" in capsys.readouterr().out


def test_the_large_study_is_as_large_as_it_says():
    files = [harness.REPOSITORY / "config.yaml"]
    config = merged(read_study(files[0]), large_study.study())
    check(config, files, harness.REPOSITORY / "schemas/config.schema.yaml")
    study = Study(config)
    runs = 10 * 3 * 10
    assert len(study.tuned_runs()) == runs
    # Untuned, 0 to 5 layers fixed, and 1 to 5 layers kept.
    assert len(study.ablated_runs()) == runs * (1 + 6 + 5)
