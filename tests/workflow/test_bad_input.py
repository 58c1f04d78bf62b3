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
}


def test_broken_corpora(fresh):
    corpora = {}
    for name, (kind, text, _) in BROKEN.items():
        (fresh.folder / f"{name}.data").write_text(text)
        corpora[name] = {kind: {"source": "files", "test": f"{name}.data"}}
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


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"sede": 1}, "wrong.yaml: sede: found an unknown key; allowed: study,"),
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
