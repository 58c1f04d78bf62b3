"""Files that are not what they should be: one message each, and nothing is written.

Every format is given the same damaged files, and a valid one with random damage. What each format
refuses beyond this is in the tests of its reader.
"""

import gzip
import json
import os
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tiny
from bertology import job as job_module
from bertology.activations import open_activations
from bertology.corpora.sources import fetch_corpus
from bertology.errors import InputError
from bertology.job import job
from bertology.table_files import read_csv, read_parquet

ROW = "{0}\tw{0}\t_\tNOUN\tNN\t_\t{1}\t{2}\t_\t{3}\n"
HEADER = "# global.Entity = GRP-etype-identity\n# newdoc id = d\n# sent_id = s\n"
MENTIONS = ("Entity=(1-person-A)", "Entity=(2-place-B)", "Entity=(1-person-A)", "_")
GUM = HEADER + "".join(
    ROW.format(number, number - 1, "dep" if number > 1 else "root", mention)
    for number, mention in enumerate(MENTIONS, start=1)
)
ROLES = {"sent_id": "a", "tokens": ["Ana", "gave", "Bo"]}
FRAMES = [{"predicate": 1, "roleset": "give.01", "args": [["ARG0", 0, 1], ["ARG1", 2, 3]]}]
RATED = [{"predicate": 1, "argument": 0, "properties": {"volition": [5.0, 1.4]}}]
SPAN = {"text": "Ana met Bo", "targets": [{"span1": [0, 1], "label": "PERSON"}]}
RELATION = '1\t"The <e1>cat</e1> sat on <e2>mats</e2>."\r\nOther\r\nComment:\r\n\r\n'
TALE = """\
#begin document (zz/tale/00/tale_0000); part 000
zz/tale/00/tale_0000 0 0 Ana NNP (TOP(S(NP*) - - - - (PERSON) (ARG0*) (1)
zz/tale/00/tale_0000 0 1 fed VBD (VP* feed 01 - - * (V*) -
zz/tale/00/tale_0000 0 2 her PRP (NP*) - - - - * (ARG1*) (1)
zz/tale/00/tale_0000 0 3 dog NN (NP*)))) - - - - * * (2)

#end document
"""
ONTONOTES = (
    *("part_of_speech", "constituents", "entities", "semantic_roles"),
    "coreference",
)


def valid_files(folder: Path) -> dict[tuple[str, str | None], bytes]:
    """A valid file of each kind and format; the format is none for what is no annotation."""
    tasks = {"parsing": "treebank", "inference": "inference", "question_answering": "questions"}
    files = {}
    for task, kind in tasks.items():
        tiny.write_task(task, folder / task, {"train": 4, "dev": 4, "test": 4})
        (path,) = (folder / task).glob("train.*")
        files[kind, None] = path.read_bytes()
    files["text", None] = b" The well @-@ known port opened . It closed again . \n"
    files["negation", "edges"] = (json.dumps(SPAN) + "\n").encode()
    for kind in ("entities", "coreference"):
        files[kind, "gum"] = (GUM + "\n").encode()
    for kind in ("part_of_speech", "dependencies"):
        files[kind, "conllu"] = files["treebank", None]
    files["part_of_speech", "conllu_universal"] = files["treebank", None]
    files["semantic_roles", "propbank"] = (json.dumps({**ROLES, "frames": FRAMES}) + "\n").encode()
    files["proto_roles", "uds"] = (json.dumps({**ROLES, "targets": RATED}) + "\n").encode()
    files["relations", "semeval"] = RELATION.encode()
    for kind in ONTONOTES:
        files[kind, "ontonotes"] = TALE.encode()
    return files


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    return valid_files(tmp_path_factory.mktemp("valid"))


FORMATS = [
    *(("treebank", None), ("inference", None), ("questions", None), ("text", None)),
    *(("negation", "edges"), ("entities", "gum"), ("coreference", "gum")),
    *(("part_of_speech", "conllu"), ("dependencies", "conllu")),
    *(("part_of_speech", "conllu_universal"), ("semantic_roles", "propbank")),
    *(("proto_roles", "uds"), ("relations", "semeval")),
    *((kind, "ontonotes") for kind in ONTONOTES),
]
formats = pytest.mark.parametrize(("kind", "format_name"), FORMATS)

PAGE = b"<!DOCTYPE html>\n<html><body><p>Please log in.</p></body></html>\n"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
NO_TEXT = {
    "empty": lambda whole: b"",
    "blanks": lambda whole: b"\n  \n\t\n\n",
    "a byte that is not UTF-8": lambda whole: (
        whole[: len(whole) // 2] + b"\xff" + whole[len(whole) // 2 :]
    ),
    "UTF-16": lambda whole: whole.decode().encode("utf-16"),
    "Latin-1": lambda whole: b"\xe9t\xe9 " + whole,
    "packed": lambda whole: gzip.compress(whole),
    "cut within a character": lambda whole: whole + "é".encode()[:1],
}
OTHER_TEXT = {
    "a page of HTML": lambda whole: PAGE,
    "a pointer of Git LFS": lambda whole: POINTER,
    "zeros": lambda whole: bytes(len(whole)),
    "a table": lambda whole: b"id,text,label\n1,Ana,PERSON\n",
    "null": lambda whole: b"null\n",
    "a list": lambda whole: b"[1, 2]\n",
    "an object": lambda whole: b"{}\n",
    "a file of another kind": lambda whole: b"1\tGo\tgo\tVERB\n{\n#begin\n",
}
DAMAGES = NO_TEXT | OTHER_TEXT


def fetched(folder: Path, kind: str, format_name: str | None) -> Path:
    """Fetch a corpus whose test split is the file `data` below a folder."""
    source = {"source": "files", "test": "data"}
    if format_name is not None:
        source["format"] = format_name
    fetch_corpus(kind, source, folder / "out" / "corpus", folder)
    return folder / "out" / "corpus"


class Rule:
    """What a script gets from Snakemake, for a rule that fetches a corpus."""

    rule = "fetch_corpus"
    input: ClassVar = []
    wildcards: ClassVar = {}

    def __init__(self, folder: Path) -> None:
        self.log = [str(folder / "log")]
        self.output = self.params = SimpleNamespace(keys=tuple)
        self.resources = {}


def ended(folder: Path, kind: str, format_name: str | None) -> tuple[int, str]:
    """Fetch a corpus as its rule does, in a process of its own: exit status, and what it says."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(folder / "said", os.O_CREAT | os.O_WRONLY), 2)
        sys.stderr = os.fdopen(2, "w")  # in the place of what pytest has put there
        try:
            with job(Rule(folder)):
                fetched(folder, kind, format_name)
        except SystemExit as end:
            os._exit(end.code)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, (folder / "said").read_text()


@formats
def test_the_valid_files_are_read(kind, format_name, valid, tmp_path):
    (tmp_path / "data").write_bytes(valid[kind, format_name])
    assert (fetched(tmp_path, kind, format_name) / "summary.json").is_file()


@formats
@pytest.mark.parametrize("damage", [*DAMAGES, "missing", "a folder"])
def test_a_damaged_file_is_one_message_and_leaves_nothing(
    kind, format_name, damage, valid, tmp_path
):
    if kind == "text" and damage in OTHER_TEXT:
        pytest.skip("text may be anything")
    data = tmp_path / "data"
    if damage == "a folder":
        data.mkdir()
    elif damage != "missing":
        data.write_bytes(DAMAGES[damage](valid[kind, format_name]))
    status, said = ended(tmp_path, kind, format_name)
    assert status == 1
    assert said.startswith(f"Error in rule fetch_corpus: {data}"), said
    assert ": found " in said and "; allowed: " in said
    assert said.count("\n") == 1 and len(said) < 1000
    assert (tmp_path / "log").read_text() == said
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "said", "log", "out"}
    assert not list(tmp_path.glob("out/*"))


# --- Caches ---------------------------------------------------------------------------------------


def saved(array, **options):
    return lambda path: np.save(path, array, **options)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


class Foreign:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return (Path.write_text, (Path("ran"), "foreign code"))


LAYER, TOKENS = "layer_01.npy", "tokens.parquet"
BROKEN_CACHES = {
    "a layer that is cut": (LAYER, cut),
    "an empty layer": (LAYER, lambda path: path.write_bytes(b"")),
    "a layer of text": (LAYER, lambda path: path.write_text("no numbers")),
    "a pickled layer": (LAYER, saved(np.array([Foreign()], dtype=object), allow_pickle=True)),
    "a layer of another precision": (LAYER, saved(np.zeros((3, 2), np.float32))),
    "a layer of fewer tokens": (LAYER, saved(np.zeros((2, 2), np.float16))),
    "a layer of another width": (LAYER, saved(np.zeros((3, 4), np.float16))),
    "a flat layer": (LAYER, saved(np.zeros(3, np.float16))),
    "a folder for a layer": (LAYER, lambda path: (path.unlink(), path.mkdir())),
    "more tokens": (TOKENS, lambda path: pd.DataFrame({"word": range(4)}).to_parquet(path)),
    "tokens that are cut": (TOKENS, cut),
    "no tokens": (TOKENS, lambda path: path.unlink()),
    "empty tokens": (TOKENS, lambda path: path.write_bytes(b"")),
}


@pytest.mark.parametrize("damage", BROKEN_CACHES)
def test_a_broken_cache_is_one_message(damage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / "cache"
    cache.mkdir()
    for number in range(2):
        np.save(cache / f"layer_{number:02d}.npy", np.zeros((3, 2), np.float16))
    pd.DataFrame({"word": range(3)}).to_parquet(cache / TOKENS)
    assert len(open_activations(cache).layers) == 2
    name, break_it = BROKEN_CACHES[damage]
    break_it(cache / name)
    with pytest.raises(InputError) as caught:
        open_activations(cache)
    assert str(caught.value).startswith(f"{cache}: found ")
    assert not (tmp_path / "ran").exists()


# --- Random damage --------------------------------------------------------------------------------

PIECES = [
    *("\t", "\n", "\n\n", "{", "}", "[", "]", '"', ",", "-", "0", "-1", "1e9", "null", "true"),
    *("_", "*", "(", ")", "|", "\ufeff", "\x00", "\u2028", "\\ud800", "é", "<e1>", "</e2>", "#"),
]


EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.just("")),
    min_size=1,
    max_size=4,
)
"""Where a file is edited, how much is cut out, and what comes in its place."""


@formats
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits=EDITS)
def test_random_damage_is_read_or_refused_in_one_message(kind, format_name, edits, valid, tmp_path):
    text = valid[kind, format_name].decode()
    for place, length, piece in edits:
        start = int(place * len(text))
        text = text[:start] + piece + text[start + length :]
    (tmp_path / "data").write_bytes(text.encode())
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    try:
        fetched(tmp_path, kind, format_name)
    except InputError as error:
        assert str(tmp_path / "data") in str(error)
        assert not list((tmp_path / "out").glob("*"))


# --- Tables that jobs wrote -----------------------------------------------------------------------

BROKEN_TABLES = {
    **{name: NO_TEXT[name] for name in ("empty", "a byte that is not UTF-8", "packed")},
    **{name: OTHER_TEXT[name] for name in ("a page of HTML", "zeros", "a list", "an object")},
    "half of it": lambda whole: whole[: len(whole) // 2],
    "another table": lambda whole: b"id,text,label\n1,Ana,PERSON\n",
}
A_TABLE = pd.DataFrame({"seed": [1, 2], "metric": ["las", "las"], "value": [81.5, 82.5]})


@pytest.mark.parametrize("damage", BROKEN_TABLES)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_broken_table_is_one_message(kind, damage, tmp_path):
    path = tmp_path / f"scores.{kind}"
    getattr(A_TABLE, f"to_{kind}")(path, index=False)
    read = {"csv": lambda: read_csv(path, list(A_TABLE), ["value"])}.get(
        kind, lambda: read_parquet(path, list(A_TABLE))
    )
    pd.testing.assert_frame_equal(read(), A_TABLE, check_dtype=False)
    path.write_bytes(BROKEN_TABLES[damage](path.read_bytes()))
    if (kind, damage) == ("csv", "half of it"):
        path.write_bytes(path.read_bytes().removesuffix(b"\n") + b"\nx,y,z\n")
    with pytest.raises(InputError) as error:
        read()
    assert str(error.value).startswith(str(path))
    assert str(error.value).endswith("delete it, and run the study again")


def test_a_table_that_is_not_there_is_this_machines_trouble(tmp_path):
    for read in (read_csv, read_parquet):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "gone")


def test_what_reads_tables_reads_them_so():
    """All but what holds a study against another one, and what has its own words for a cache."""
    library = Path(job_module.__file__).parent
    reading = {
        path.relative_to(library).as_posix()
        for path in library.rglob("*.py")
        if re.search(r"pd\.read_(csv|parquet)\(", path.read_text())
    }
    others = {"integrity/table_differences.py"} & reading
    assert reading - others == {"table_files.py", "activations.py"}
