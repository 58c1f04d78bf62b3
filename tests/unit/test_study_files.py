"""What YAML lets pass without a word is refused with file, line and key."""

import hashlib
from pathlib import Path

import pytest

from bertology.errors import InputError
from bertology.study_files import read_study

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def refusal(tmp_path):
    """The lines of the message about a file, without its folder."""

    def refuse(text, name="study.yaml"):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(InputError) as caught:
            read_study(path)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return refuse


def test_a_key_that_stands_twice(refusal):
    text = "study: a\ntasks:\n  parsing:\n    epochs: 1\n    clip: 1.0\n    epochs: 2\nstudy: b\n"
    assert refusal(text) == [
        "study.yaml, line 7: found the key study again, after line 1; allowed: each key once",
        "study.yaml, line 6: found the key tasks.parsing.epochs again, after line 4; "
        "allowed: each key once",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: {b: 1, b: 2}\n", 1),
        ("a:\n- b: 1\n  'b': 1\n", 3),
        ('a: 1\n\n# A comment.\n"a": 1\n', 4),
        ("1: x\n0x1: x\n1: y\n", 3),
        ("a: null\na:\n", 2),
        ("x: &x {b: 1, b: 2}\ny: *x\n", 1),
    ],
)
def test_wherever_it_stands(refusal, text, line):
    lines = refusal(text)
    assert len(lines) == 1
    assert lines[0].startswith(f"study.yaml, line {line}: found the key ")


def test_a_key_twice_in_json(refusal):
    assert refusal('{"a": {"b": 1,\n\t"b": 2}}', "study.json") == [
        "study.json: found the key b again; allowed: each key once"
    ]


def test_what_merges_and_aliases_say_again_is_no_mistake(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x\nw: *x\n")
    assert read_study(path)["y"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    "text", ["", "# Nothing.\n", "\ufeffa: 1\n", '{"a":\t1}', "a: 0\nb: 0.5\n"]
)
def test_what_is_fine_is_read(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    assert read_study(path) in (None, {"a": 1}, {"a": 0, "b": 0.5})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("010", "010, which YAML reads as 8; allowed: 8, or 10, or a text in quotes"),
        ("-0_17", "-0_17, which YAML reads as -15; allowed: -15, or -17, or a text in quotes"),
        ("1:30", "1:30, which YAML reads as 90; allowed: 90, or a text in quotes"),
        ("1:30.5", "1:30.5, which YAML reads as 90.5; allowed: 90.5, or a text in quotes"),
    ],
)
def test_a_number_that_yaml_reads_otherwise(refusal, written, said):
    assert refusal(f"a:\n  - b: {written}\n") == [f"study.yaml, line 2: found a.0.b: {said}"]


@pytest.mark.parametrize("written", ["'010'", "'1:30'", "0", "10", "0.5", "1_000", "0x10", "08"])
def test_other_numbers_and_texts_pass(tmp_path, written):
    path = tmp_path / "study.yaml"
    path.write_text(f"a: {written}\n")
    assert "a" in read_study(path)


def test_an_alias_of_what_holds_it(refusal):
    assert refusal("a: &x\n  b: [*x]\n") == [
        "study.yaml, line 1: found a.b.0: an alias (*) of what holds it; "
        "allowed: aliases of other parts"
    ]


@pytest.mark.parametrize("text", ["a: [1\n", "a: !!python/tuple [1]\n", "a:\t1\n\tb: 2\n"])
def test_what_is_not_yaml(refusal, text):
    assert refusal(text)[0].startswith("study.yaml: not the YAML of a study: ")


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (REPOSITORY / "studies").glob("*.yaml"))
)
def test_checksums_are_those_of_the_real_files(name, shared_data):
    downloads = read_study(REPOSITORY / "studies" / name).get("downloads", {})
    here = {file: shared_data / file for file in downloads if (shared_data / file).exists()}
    found = {file: hashlib.sha256(path.read_bytes()).hexdigest() for file, path in here.items()}
    assert found == {file: downloads[file]["sha256"] for file in here}


def test_two_studies_fetch_a_file_from_the_same_place():
    fetched = {}
    for path in (REPOSITORY / "studies").glob("*.yaml"):
        for file, entry in read_study(path).get("downloads", {}).items():
            assert fetched.setdefault(file, entry) == entry, f"{path.name}: {file}"
    assert fetched
