"""A user's mistake is one clear message, a failed exit, and no artifact that looks finished."""

import json

import pytest

pytestmark = pytest.mark.workflow

GOOD_ROW = "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n\n"
QUESTION = {
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": "Anna sails.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "Who sails?",
                            "answers": [{"text": "Anna", "answer_start": 2}],
                        }
                    ],
                }
            ],
        }
    ]
}
BROKEN = {
    "truncated": ("treebank", GOOD_ROW + "1\tGo\tgo\tVERB", "line 3"),
    "head": ("treebank", "1\tGo\tgo\tVERB\tVB\t_\t7\troot\t_\t_\n\n", "line 1"),
    "empty": ("treebank", "", "empty"),
    "offset": ("questions", json.dumps(QUESTION), "q1"),
    "label": (
        "inference",
        json.dumps({"premise": "a", "hypothesis": "b", "label": "maybe"}) + "\n",
        "line 1",
    ),
    "span": (
        "negation",
        json.dumps({"text": "not so", "targets": [{"span1": [1, 3], "label": "x"}]}) + "\n",
        "targets[0].span1 = [1, 3]",
    ),
    "withheld": ("treebank", GOOD_ROW.replace("Go", "_"), "no text"),
    "blank": ("treebank", GOOD_ROW + GOOD_ROW.replace("Go", "\u3000"), "line 3"),
    "surrogate": ("questions", json.dumps(QUESTION).replace("Who", "\\ud800"), "qas[0].question"),
    "classes": (
        "inference",
        (json.dumps({"premise": "a", "hypothesis": "b", "label": 1}) + "\n") * 30,
        "never 0 or 2",
    ),
    "blanks": (
        "negation",
        json.dumps({"text": "not  so", "targets": [{"span1": [0, 1], "label": "x"}]}) + "\n",
        "line 1",
    ),
    "targets": ("negation", json.dumps({"text": "not so", "targets": []}) + "\n", "no target"),
}


def test_broken_corpora(fresh):
    corpora = {}
    for name, (kind, text, _) in BROKEN.items():
        (fresh.folder / f"{name}.data").write_text(text)
        corpora[name] = {kind: {"source": "files", "test": f"{name}.data"}}
        if kind == "negation":
            corpora[name][kind]["format"] = "edges"
    study = fresh.study("broken.yaml", {"study": "broken", "data_dir": ".", "corpora": corpora})
    targets = [f"results/broken/corpora/{name}/{kind}" for name, (kind, *_) in BROKEN.items()]
    process = fresh.snakemake("--cores", "2", *targets, study=study)
    assert process.returncode != 0
    for name, (_, _, place) in BROKEN.items():
        lines = [
            line
            for line in process.stdout.splitlines()
            if line.startswith("Error in rule fetch_corpus: ") and f"{name}.data" in line
        ]
        assert lines, f"no message for {name}:\n{process.stdout}"
        assert place in lines[0]
        assert "allowed:" in lines[0]
        assert "Traceback" not in process.stdout
    assert not any((fresh.folder / target).exists() for target in targets)
    assert not list(fresh.folder.rglob("*.unfinished*"))
    assert not list((fresh.folder / "results/broken/corpora").rglob("*provenance.json"))


def test_what_a_probe_cannot_use_is_counted(fresh):
    """A user's own phenomenon, with an unknown label and a sentence that is too long in test."""
    for split, size in (("train", 30), ("dev", 10), ("test", 10)):
        records = [
            {"text": f"{split} {number} ends", "targets": [{"span1": [0, 2], "label": "x"}]}
            for number in range(size)
        ]
        if split == "test":
            records[0]["targets"][0]["label"] = "y"
            records[1]["text"] += " word" * 600
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (fresh.folder / f"{split}.jsonl").write_text(lines)
    negation = {"source": "files", "format": "edges"}
    negation |= {split: f"../{split}.jsonl" for split in ("train", "dev", "test")}
    smoke = fresh.smoke_study()
    limits = dict.fromkeys(("train", "dev", "test"))
    probes = {"corpus": "mine", "phenomena": ["negation"], "structure": False, "limits": limits}
    probes |= {"dev_fraction": None, "seed": 1}
    corpora = {**smoke["corpora"], "mine": {"negation": negation}}
    changes = {"study": "mine", "corpora": corpora, "probes": {"mine": probes}}
    study = fresh.study("mine.yaml", {**smoke, **changes})
    folder = "results/mine/probes/mine/negation/tiny/probe-seed-1"
    fresh.finish(f"{folder}/scores.csv", study=study)
    summary = json.loads((fresh.folder / folder / "summary.json").read_text())
    assert summary["left_out"] == [
        {"split": "test", "unit": "target", "reason": reason, "left_out": 1, "of": 10}
        for reason in ("label unknown in training", "sentence longer than the encoder takes")
    ]
    assert summary["targets"] == {"train": 30, "dev": 10, "test": 8}
    prepared = fresh.folder / "results/mine/probe_data/mine/negation/summary.json"
    assert json.loads(prepared.read_text())["labels_unknown_in_train"] == ["y"]


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"sede": 1}, "wrong.yaml: sede: found an unknown key; allowed: only, study,"),
        ({"seeds": "one"}, "wrong.yaml: seeds: found 'one'; allowed: array"),
        (
            {"tasks": {"tagging": {"kind": "tagging"}}},
            "wrong.yaml: tasks.tagging.kind: found 'tagging'; allowed: parsing |",
        ),
    ],
)
def test_a_wrong_configuration_starts_no_job(fresh, overlay, expected):
    study = fresh.study("wrong.yaml", overlay)
    process = fresh.snakemake("--cores", "1", study=study)
    assert process.returncode != 0
    assert expected in process.stdout
    assert "Traceback" not in process.stdout
    assert not (fresh.folder / "results").exists()
