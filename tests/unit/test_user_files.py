"""Paths of the user's in one spelling, and files of the user's by content."""

import hashlib
import os

import pytest

from bertology import user_files
from bertology.errors import InputError
from bertology.user_files import (
    by_content,
    canonical_folder,
    corpus_files,
    data_file,
    located,
    other_content,
    source_files,
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with data inside, data beside it, and links to both; the working folder."""
    for name in ("project/data", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "train.conllu").write_text(name)
    (tmp_path / "project/inside").symlink_to("data")
    (tmp_path / "project/outside").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DATA", str(tmp_path / "project/data"))
    user_files._content.cache_clear()
    return tmp_path / "project"


@pytest.mark.parametrize(
    "spelling",
    [
        *("data", "./data", "data/", "data//", "./data/../data", "inside", "../project/data"),
        *("~/project/data", "$DATA", "${DATA}", "$DATA/.", "$HOME/project/inside"),
    ],
)
def test_all_spellings_of_a_folder_are_one(project, spelling):
    assert canonical_folder(spelling) == "data"
    assert canonical_folder(str(project / "data")) == "data"
    assert data_file(spelling, "train.conllu") == "data/train.conllu"
    assert data_file(spelling, "../data/train.conllu") == "data/train.conllu"


def test_the_working_folder_itself(project):
    for spelling in (".", "./", str(project), "data/.."):
        assert canonical_folder(spelling) == "."
        assert data_file(spelling, "data/train.conllu") == "data/train.conllu"


def test_what_lies_outside_is_absolute(project, tmp_path):
    assert canonical_folder("outside") == str(tmp_path / "elsewhere")
    assert data_file(None, "$HOME/elsewhere/train.conllu") == str(
        tmp_path / "elsewhere/train.conllu"
    )
    assert data_file("data", str(tmp_path / "elsewhere/train.conllu")) == data_file(
        "../elsewhere", "train.conllu"
    )


def test_a_file_that_is_a_link_keeps_its_name(project):
    """Caches of downloads link names to blobs; messages show the name."""
    (project / "data/dev.conllu").symlink_to("train.conllu")
    assert data_file("data", "dev.conllu") == "data/dev.conllu"


@pytest.mark.parametrize("path", ["$NOWHERE/data", "a/${NOWHERE}"])
def test_a_variable_that_is_not_set_is_named(path):
    with pytest.raises(InputError, match=r"found '.*NOWHERE.*no variable NOWHERE in the environ"):
        canonical_folder(path)


@pytest.mark.parametrize("path", ["a{b}/c", "{x}", "a}"])
def test_braces_are_refused(path):
    for locate in (canonical_folder, lambda path: data_file(None, path)):
        with pytest.raises(InputError, match="with braces, which Snakemake takes for a wildcard"):
            locate(path)


def test_content_stands_for_the_path(project):
    source = {"source": "files", "format": "edges", "train": "data/train.conllu"}
    digest = hashlib.sha256(b"project/data").hexdigest()
    expected = {"source": "files", "format": "edges", "files": {"train": digest}}
    assert source_files(source) == {"train": "data/train.conllu"}
    assert by_content(source) == expected
    assert by_content({**source, "train": "inside/train.conllu"}) == expected


def test_content_is_seen_though_size_and_age_are_the_same(project):
    source = {"source": "files", "train": "data/train.conllu"}
    path = project / "data/train.conllu"
    before, age = by_content(source), path.stat().st_mtime
    path.write_text("PROJECT/DATA")
    os.utime(path, (age, age))
    user_files._content.cache_clear()
    assert by_content(source) != before


def test_annotations_apart_from_the_words_count_by_content(project):
    source = {"source": "files", "format": "uds_raw", "test": "data/train.conllu"}
    whole = {**source, "annotations": "data/marks.zip"}
    (project / "data/marks.zip").write_text("marks")
    assert source_files(whole) == {
        "test": "data/train.conllu",
        "annotations": "data/marks.zip",
    }
    before = by_content(whole)
    assert set(before) == {"source", "format", "files"}
    assert before["files"]["annotations"] == hashlib.sha256(b"marks").hexdigest()
    (project / "data/other.zip").write_text("marks")
    assert by_content({**source, "annotations": "data/other.zip"}) == before
    (project / "data/marks.zip").write_text("MARKS")
    user_files._content.cache_clear()
    assert by_content(whole) != before


def test_a_folder_of_annotations_counts_by_content(project):
    source = {"source": "files", "test": "data/train.conllu", "annotations": "marks"}
    (project / "marks/a").mkdir(parents=True)
    (project / "marks/a/b.gold_skel").write_text("one")
    before = by_content(source)
    (project / "marks/a/b.gold_skel").write_text("two")
    user_files._content.cache_clear()
    assert by_content(source) != before


def test_an_encoder_is_what_it_can_be_made_from(project):
    for name in ("config.json", "model.safetensors", "vocab.txt", "README.md", "pytorch_model.bin"):
        (project / "data" / name).write_text(name)
    (project / "data/._model.safetensors").write_text("of another system")
    (project / "data/onnx").mkdir()
    (project / "data/onnx/config.json").write_text("{}")
    files = source_files({"source": "folder", "path": "data"})
    assert list(files) == ["config.json", "model.safetensors", "vocab.txt"]
    described = by_content({"source": "folder", "path": "data", "layers": 2})
    assert set(described) == {"source", "layers", "files"}
    assert described["files"]["vocab.txt"] == hashlib.sha256(b"vocab.txt").hexdigest()


def test_a_source_without_files_stays_as_it_is():
    hub = {"source": "hub", "repository": "a/b", "revision": "0" * 40, "train": "train"}
    assert source_files(hub) == {}
    assert by_content(hub) == hub


# --- Files that can be fetched --------------------------------------------------------------------

FETCHED = "results/mine/downloads/{file}"
WANTED = hashlib.sha256(b"project/data").hexdigest()


def where(name, data_dir, digest=WANTED):
    return located(name, data_dir, {"train.conllu": {"sha256": digest}}, FETCHED)


def test_a_file_that_the_user_has_is_not_fetched(project):
    for spelling in ("data", "inside", str(project / "data"), "$DATA"):
        assert where("train.conllu", spelling) == "data/train.conllu"
        assert where("./train.conllu", spelling) == "data/train.conllu"


def test_a_file_that_is_not_there_or_is_another_is_fetched(project):
    fetched = "results/mine/downloads/train.conllu"
    assert where("train.conllu", None) == fetched
    assert where("train.conllu", "results") == fetched
    assert where("train.conllu", "data", digest="0" * 64) == fetched
    assert where(".//train.conllu", "data", digest="0" * 64) == fetched
    (project / "data/train.conllu").unlink()
    (project / "data/train.conllu").mkdir()
    assert where("train.conllu", "data") == fetched


def test_what_has_no_address_is_where_the_user_has_it(project):
    assert where("dev.conllu", "data") == "data/dev.conllu"
    assert where("../train.conllu", "data/inner") == "data/train.conllu"


def test_what_is_to_be_fetched_has_its_content_already(project):
    """So that nothing changes when it comes, or when the user has it."""
    path = "results/mine/downloads/train.conllu"
    to_come = by_content({"source": "files", "train": path}, {path: WANTED})
    assert to_come == by_content({"source": "files", "train": "data/train.conllu"}, {path: WANTED})


def test_files_that_stand_in_the_place_of_another_are_listed(project):
    sources = {split: f"{split}.conllu" for split in ("train", "dev", "test")}
    corpora = {"mine": {"treebank": {"source": "files", **sources}}}
    assert [name for _, name in corpus_files(corpora)] == list(sources.values())
    downloads = {name: {"sha256": WANTED} for name in (*sources.values(), "unused.conllu")}
    for name in ("test.conllu", "unused.conllu"):
        (project / "data" / name).write_text("other")
    config = {"corpora": corpora, "downloads": downloads, "data_dir": "inside"}
    assert other_content(config) == ["data/test.conllu"]
    assert other_content({**config, "data_dir": None}) == []
