"""The smoke study: it ends, it is complete, it can be repeated exactly."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from transformers import AutoModel

from bertology.integrity.damages import find_damages
from bertology.integrity.lock import read_lock
from bertology.integrity.records import record_paths
from bertology.integrity.results import read_results
from bertology.study.paths import LOCK

pytestmark = pytest.mark.workflow
RESULTS = "results/smoke"
FIGURES = (
    *("similarity", "measures", "domains", "token_classes", "weights", "finetuning", "ablations"),
    *("training_sizes", "probes", "probe_changes", "structure", "mix_weights", "trajectory"),
)


def table(workflow, name, results=RESULTS):
    return pd.read_csv(workflow.folder / results / "tables" / f"{name}.csv")


def rules_with_output(workflow):
    return {
        name
        for path in (workflow.folder / "rules").glob("*.smk")
        for name, body in re.findall(
            r"^rule (\w+):\n(.*?)(?=^rule |\Z)", path.read_text(), flags=re.MULTILINE | re.DOTALL
        )
        if "output:" in body
    }


def test_there_is_nothing_to_do_after_it(smoke):
    assert smoke.stale() == {}


def test_its_artifacts_exist_and_are_not_empty(smoke):
    results = smoke.folder / RESULTS
    for name in FIGURES:
        for suffix in ("png", "pdf", "csv"):
            assert (results / "figures" / f"{name}.{suffix}").stat().st_size > (
                50 if suffix == "csv" else 5000
            )
    assert not list(results.rglob(".unfinished-*"))


def test_every_artifact_has_a_record_of_what_made_it(smoke):
    results = smoke.folder / RESULTS
    records = [path for path in results.rglob("*provenance.json") if path != results / LOCK]
    rules = {json.loads(path.read_text())["rule"] for path in records} | {"lock_study"}
    logs = {path.name for path in (results / "logs").iterdir() if path.is_dir()}
    single = {path.stem for path in (results / "logs").glob("*.log")}
    assert rules == logs | single
    for path in records:
        record = json.loads(path.read_text())
        assert record["settings"]["code"]
        assert record["outputs"]
        for name, digest in record["outputs"].items():
            assert (smoke.folder / name).exists()
            assert len(digest) == 64


def test_it_covers_every_rule(smoke):
    """All but those that only name targets."""
    records = (smoke.folder / RESULTS).rglob("*provenance.json")
    assert {json.loads(path.read_text())["rule"] for path in records} == rules_with_output(smoke)


def test_its_lock_vouches_for_all_of_it_and_nothing_is_damaged(smoke):
    results = smoke.folder / RESULTS
    findings, read = find_damages(read_results(results))
    assert [each for each in findings if each.damage] == []
    lock = read_lock(results / LOCK)
    assert list(lock["records"]) == record_paths(results)
    assert set(lock["artifacts"]) == set(read)
    assert lock["fingerprints"].keys() | {"lock_study"} == rules_with_output(smoke)
    assert str(smoke.folder) not in (results / LOCK).read_text()


def test_a_study_from_its_lock_has_nothing_to_do(smoke):
    command = [sys.executable, "-m", "bertology.integrity", "rerun", f"{RESULTS}/{LOCK}"]
    process = subprocess.run(
        [*command, "again.yaml"],
        cwd=smoke.folder,
        env={**os.environ, "PYTHONPATH": "workflow_scripts"},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.endswith("again.yaml asks what results/smoke/provenance.json did.\n")
    assert smoke.stale(study="again.yaml") == {}


def test_the_score_table_has_every_run(smoke):
    scores = table(smoke, "finetuning")
    runs = scores[scores.split == "test"].groupby(["task", "variant"]).seed.unique()
    assert len(runs) == 3 * 4
    assert all(sorted(seeds) == [1, 2] for seeds in runs)
    assert scores.value.between(0, 100).all()


def test_the_similarity_table_has_every_comparison(smoke):
    similarity = table(smoke, "similarity")
    rsa = similarity[(similarity.metric == "rsa_pearson") & (similarity.tokens == "all")]
    counts = rsa.groupby(["stimuli", "comparison"]).size()
    # Three stimulus sets; 3 x 3 pairs of layers; 3 tasks with 2 seeds, 3 pairs of seeds. Changes of
    # layers by themselves: of 3 tasks on a neutral text, and of the two whose own text is there.
    expected = {
        (stimuli, comparison): 9 * number
        for stimuli in ("harbour", "laboratory", "notes")
        for comparison, number in (
            *(("tuned", 6), ("ceiling", 3)),
            *(("floor", 1), ("permuted", 1)),
        )
    }
    own = {"harbour": 2, "laboratory": 2, "notes": 6}
    expected |= {(stimuli, "own_change"): 9 * number for stimuli, number in own.items()}
    # Noise of inference is matched on the first set, since it has no text here.
    noise = {"harbour": 4, "laboratory": 2, "notes": 6}
    expected |= {(stimuli, "perturbed"): 9 * number for stimuli, number in noise.items()}
    assert counts.to_dict() == expected
    assert similarity.value.between(-1.0001, 2).all()
    same = rsa[rsa.layer == rsa.second_layer]
    # One epoch on 48 sentences barely moves the embeddings; another random encoder shares nothing.
    embeddings = same[same.layer == 0].groupby("comparison").value.mean()
    assert embeddings["tuned"] > 0.9 > 0.5 > abs(embeddings["floor"])
    summary = table(smoke, "similarity_summary")
    assert len(summary) == 3 * 3 * (3 + 3 + 1 + 1) + 3 * 6 + 3 * 5
    null = summary[summary.comparison == "permuted"]
    assert (null.low < 0).all() and (null.high > 0).all()
    domains = table(smoke, "domains")
    assert set(domains.contrast) == {"domain", "task"}
    assert domains[["difference", "low", "high"]].notna().all(axis=None)


def test_the_table_of_perturbed_encoders_has_every_run_and_what_similarity_says(smoke):
    perturbed = table(smoke, "perturbed")
    assert perturbed.groupby("task").seed.unique().map(sorted).tolist() == [[1, 2]] * 3
    own = perturbed.groupby("task").stimuli.unique().map(list).to_dict()
    # Inference has no text of its own here, so that it gets the first one.
    assert own == {
        **{"inference": ["harbour"], "parsing": ["harbour"]},
        **{"question_answering": ["laboratory"]},
    }
    assert (perturbed.noise > 0).all() and (perturbed.weight_change > 0).all()
    assert perturbed.ratio.to_numpy() == pytest.approx(perturbed.noise / perturbed.weight_change)
    summary = table(smoke, "similarity_summary")
    for name, column in (("tuned", "change"), ("perturbed", "change_perturbed")):
        layers = summary[(summary.comparison == name) & (summary.layer > 0)]
        means = 1 - layers.groupby(["task", "stimuli"]).similarity.mean()
        for (task, stimuli), rows in perturbed.groupby(["task", "stimuli"]):
            assert rows[column].mean() == pytest.approx(means[task, stimuli], abs=1e-6)
    folder = smoke.folder / RESULTS / "models/tiny/parsing/full/seed-1"
    found = json.loads((folder / "perturbation.json").read_text())
    assert found["items"] == 4
    assert found["change_perturbed"] == pytest.approx(found["change"], rel=0.02)
    AutoModel.from_pretrained(folder / "perturbed")


def test_the_trajectory_starts_at_the_pretrained_encoder_and_ends_at_the_tuned_one(smoke):
    trajectory = table(smoke, "trajectory")
    steps = trajectory.groupby(["task", "measured"]).step.unique()
    assert len(steps) == 3 * 2
    assert all(sorted(found) == [0, 1, 2, 3] for found in steps)
    rsa = trajectory[trajectory.metric == "rsa_pearson"]
    assert rsa[rsa.step == 0].value.to_numpy() == pytest.approx(1, abs=1e-9)
    similarity = table(smoke, "similarity")
    similarity = similarity[(similarity.tokens == "all") & (similarity.comparison == "tuned")]
    for row in rsa[rsa.end == 1].itertuples():
        same = similarity[(similarity.task == row.task) & (similarity.seed == row.seed)]
        same = same[(same.stimuli == row.stimuli) & (same.metric == row.metric)]
        assert same.value[(same.layer == row.layer) & (same.second_layer == row.layer)].item() == (
            row.value
        )


def test_parts_of_the_data_are_held_against_all_of_it(smoke):
    sizes = table(smoke, "training_sizes").set_index(["task", "variant", "percent"])
    assert len(sizes) == 3 * 3 * 2
    whole = table(smoke, "ablations").set_index(["task", "variant"])
    for (task, variant, percent), row in sizes.iterrows():
        assert row["examples"] == {"parsing": 48, "inference": 48}.get(task, 24) * percent / 100
        if percent == 100:
            expected = whole.loc[(task, variant), ["score", "recovery"]].to_numpy(float)
            np.testing.assert_allclose(row[["score", "recovery"]].to_numpy(float), expected)


def test_ablations_are_held_against_full_fine_tuning(smoke):
    ablations = table(smoke, "ablations").set_index(["task", "variant"])
    assert len(ablations) == 3 * 4
    scores = table(smoke, "finetuning")
    for (task, variant), row in ablations.iterrows():
        of = scores[
            (scores.split == "test") & (scores.task == task) & (scores.metric == row.metric)
        ]
        by_seed = of.pivot(index="seed", columns="variant", values="value")
        assert row.score == pytest.approx(by_seed[variant].mean())
        shares = by_seed[variant] / by_seed["full"]
        assert row.relative == pytest.approx(100 * shares.mean())
        gained = by_seed["full"] - by_seed["untuned"]
        recovery = 100 * (by_seed[variant] - by_seed["untuned"]) / gained
        if (gained != 0).all():
            assert row.recovery == pytest.approx(recovery.mean())
        else:
            assert np.isnan(row.recovery)


def test_reverts_are_held_against_the_tuned_and_the_untuned_model(smoke):
    reverts = table(smoke, "reverts")
    # Each of two layers, the first none to two with the embeddings, the last one and two.
    assert len(reverts) == 3 * (2 + 3 + 2)
    results = smoke.folder / RESULTS
    for row in reverts.itertuples():
        losses = []
        for seed in (1, 2):
            run = results / f"models/tiny/{row.task}/full/seed-{seed}/examples.parquet"
            scored = results / f"reverts/tiny/{row.task}/seed-{seed}/examples.parquet"
            of = pd.read_parquet(scored).query("metric == @row.metric")
            chosen = set(of.example)
            assert len(chosen) == 10
            tuned = pd.read_parquet(run).query("metric == @row.metric and example in @chosen")
            part = of.query("part == @row.part and layers == @row.layers")
            shares = [each.numerator.sum() / each.denominator.sum() for each in (tuned, part)]
            losses.append(100 * (shares[0] - shares[1]))
        assert row.loss == pytest.approx(np.mean(losses))
        if np.isnan(row.loss_low):  # No resample differs.
            assert row.loss == 0
        else:
            assert row.loss_low <= row.loss <= row.loss_high


def test_claims_rest_on_what_the_tables_say(smoke):
    cells = table(smoke, "claim_cells").set_index("part")
    similarity = table(smoke, "similarity_summary").set_index(["comparison", "stimuli", "layer"])
    tuned = similarity.loc["tuned"].set_index("task", append=True).similarity
    for _, cell in cells.loc[["C2c"]].iterrows():
        floor = similarity.similarity["floor", cell.text, int(cell.layer)]
        here = tuned[cell.text, int(cell.layer), cell.task]
        assert cell.estimate == pytest.approx(here - floor)
    probes = table(smoke, "probe_summary")
    mixes = probes[(probes.comparison == "tuned") & probes.input.isin(["mix", "mix_normalised"])]
    changes = mixes[mixes.metric == "f1"]
    changes = changes.set_index(["text", "phenomenon", "task", "input"]).change
    for part in ("C1b", "C1c"):
        lost = cells.loc[[part]]
        at_best = lost[lost.layer == "best layer"]
        # Of trees UUAS and root accuracy, of three tasks.
        assert len(at_best) == 2 * 3 and len(lost) == len(changes) + len(at_best)
        for _, cell in lost[lost.layer != "best layer"].iterrows():
            place = (*cell.probe.split("/"), cell.task, cell.layer)
            assert cell.estimate == pytest.approx(changes[place])
    reverts = table(smoke, "reverts").set_index(["task", "part", "layers"]).loss
    for _, cell in cells.loc[["C2d"]].iterrows():
        bottom, top = (reverts[cell.task, "layer", layer] for layer in (1, 2))
        assert cell.estimate == pytest.approx(top - bottom)


def test_verdicts_say_that_they_are_a_check_of_the_software(smoke):
    claims = table(smoke, "claims")
    assert (claims.check == 1).all()
    told = "tuned on 48 pairs, 48 sentences and 24 questions, written by a grammar; 2 seeds"
    assert set(claims.about) == {f"Tiny, 2 layers; {told}"}
    assert "A check of the software" in (smoke.folder / RESULTS / "tables/claims.md").read_text()
    assert "A check of the software" in " ".join(smoke.printed.split())


def test_claims_that_the_study_cannot_test_say_what_is_missing(smoke):
    claims = table(smoke, "claims")
    assert list(claims[claims.part.isna()].claim) == ["C1", "C2", "C3", "C4"]
    parts = claims.set_index("part")
    # No stimuli from inference's corpus, and one layer of two frozen at most.
    assert "a text of inference's own corpus among the stimuli" in parts.reason["C1a"]
    assert "three seeds of parsing" in parts.reason["C1a"]
    assert parts.verdict["C1a"] != "supported"


def test_the_run_ends_with_the_verdicts(smoke):
    claims = table(smoke, "claims")
    shown = smoke.printed.splitlines()
    for _, row in claims[claims.part.notna()].iterrows():
        assert any(line.split()[:2] == [row.part, row.verdict] for line in shown)


def test_the_probe_tables_have_every_model_and_input(smoke):
    probes = table(smoke, "probes")
    models = probes.groupby(["text", "phenomenon", "comparison"])[["task", "seed"]].nunique()
    assert set(models.index.get_level_values("phenomenon")) == {
        "dependencies", "coreference", "structure",
    }  # fmt: skip
    assert models.xs("tuned", level="comparison").eq([3, 2]).all(axis=None)
    summary = table(smoke, "probe_summary")
    counts = summary.groupby(["phenomenon", "metric"]).size()
    # Base, random and three tasks; two mixes and three layers, or four structural scores of three.
    assert counts["dependencies", "f1"] == counts["coreference", "f1"] == 5 * 5
    assert counts["structure"].to_dict() == dict.fromkeys(
        ("uuas", "root_accuracy", "dspr", "nspr"), 5 * 3
    )
    assert summary.loc[summary.metric.isin(["f1", "uuas"]), "low"].notna().all()
    tuned = summary[summary.comparison == "tuned"]
    assert tuned.change.notna().sum() >= len(tuned) / 2
    mix = summary[(summary.input == "mix") & (summary.metric == "f1")]
    assert mix[["lexical", "random", "majority", "bits", "compression"]].notna().all(axis=None)
    # Of word types in so few sentences, too few are known for a control task that means anything.
    assert mix["selectivity"].isna().all()
    assert mix.set_index("phenomenon").loc["dependencies", "control"].notna().all()


def test_probe_data_say_what_is_in_them(smoke):
    folder = smoke.folder / RESULTS / "probe_data/village"
    for phenomenon in ("dependencies", "coreference"):
        summary = json.loads((folder / phenomenon / "summary.json").read_text())
        lines = (folder / phenomenon / "test.jsonl").read_text().splitlines()
        assert summary["sentences"]["test"]["used"] == len(lines)
        assert summary["targets"]["test"] == sum(len(json.loads(x)["targets"]) for x in lines)
        by_label = sum(counts["test"] for counts in summary["labels"].values())
        assert by_label == summary["targets"]["test"]


def test_a_fine_tuned_encoder_is_an_ordinary_hugging_face_folder(smoke):
    folder = smoke.folder / RESULTS / "models/tiny/parsing/full/seed-1/encoder"
    tuned = AutoModel.from_pretrained(folder)
    base = AutoModel.from_pretrained(smoke.folder / RESULTS / "encoders/tiny")
    weights = dict(base.named_parameters())
    moved = [
        not np.array_equal(value.detach(), weights[name].detach())
        for name, value in tuned.named_parameters()
        if not name.startswith("pooler")
    ]
    assert all(moved)


def test_every_summary_lists_what_was_left_out(smoke):
    """One of each training run, probe, cache, task, stimulus set and choice of probe data."""
    results = smoke.folder / RESULTS
    paths = list(results.rglob("*summary.json"))
    folders = {path.relative_to(results).parts[0] for path in paths}
    assert {"models", "probes", "activations", "tasks", "stimuli", "probe_data"} <= folders
    runs = {path.parent for path in (results / "models").rglob("scores.csv")}
    assert {path.parent for path in paths if "models" in path.parts} == runs
    for path in paths:
        for record in json.loads(path.read_text())["left_out"]:
            assert set(record) == {"split", "unit", "reason", "left_out", "of"}
            assert 0 < record["left_out"] <= record["of"]
    for run in runs:
        features = json.loads((run / "summary.json").read_text())["features"]
        assert set(features) == {"train", "dev", "test"}
        assert min(features.values()) > 0
