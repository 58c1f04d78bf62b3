"""What every script does around its one call, with a stand-in for Snakemake's object."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bertology.shortage import SETTINGS, shortage

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
    rule = {rule!r}
    log = ["logs/a.log"]
    input = Named(data="in.txt")
    output = Named(made="out.txt", provenance="record.json")
    wildcards = {wildcards!r}
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


def run(tmp_path, body, rule="a_rule", wildcards=None):
    (tmp_path / "in.txt").write_text("in")
    wildcards = wildcards or {"seed": "1"}
    program = PROGRAM.format(scripts=str(SCRIPTS), body=body, rule=rule, wildcards=wildcards)
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


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "bytearray(2**60)",
            "out of memory (MemoryError); lower tasks.parsing.batch_size or tasks.",
        ),
        (
            "import numpy; numpy.zeros(2**50)",
            "out of memory (Unable to allocate 8.00 PiB for an array with shape (1125899906842624",
        ),
        ("open('/dev/full', 'wb', 0).write(b'x')", "the disk is full ([Errno 28] No space left on"),
        (
            "raise RuntimeError('I/O error: No space left on device (os error 28)')",
            "the disk is full (I/O error: No space left on device (os error 28)); nothing half is",
        ),
    ],
)
def test_a_shortage_is_one_line_that_says_what_helps(tmp_path, body, message):
    rule, wildcards = "finetune_encoder", {"seed": "1", "task": "parsing"}
    process = run(tmp_path, body, rule=rule, wildcards=wildcards)
    assert process.returncode == 1
    assert process.stderr.startswith(f"Error in rule finetune_encoder: {message}")
    assert process.stderr.count("\n") == 1
    assert process.stderr in (tmp_path / "logs/a.log").read_text()
    assert not (tmp_path / "record.json").exists()


def test_what_pytorch_and_safetensors_say_is_understood():
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**46)
    told = shortage(error.value, "cache_activations", {})
    assert "lower activations.tokens_per_batch, or run fewer jobs" in told
    with pytest.raises(torch.OutOfMemoryError) as error:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 MiB.\nMore.")
    told = shortage(error.value, "probe_edges", {"text": "gum"})
    assert told.startswith(
        "out of memory (CUDA out of memory. Tried to allocate 2 MiB.); lower pro"
    )
    assert "probes.gum.limits" in told
    assert shortage(ValueError("something else"), "probe_edges", {"text": "gum"}) is None


def test_settings_that_are_to_be_lowered_are_there_for_every_rule_that_asks_for_more():
    repository = SCRIPTS.parent
    pairs: list[tuple[str, str]] = []
    for path in (repository / "rules").glob("*.smk"):
        bodies = re.split(r"^rule (\w+):$", path.read_text(), flags=re.MULTILINE)[1:]
        pairs += zip(bodies[::2], bodies[1::2], strict=True)
    asking = {name for name, body in pairs if "attempt" in body}
    assert asking and asking <= set(SETTINGS) <= {name for name, _ in pairs}
    config = yaml.safe_load((repository / "config.yaml").read_text())
    entries = {"{task}": next(iter(config["tasks"])), "{text}": next(iter(config["probes"]))}
    for told in SETTINGS.values():
        for path in told.split(" or "):
            value = config
            for key in path.split("."):
                value = value[entries.get(key, key)]


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
