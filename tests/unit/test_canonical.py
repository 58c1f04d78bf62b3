"""Configurations that mean the same become the same, to the last byte; others do not."""

import copy
import hashlib
import random
from pathlib import Path

import pytest
import yaml

from bertology.canonical import canonical

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT = yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def shuffled(value, chance):
    """The same configuration with its keys in another order, and 1 as 1.0."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, chance) for item in value]
    return float(value) if type(value) is int else value


@pytest.mark.parametrize("seed", range(5))
def test_order_of_keys_and_kind_of_number_do_not_count(seed):
    other = shuffled(DEFAULT, random.Random(seed))
    assert repr(canonical(other)) == repr(canonical(DEFAULT))


def test_it_changes_no_value_fills_in_the_language_and_puts_titles_together():
    filled = copy.deepcopy(DEFAULT)
    filled["titles"] = {
        section: {
            name: entry.pop("title") for name, entry in filled[section].items() if "title" in entry
        }
        for section in ("encoders", "tasks", "stimuli", "probes")
    }
    assert filled["titles"]["encoders"] == {"minilm": "MiniLM"}
    for settings in filled["stimuli"].values():
        settings["language"] = "en"
    assert canonical(DEFAULT) == filled
    assert canonical(DEFAULT) == canonical(canonical(DEFAULT))


def changed(*path, value):
    config = copy.deepcopy(DEFAULT)
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return config


@pytest.mark.parametrize(
    ("path", "first", "second"),
    [
        (("seeds",), [3, 1, 2], [1, 2, 3]),
        (("ablations", "freeze"), [4, 0], [0, 4]),
        (("trajectory", "steps"), [32, 8.0], [8, 32]),
        (("encoders", "minilm-random", "config"), {}, None),
        (
            ("encoders", "minilm", "packages"),
            ["b", "a"],
            ["a", "b"],
        ),
    ],
)
def test_what_is_a_set_or_a_default_is_one(path, first, second):
    one, other = changed(*path, value=first), changed(*path, value=second)
    if second is None:
        del other[path[0]][path[1]][path[2]]
    assert repr(canonical(one)) == repr(canonical(other))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("seeds",), [1, 2]),
        (("similarity", "measures"), ["rsa_standardised", "rsa_pearson", "cka", "procrustes"]),
        (("tasks", "parsing", "clip"), 1.5),
        (("encoders", "minilm-random", "config"), {"layer_norm_eps": 1.0}),
        (("ablations", "untuned"), False),
    ],
)
def test_another_meaning_stays_another(path, value):
    assert repr(canonical(changed(*path, value=value))) != repr(canonical(DEFAULT))


def test_settings_for_hugging_face_keep_their_kind_of_number():
    """It refuses 1 for a setting that is a float, and 2.0 for one that is an integer."""
    overrides = {"layer_norm_eps": 1.0, "num_hidden_layers": 6}
    config = canonical(changed("encoders", "minilm-random", "config", value=overrides))
    assert repr(config["encoders"]["minilm-random"]["config"]) == repr(overrides)


def test_settings_for_hugging_face_may_have_numbers_as_keys():
    first, second = ({"id2label": {0: "a", "x": "b"}}, {"id2label": {"x": "b", 0: "a"}})
    one, other = (
        canonical(changed("encoders", "minilm-random", "config", value=value))
        for value in (first, second)
    )
    assert repr(one) == repr(other)


def test_a_file_that_has_to_be_fetched_is_where_it_will_lie(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = changed("corpora", "mine", value={"text": {"source": "files", "test": "./a/x.txt"}})
    config["downloads"]["a/x.txt"] = {"sha256": hashlib.sha256(b"x").hexdigest()}
    fetched = {"source": "files", "test": "results/default/downloads/a/x.txt"}
    assert canonical(config)["corpora"]["mine"]["text"] == fetched
    config["data_dir"] = "data"
    assert canonical(config)["corpora"]["mine"]["text"] == fetched
    (tmp_path / "data/a").mkdir(parents=True)
    (tmp_path / "data/a/x.txt").write_bytes(b"x")
    assert canonical(config)["corpora"]["mine"]["text"]["test"] == "data/a/x.txt"


def test_paths_are_in_one_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    files = {"source": "files", "train": "./a.txt", "test": "sub/../b.txt"}
    marks = {**files, "format": "uds_raw", "annotations": "./sub/../marks/"}
    folder = {"source": "folder", "path": "~/model/", "layers": 2}
    written = []
    for spelling in (".", "./", "~", str(tmp_path), "$HOME"):
        config = changed("data_dir", value=spelling)
        config["corpora"]["mine"] = {"text": files, "proto_roles": marks}
        config["encoders"]["mine"] = folder
        written.append(canonical(config))
    assert len(set(map(repr, written))) == 1
    assert written[0]["data_dir"] == "."
    assert written[0]["corpora"]["mine"]["text"] == {
        "source": "files",
        "test": "b.txt",
        "train": "a.txt",
    }
    assert written[0]["corpora"]["mine"]["proto_roles"]["annotations"] == "marks"
    assert written[0]["encoders"]["mine"]["path"] == "model"
