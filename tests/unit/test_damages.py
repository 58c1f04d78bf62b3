"""Every damage of a study is found and named, and nothing else is."""

import json
import shutil

import pytest

import toy_study
from bertology.integrity.damages import find_damages
from bertology.integrity.lock import sealed
from bertology.integrity.results import read_results
from bertology.provenance import sha256
from toy_study import CACHE, CORPUS, PAGE, RESULTS, RUNS, TABLE, TASK, write_toy_study

SCORES, OTHER_SCORES = (f"{folder}/scores.csv" for folder in RUNS)
ENCODER, OTHER_ENCODER = (f"{folder}/encoder" for folder in RUNS)
RECORD, OTHER_RECORD = (f"{folder}/provenance.json" for folder in RUNS)


@pytest.fixture(autouse=True)
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_toy_study()


def found(damage=True):
    """What is found, by path; of damages, or of what is no damage."""
    findings = find_damages(read_results(RESULTS))[0]
    return {each.path: each.found for each in findings if each.damage == damage}


def flip(path, at=-2, bit=1):
    content = bytearray((RESULTS / path).read_bytes())
    content[at] ^= bit
    (RESULTS / path).write_bytes(content)


def swap(first, second):
    kept = RESULTS / "kept"
    (RESULTS / first).rename(kept)
    (RESULTS / second).rename(RESULTS / first)
    kept.rename(RESULTS / second)


def test_a_finished_study_has_none():
    assert found() == found(damage=False) == {}


def test_nor_has_one_that_was_copied_elsewhere(tmp_path):
    shutil.copytree(RESULTS, tmp_path / "elsewhere/toy")
    findings, read = find_damages(read_results(tmp_path / "elsewhere/toy"))
    assert findings == []
    assert len(read) == 12


@pytest.mark.parametrize("path", [SCORES, ENCODER, CORPUS, f"{PAGE}.html", RECORD])
def test_what_is_gone_is_missing(path):
    whole = RESULTS / path
    shutil.rmtree(whole) if whole.is_dir() else whole.unlink()
    assert found() == {path: "missing"}


def test_a_whole_run_that_is_gone_is_missed():
    shutil.rmtree(RESULTS / RUNS[1])
    assert found() == dict.fromkeys([OTHER_SCORES, OTHER_ENCODER, OTHER_RECORD], "missing")


@pytest.mark.parametrize(
    ("file", "artifact"),
    [(SCORES, SCORES), (f"{ENCODER}/config.json", ENCODER), (f"{TABLE}.csv", f"{TABLE}.csv")],
)
def test_other_content_is_named_by_its_size_or_as_such(file, artifact):
    whole = (RESULTS / file).read_bytes()
    flip(file)
    assert found() == {artifact: "other content, as long"}
    (RESULTS / file).write_bytes(whole[:-1])
    size = sum(path.stat().st_size for path in [RESULTS / file, *(RESULTS / artifact).rglob("*")])
    size -= (RESULTS / file).stat().st_size if file != artifact else 0
    assert found() == {artifact: f"{size} bytes instead of {size + 1}"}


def test_a_file_too_many_in_a_folder_is_a_damage_of_the_folder():
    (RESULTS / TASK / "more.conllu").touch()
    assert found() == {TASK: "other content, as long"}


def test_a_file_by_another_name_in_a_folder_is_a_damage_of_the_folder():
    (RESULTS / CACHE / "layer_01.npy").rename(RESULTS / CACHE / "layer_02.npy")
    assert found() == {CACHE: "other content, as long"}


@pytest.mark.parametrize(
    "pair", [(SCORES, OTHER_SCORES), (ENCODER, OTHER_ENCODER), (RECORD, OTHER_RECORD)]
)
def test_what_changed_places_is_said_to_hold_the_other(pair):
    swap(*pair)
    first, second = pair
    assert found() == {first: f"holds {second}", second: f"holds {first}"}


def test_two_runs_that_changed_places_are_named_with_all_that_differs():
    swap(*RUNS)
    pairs = [(SCORES, OTHER_SCORES), (ENCODER, OTHER_ENCODER), (RECORD, OTHER_RECORD)]
    assert found() == {a: f"holds {b}" for pair in pairs for a, b in (pair, pair[::-1])}


def test_a_record_that_was_changed_is_named():
    text = (RESULTS / RECORD).read_text()
    assert '"python": "3' in text
    (RESULTS / RECORD).write_text(text.replace('"python": "3', '"python": "2'))
    assert found() == {RECORD: "other content"}
    (RESULTS / RECORD).write_text("{}")
    assert found() == {RECORD: "no provenance record that can be read"}
    (RESULTS / RECORD).write_bytes(b"\xff")
    assert found() == {RECORD: "no provenance record that can be read"}


def test_a_record_that_was_changed_does_not_make_other_content_right():
    flip(SCORES)
    record = json.loads((RESULTS / RECORD).read_text())
    record["outputs"][str(RESULTS / SCORES)] = sha256(RESULTS / SCORES)
    (RESULTS / RECORD).write_text(json.dumps(record))
    assert found() == {RECORD: "other content", SCORES: "other content, as long"}


@pytest.mark.parametrize("at", range(0, 20000, 397))
def test_a_lock_with_any_bit_flipped_is_no_lock(at):
    path = RESULTS / "provenance.json"
    flip("provenance.json", at=at % path.stat().st_size)
    assert found() == {"provenance.json": "a broken seal: not the lock that was written"}


def test_without_a_lock_records_vouch_for_what_is_there():
    (RESULTS / "provenance.json").unlink()
    flip(SCORES)
    shutil.rmtree(RESULTS / CACHE)
    assert found() == {
        "provenance.json": "missing: the study is not finished, or its lock is lost",
        SCORES: "other content",
    }
    gone = "gone, as it may be where activations.keep is false"
    assert found(damage=False) == {CACHE: gone}


def test_caches_that_go_by_design_are_not_missed():
    shutil.rmtree(RESULTS / CACHE)
    assert found() == {CACHE: "missing"}
    activations = {**toy_study.CONFIG["activations"], "keep": False}
    write_toy_study(activations=activations)
    assert found() == {}
    shutil.rmtree(RESULTS / CACHE)
    assert found() == found(damage=False) == {}


def test_what_is_made_again_is_no_damage_of_its_artifacts_but_not_what_was_locked():
    path = RESULTS / "provenance.json"
    locked = json.loads(path.read_text())
    del locked["seal"]
    path.write_text(sealed({**locked, "written": "2020-01-01T00:00:00+00:00"}))
    toy_study.run(1, 90.0)
    assert found() == {
        RECORD: "made again after the study was locked",
        f"{TABLE}.provenance.json": f"made from another {SCORES} than is there",
    }
    flip(SCORES)
    assert found()[SCORES] == "other content, as long"


def test_a_job_that_read_something_else_is_named():
    """As when a file was damaged while the study ran, and mended afterwards."""
    shutil.copytree(RESULTS / CORPUS, RESULTS.parent / "kept")
    (RESULTS / CORPUS / "train.conllu").write_text("1\tdamaged\n")
    toy_study.job(
        "prepare_task", [CORPUS], {TASK: {"train.conllu": "1\ta\n"}}, f"{TASK}.provenance.json"
    )
    (RESULTS / "provenance.json").unlink()
    shutil.rmtree(RESULTS / CORPUS)
    shutil.copytree(RESULTS.parent / "kept", RESULTS / CORPUS)
    assert found()[f"{TASK}.provenance.json"] == f"made from another {CORPUS} than is there"


def test_files_that_no_record_names_are_listed_and_are_no_damage():
    for name in ("notes.txt", "tables/.unfinished-a.csv", "logs/a.log", "benchmarks/a.tsv"):
        (RESULTS / name).parent.mkdir(exist_ok=True)
        (RESULTS / name).touch()
    assert found() == {}
    assert found(damage=False) == dict.fromkeys(
        ["notes.txt", "tables/.unfinished-a.csv"], "no record names it"
    )


def test_artifacts_of_another_configuration_are_listed_and_verified():
    toy_study.RUNS.append("models/minilm/parsing/full/seed-3")
    try:
        toy_study.run(3, 91.0)
    finally:
        folder = toy_study.RUNS.pop()
    assert found() == {}
    assert found(damage=False) == {f"{folder}/provenance.json": "not of the study as it was locked"}
    flip(f"{folder}/scores.csv")
    assert found() == {f"{folder}/scores.csv": "other content"}
    # The study locked anew leaves them out.
    toy_study.lock()
    assert list(found(damage=False)) == [f"{folder}/provenance.json"]
