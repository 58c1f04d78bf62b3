"""The lock of a study says all that makes it anew, wherever it lay; it can be run from."""

import copy
import json
import subprocess
from pathlib import Path

import pytest
import yaml

import toy_study
from bertology.canonical import canonical
from bertology.errors import InputError
from bertology.integrity.comparison import differences
from bertology.integrity.lock import read_lock, sealed
from bertology.integrity.portable import portable
from bertology.integrity.rerun import write_study
from bertology.integrity.surroundings import commit, packages
from bertology.provenance import sha256
from bertology.study.paths import LOCK
from overlays import merged
from toy_study import CACHE, CORPUS, RESULTS, RUNS, SHOWN, write_toy_study

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT = yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def study(name):
    overlay = yaml.safe_load((REPOSITORY / f"studies/{name}.yaml").read_text())
    overlay.pop("only", None)
    return merged(DEFAULT, overlay)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_toy_study()
    return read_lock(RESULTS / LOCK)


def test_it_names_every_artifact_and_record_by_hash_and_size(toy):
    files = {path for path in RESULTS.rglob("*provenance.json") if path != RESULTS / LOCK}
    assert {RESULTS / path: digest for path, digest in toy["records"].items()} == {
        path: sha256(path) for path in files
    }
    named = [CORPUS, "tasks/parsing", CACHE, "tables/finetuning.csv", "index.html", *SHOWN]
    named += [f"{run}/{name}" for run in RUNS for name in ("encoder", "scores.csv")]
    assert set(toy["artifacts"]) == set(toy["sizes"]) == set(named)
    for path, digest in toy["artifacts"].items():
        if (RESULTS / path).is_file():
            assert digest == sha256(RESULTS / path)
            assert toy["sizes"][path] == (RESULTS / path).stat().st_size
    assert toy["sizes"][f"{RUNS[0]}/encoder"] == len("weights 1") + len("{}")


def test_it_says_with_what_the_study_was_made(toy):
    assert toy["python"] in toy["jobs"][0]["python"]
    assert toy["jobs"][0]["jobs"] == 10
    assert toy["fingerprints"]["prepare_task"] == ["code of prepare_task"]
    assert toy["sources"] == {CORPUS: {"sha256": toy["artifacts"][CORPUS]}}
    pinned = (REPOSITORY / "requirements.txt").read_text().splitlines()
    for name in ("numpy", "torch"):
        version = toy["packages"][name].partition("+")[0]
        assert f"{name}=={version}" in pinned
    assert len(packages()) > 30
    assert toy["modules"]["bertology/corpora/grammar/data"]
    assert toy["modules"]["lock_study.py"]


def test_it_tells_nothing_of_where_it_lay(toy, tmp_path):
    text = (RESULTS / LOCK).read_text()
    for path in (tmp_path, Path.home(), REPOSITORY):
        assert str(path) not in text


def test_a_record_that_cannot_be_read_is_one_message(toy):
    (RESULTS / f"{CORPUS}.provenance.json").write_text("{")
    with pytest.raises(InputError, match=r"results/toy: corpora/.*: no provenance record; allowed"):
        toy_study.lock()


def test_no_lock_is_one_message(tmp_path):
    with pytest.raises(InputError, match="found no such file; allowed: the lock of a finished"):
        read_lock(tmp_path / LOCK)
    (tmp_path / LOCK).write_text("[]")
    with pytest.raises(InputError, match="found no lock; allowed"):
        read_lock(tmp_path / LOCK)


# --- The configuration ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["smoke", "open", "paper"])
def test_a_portable_configuration_means_the_same(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    whole = study(name)
    if whole["data_dir"] is not None:
        (tmp_path / "data").mkdir()
        whole["data_dir"] = "data"
    config = canonical(whole)
    assert canonical(portable(config)) == config
    assert "titles" not in portable(config)


def with_files(data_dir, train):
    source = {"source": "files", "train": train, "test": "sub/test.conllu"}
    return {**DEFAULT, "data_dir": data_dir, "corpora": {"own": {"treebank": source}}}


def test_paths_outside_of_the_project_are_left_out(tmp_path, monkeypatch):
    project, data = tmp_path / "project", tmp_path / "data"
    project.mkdir()
    data.mkdir()
    monkeypatch.chdir(project)
    config = portable(canonical(with_files(str(data), str(tmp_path / "elsewhere/train.conllu"))))
    assert config["data_dir"] is None
    assert config["corpora"]["own"]["treebank"] == {
        **{"source": "files", "train": "train.conllu", "test": "sub/test.conllu"}
    }
    own = copy.deepcopy(DEFAULT)
    own["encoders"]["minilm"] = {
        **{"source": "folder", "path": str(data), "layers": 6, "floor": "minilm-random"}
    }
    assert portable(canonical(own))["encoders"]["minilm"]["path"] == "data"


def test_paths_within_the_project_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = canonical(with_files("mine", "../other/train.conllu"))
    assert config["corpora"]["own"]["treebank"]["train"] == "other/train.conllu"
    kept = portable(config)
    assert kept["corpora"]["own"]["treebank"]["train"] == "../other/train.conllu"
    assert kept["data_dir"] == "mine"


# --- A study from it ------------------------------------------------------------------------------


def test_a_study_from_a_lock_asks_the_same_and_says_what_differs_here(toy, tmp_path):
    assert write_study(toy, tmp_path / "again.yaml") == []
    again = yaml.safe_load((tmp_path / "again.yaml").read_text())
    assert again.pop("only") == ["encoders", "corpora", "tasks", "stimuli", "probes"]
    assert canonical(again) == canonical({**DEFAULT, "study": "toy"})
    toy["packages"]["torch"] = "1.0"
    del toy["modules"]["lock_study.py"]
    del toy["configuration"]["trajectory"]["steps"]
    found = {each.place: each.found for each in write_study(toy, tmp_path / "again.yaml")}
    assert set(found) == {
        "packages.torch",
        "modules.lock_study.py",
        "configuration.trajectory.steps",
    }
    assert found["packages.torch"].endswith("here, 1.0 there")
    assert found["configuration.trajectory.steps"].startswith("only here: [")


def test_entries_of_the_default_study_that_a_lock_has_not_are_not_run(toy, tmp_path):
    toy["configuration"]["tasks"] = {"parsing": toy["configuration"]["tasks"]["parsing"]}
    assert write_study(toy, tmp_path / "again.yaml") == []


def test_the_data_of_a_study_from_a_lock_are_where_the_user_says(toy, tmp_path):
    (tmp_path / "mine").mkdir()
    assert write_study(toy, tmp_path / "again.yaml", str(tmp_path / "mine")) == []
    again = yaml.safe_load((tmp_path / "again.yaml").read_text())
    assert again["data_dir"] == str(tmp_path / "mine")


def test_files_of_the_users_that_are_others_here_are_named(toy, tmp_path):
    treebank = {name: f"{name}.conllu" for name in ("train", "dev", "test")}
    toy["configuration"]["corpora"]["harbour"]["treebank"] = {"source": "files", **treebank}
    for folder, dev in (("same", "dev.conllu"), ("other", "something else")):
        (tmp_path / folder).mkdir()
        for name in treebank.values():
            (tmp_path / folder / name).write_text(dev if name == "dev.conllu" else name)
    hashes = {key: sha256(tmp_path / "same" / name) for key, name in treebank.items()}
    toy["sources"][CORPUS]["files"] = dict(hashes)
    assert write_study(toy, tmp_path / "again.yaml", str(tmp_path / "same")) == []
    [found] = write_study(toy, tmp_path / "again.yaml", str(tmp_path / "other"))
    other = sha256(tmp_path / "other/dev.conllu")
    assert found.place == f"files.{CORPUS}.dev"
    assert found.found == f"{other} here, {hashes['dev']} there"


def test_a_setting_that_is_no_more_is_one_message(toy, tmp_path):
    toy["configuration"]["trajectory"]["gone"] = 1
    with pytest.raises(InputError, match=r"again.yaml: trajectory.gone: found"):
        write_study(toy, tmp_path / "again.yaml")


def test_differences_of_nested_settings_are_named_by_their_keys():
    here, there = {"part": {"a": {"b": 1, "c": 2}}}, {"part": {"a": {"b": 1, "c": 3, "d": 4}}}
    found = [(each.place, each.found) for each in differences(here, there, ("part",))]
    assert found == [("part.a.c", "2 here, 3 there"), ("part.a.d", "only there: 4")]


# --- The commit -----------------------------------------------------------------------------------


def test_the_commit_and_what_is_changed_are_named(tmp_path):
    assert commit(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    (tmp_path / "a.txt").write_text("a")
    for command in (["init", "-q"], ["add", "a.txt"], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    assert commit(tmp_path) == {"hash": head.strip(), "changed": []}
    (tmp_path / "a.txt").write_text("b")
    (tmp_path / "new.txt").write_text("")
    assert commit(tmp_path) == {"hash": head.strip(), "changed": ["a.txt"]}


def test_a_lock_reads_as_it_was_written(tmp_path):
    content = {"a": ["ä", 1.5, None], "seal of": "x"}
    (tmp_path / LOCK).write_text(sealed(content), encoding="utf-8")
    lock = read_lock(tmp_path / LOCK)
    assert {**content, "seal": lock["seal"]} == lock
    assert json.loads(sealed(content))["seal"] == lock["seal"]
