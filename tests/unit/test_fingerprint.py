"""The fingerprint moves with the code that a script can reach, and with nothing else."""

import os
import shutil

import pytest

from bertology import fingerprint as module
from bertology.fingerprint import fingerprint


@pytest.fixture
def scripts(tmp_path):
    files = {
        "script.py": "from library.near import function\nfunction()\n",
        "other.py": "import library.apart\n",
        "library/__init__.py": "",
        "library/near.py": (
            '"""A docstring."""\nfrom library import far\n\n\ndef function():\n'
            '    """Another."""\n    from .lazy import thing\n    return far.VALUE + thing\n'
        ),
        "library/far.py": "VALUE = 1\n",
        "library/lazy.py": "thing = 2\n",
        "library/apart.py": "ELSEWHERE = 3\n",
        "library/by_name.py": "NAMED = 4\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def value(scripts, *modules, script="script.py"):
    module._code.cache_clear()
    module._data.cache_clear()
    return fingerprint(scripts / script, modules)


def edit(scripts, name, old, new):
    path = scripts / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "function()\n", "function()  # a comment\n"),
        ("library/near.py", "A docstring.", "A better docstring."),
        ("library/near.py", '    """Another."""\n', ""),
        ("library/far.py", "VALUE = 1", "# why one\n\nVALUE   =   1"),
        ("library/far.py", "VALUE = 1\n", 'VALUE = 1\n"""What it is for."""\n'),
        ("library/apart.py", "3", "4"),
        ("library/by_name.py", "4", "5"),
    ],
)
def test_what_changes_no_reachable_code_costs_nothing(scripts, name, old, new):
    before = value(scripts)
    edit(scripts, name, old, new)
    assert value(scripts) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "function()\n", "function(), 1\n"),
        ("library/near.py", "far.VALUE +", "far.VALUE -"),
        ("library/far.py", "1", "2"),
        ("library/lazy.py", "2", "'2'"),
        ("library/__init__.py", "", "import os\n"),
    ],
)
def test_a_changed_line_in_reach_is_seen(scripts, name, old, new):
    before = value(scripts)
    (scripts / name).write_text((scripts / name).read_text().replace(old, new, 1) if old else new)
    assert value(scripts) != before


def test_a_module_loaded_by_name_counts_where_it_is_named(scripts):
    before = value(scripts, "library.by_name")
    edit(scripts, "library/by_name.py", "4", "5")
    assert value(scripts, "library.by_name") != before


def test_a_text_that_is_used_is_code(scripts):
    (scripts / "library/far.py").write_text("VALUE = 'one'\n")
    before = value(scripts)
    edit(scripts, "library/far.py", "one", "two")
    assert value(scripts) != before


def test_a_cycle_of_imports_ends(scripts):
    (scripts / "library/far.py").write_text("from library import near\nVALUE = 1\n")
    assert value(scripts)


def test_a_module_that_is_not_there_is_an_error(scripts):
    with pytest.raises(FileNotFoundError, match=r"library\.nowhere"):
        value(scripts, "library.nowhere")


def test_data_beside_a_module_belong_to_what_reaches_it(scripts):
    """By content and name, not age; and not to a script that does not reach the module."""
    folder = scripts / "library" / "data"
    folder.mkdir()
    words = folder / "words.tsv"
    words.write_text("cat\n")
    (scripts / "alone.py").write_text("print()\n")
    before, alone = value(scripts), value(scripts, script="alone.py")
    os.utime(words, (1, 1))
    assert value(scripts) == before
    words.write_text("dog\n")
    changed = value(scripts)
    assert changed != before
    words.rename(folder / "others.tsv")
    assert value(scripts) not in (before, changed)
    assert value(scripts, script="alone.py") == alone


def test_where_the_code_lies_does_not_count(scripts, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "place"
    shutil.copytree(scripts, other)
    assert value(other) == value(scripts)
