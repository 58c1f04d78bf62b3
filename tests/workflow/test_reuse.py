"""Another workflow uses this one: as a module, by `include`, from a clone that lies elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.workflow

REPOSITORY = Path(__file__).resolve().parents[2]
SMOKE = yaml.safe_load((REPOSITORY / "studies/smoke.yaml").read_text())
NOTES = (REPOSITORY / "studies/smoke.txt").read_bytes()

AS_MODULE = f"""
configfile: "mine.yaml"

rule mine:
    input: "analysis/results/reused/tables/claims.md", "analysis/results/reused/index.html"

module bertology:
    snakefile: "{REPOSITORY}/Snakefile"
    config: config["study"]
    prefix: "analysis"

use rule * from bertology as bertology_*
"""
INCLUDED = f"""
configfile: "mine.yaml"
include: "{REPOSITORY}/Snakefile"

rule mine:
    input: rules.claims.input
    output: "claims.txt"
    shell: "cat {{input}} > {{output}}"
"""


def run(folder, *arguments, **environment):
    """Run Snakemake in a folder; return the finished process, `stdout` with all that it printed."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(folder, *arguments):
    process = run(folder, *arguments)
    assert process.returncode == 0, process.stdout[-20000:]
    return process.stdout


def jobs(printed):
    """How many jobs of each rule a dry run lists."""
    table = printed.split("Job stats:")[1].split("total")[0]
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}


@pytest.fixture
def importing(tmp_path):
    """Write a workflow that uses this one, with a study of its own and its text in `texts/`."""

    def write(snakefile, **changes):
        (tmp_path / "texts").mkdir()
        (tmp_path / "texts/smoke.txt").write_bytes(NOTES)
        (tmp_path / "Snakefile").write_text(snakefile)
        study = {**SMOKE, "study": "reused", "data_dir": "texts", **changes}
        whole = study if snakefile == INCLUDED else {"study": study, "of_mine": 1}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(whole))
        return tmp_path

    return write


def test_as_a_module_with_configuration_and_prefix_of_its_own(importing):
    folder = importing(AS_MODULE)
    printed = finish(folder, "--dry-run")
    assert "rule mine:" in printed, "the importing workflow's first rule is the default"
    found = jobs(printed)
    assert found.pop("mine") == 1
    assert {name.split("_")[0] for name in found} == {"bertology"}
    assert found["bertology_finetune_encoder"] == len(SMOKE["seeds"]) * 3
    written = re.findall(r"^    (?:output|log|benchmark): (.*)$", printed, flags=re.MULTILINE)
    assert all(path.startswith("analysis/") for line in written for path in line.split(", "))
    assert "input: texts/smoke.txt\n" in printed, "the prefix is not the user's files'"
    template = re.search(r"[^ ]*report/summary_page.html.j2", printed)[0]
    assert (folder / template).is_file(), "nor that of the workflow's own"


def test_jobs_of_a_module_run_and_say_what_they_are(importing):
    folder = importing(AS_MODULE)
    results = folder / "analysis/results/reused"
    finish(folder, "analysis/results/reused/activations/tiny/notes")
    assert (results / "activations/tiny/notes/layer_02.npy").is_file()
    record = json.loads((results / "corpora/notes/text.provenance.json").read_text())
    assert record["rule"] == "bertology_fetch_corpus"
    assert list(record["inputs"]) == ["texts/smoke.txt"]
    assert not (folder / "results").exists()
    assert "Nothing to be done" in finish(folder, *record["outputs"])


def test_two_studies_in_one_workflow(importing):
    second = AS_MODULE[AS_MODULE.index("module ") :].replace("bertology", "second")
    second = second.replace('config["study"]', '{**config["study"], "seeds": [1, 2, 3]}')
    folder = importing(AS_MODULE + second.replace('"analysis"', '"again"'))
    (folder / "mine.yaml").write_text(yaml.safe_dump({"study": {**SMOKE, "data_dir": "texts"}}))
    found = jobs(finish(folder, "bertology_models", "second_models", "--dry-run"))
    assert (found["bertology_finetune_encoder"], found["second_finetune_encoder"]) == (6, 9)


def test_a_mistake_in_what_a_module_is_given_is_one_message(importing):
    process = run(importing(AS_MODULE, seeds=["one"], data_dir="nowhere"), "--dry-run")
    assert process.returncode != 0
    assert "configuration of module bertology: seeds.0: found 'one'; allowed: integer" in (
        process.stdout
    )
    assert "Traceback" not in process.stdout


def test_a_module_that_is_no_clone_is_one_message(importing, tmp_path):
    """`github(...)` brings Snakefiles alone; here git finds that address on this machine."""
    hub = tmp_path / "hub/team/study.git"
    shutil.copytree(REPOSITORY / "rules", hub / "rules")
    shutil.copy(REPOSITORY / "Snakefile", hub)
    told = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet", "-b", "main"], ["add", "."], ["commit", "--quiet", "-mx"]):
        subprocess.run(["git", *told, *command], cwd=hub, check=True)
    address = 'github("team/study", path="Snakefile", branch="main")'
    process = run(
        importing(AS_MODULE.replace(f'"{REPOSITORY}/Snakefile"', address)),
        "--dry-run",
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.file://{tmp_path}/hub/.insteadOf",
        GIT_CONFIG_VALUE_0="https://github.com/",
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert process.returncode != 0
    assert "allowed: that of a clone on this machine" in process.stdout
    assert "Traceback" not in process.stdout


def test_included_with_a_configuration_of_its_own(importing):
    printed = finish(importing(INCLUDED), "--dry-run")
    assert "Study reused: 1 encoder (tiny)" in printed
    found = jobs(printed)
    assert (found["mine"], found["judge_claims"]) == (1, 1)
    assert "input: texts/smoke.txt\n" in printed


def test_from_a_clone_elsewhere_with_its_studies_files(tmp_path):
    study = str(REPOSITORY / "studies/smoke.yaml")
    told = ["--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", study]
    finish(tmp_path, "results/smoke/stimuli/notes.jsonl", *told)
    notes = tmp_path / "results/smoke/corpora/notes/text/test.txt"
    assert len(notes.read_text().splitlines()) == len(NOTES.decode().splitlines())
    assert "write_summary_page" in jobs(finish(tmp_path, "--dry-run", *told))
