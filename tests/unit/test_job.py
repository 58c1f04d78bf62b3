"""What every script does around its one call, with a stand-in for Snakemake's object."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow_scripts"

PROGRAM = """
import sys
sys.path.insert(0, {scripts!r})
from bertology.job import job

class Named(list):
    def __init__(self, **names):
        super().__init__(names.values())
        self.__dict__.update(names)
        self.names = names
    def keys(self):
        return self.names.keys()
    def __iter__(self):
        return super().__iter__()

class Snakemake:
    rule = "a_rule"
    log = ["logs/a.log"]
    input = Named(data="in.txt")
    output = Named(made="out.txt", provenance="record.json")
    wildcards = {{"seed": "1"}}
    params = {{"code": "abc"}}
    resources = {{}}

snakemake = Snakemake()
with job(snakemake):
    import os
    from pathlib import Path
    from bertology.errors import InputError
    os.system("echo from a child process")
    {body}
"""


def run(tmp_path, body):
    (tmp_path / "in.txt").write_text("in")
    program = PROGRAM.format(scripts=str(SCRIPTS), body=body)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )


def test_success_leaves_a_record_and_a_log_and_no_output(tmp_path):
    process = run(tmp_path, "Path('out.txt').write_text('out'); print('working')")
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
    log = (tmp_path / "logs/a.log").read_text()
    assert "working" in log
    assert "from a child process" in log
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["settings"] == {"seed": "1", "code": "abc"}
    # echo -n in | sha256sum
    digest = "582967534d0f909d196b97f9e6921342777aea87b46fa52df165389db1fb8ccf"
    assert record["inputs"] == {"in.txt": digest}
    assert set(record["outputs"]) == {"out.txt"}


MANY_SHAPES = """
    import torch
    def used():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
    layer = torch.nn.Linear(384, 1536)
    def step(tokens):
        with torch.autocast("cpu", torch.bfloat16):
            layer(torch.ones(tokens, 384)).float().sum().backward()
    step(1200)
    before = used()
    for tokens in range(1000, 1200):
        step(tokens)
    print("MiB", used() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read off Linux")
def test_batches_of_many_lengths_do_not_fill_the_memory(tmp_path, monkeypatch):
    grown = {}
    for capacity in ("", "1024"):
        monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", raising=False)
        if capacity:
            monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", capacity)
        run(tmp_path, MANY_SHAPES)
        log = (tmp_path / "logs/a.log").read_text()
        grown[capacity] = float(re.search(r"^MiB (.*)", log, re.MULTILINE)[1])
    if grown["1024"] < 300:
        pytest.skip(
            "this processor has PyTorch multiply without oneDNN, which has nothing to forget"
        )
    assert grown[""] < 0.7 * grown["1024"]


def test_a_mistake_of_the_users_is_one_line(tmp_path):
    process = run(tmp_path, "raise InputError.at('x.conllu', 7, 'a', 'b')")
    message = "Error in rule a_rule: x.conllu, line 7: found a; allowed: b\n"
    assert (process.returncode, process.stderr) == (1, message)
    assert message in (tmp_path / "logs/a.log").read_text()
    assert not (tmp_path / "record.json").exists()


def test_any_other_error_is_a_traceback_in_the_log(tmp_path):
    process = run(tmp_path, "1 / 0")
    assert process.returncode == 1
    assert process.stderr == "Rule a_rule failed, see logs/a.log\n"
    assert "ZeroDivisionError" in (tmp_path / "logs/a.log").read_text()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_atomic_writing_leaves_nothing_after_an_error(tmp_path, kind):
    from bertology.files import atomic_file, atomic_folder

    writer = {"file": atomic_file, "folder": atomic_folder}[kind]
    with pytest.raises(RuntimeError), writer(tmp_path / "a" / "target") as temporary:
        (temporary if kind == "file" else temporary / "part").write_text("half")
        raise RuntimeError
    assert list((tmp_path / "a").iterdir()) == []
    with writer(tmp_path / "a" / "target") as temporary:
        (temporary if kind == "file" else temporary / "part").write_text("whole")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["target"]
