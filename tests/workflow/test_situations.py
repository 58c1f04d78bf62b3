"""What happens to a finished study in real life: it moves, its files change, it is written anew."""

import copy
import os
import random
import re
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from bertology.study.paths import Paths
from overlays import merged
from stale_jobs import (
    LEFT_OUT,
    ONE_TASK,
    PERTURBED,
    SIMILARITY,
    SIMILARITY_TABLES,
    STRUCTURAL_PROBES,
    TRAJECTORY,
    once,
)

pytestmark = pytest.mark.workflow
NOTES = "studies/smoke.txt"
OF_NOTES = {
    **once("fetch_corpus", "sample_stimuli", "sample_tokens"),
    "cache_activations": 14,
    "transplant_layers": 6,
    "compare_representations": 20,
    "resample_similarity": 20,
    **SIMILARITY_TABLES,
    **LEFT_OUT,
}
"""The jobs of a corpus that is read from a file, and is a stimulus set."""


def in_folder(workflow, folder):
    """The same workflow seen in another folder."""
    other = copy.copy(workflow)
    other.folder = Path(folder)
    return other


@contextmanager
def replaced(path, content, age=None):
    """Another file in the place of one while the block runs, `age` seconds older than it."""
    kept = path.with_name(f".kept-{path.name}")
    path.rename(kept)
    try:
        path.write_bytes(content)
        if age is not None:
            time = kept.stat().st_mtime - age
            os.utime(path, (time, time))
        yield
    finally:
        kept.replace(path)


# --- Moves and copies -----------------------------------------------------------------------------


def test_a_project_that_moves_has_nothing_to_do(smoke, tmp_path):
    first, second, link = tmp_path / "first", tmp_path / "a b" / "second", tmp_path / "link"
    shutil.copytree(smoke.folder, first, symlinks=True)
    assert in_folder(smoke, first).stale() == {}
    second.parent.mkdir()
    first.rename(second)
    assert in_folder(smoke, second).stale() == {}
    link.symlink_to(second)
    assert in_folder(smoke, link).stale() == {}
    told = ["--snakefile", str(link / "Snakefile"), "--directory", str(link)]
    assert in_folder(smoke, tmp_path).stale(*told, study=str(link / "studies/smoke.yaml")) == {}


def test_no_path_of_this_machine_is_recorded(smoke):
    """Snakemake's own records and ours: neither where the project lies nor where it was made."""
    for record in (smoke.folder / ".snakemake/metadata").rglob("*"):
        if record.is_file():
            text = re.sub(r'"(code|shellcmd|conda_env)": "[^"]*"', "", record.read_text())
            assert str(smoke.folder) not in text
    for record in (smoke.folder / "results").rglob("*provenance.json"):
        assert str(smoke.folder) not in record.read_text()


# --- One meaning, many spellings ------------------------------------------------------------------


def shuffled(value, chance, key=""):
    """The same in another order of keys and of sets, with 1 as 1.0."""
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: (chance.random(), item[0]))
        # Hugging Face tells numbers apart.
        return {k: v if k == "config" else shuffled(v, chance, k) for k, v in items}
    if isinstance(value, list):
        items = [shuffled(item, chance) for item in value]
        return items[::-1] if key in ("seeds", "steps", "freeze", "keep") else items
    return float(value) if type(value) is int else value


def test_what_means_the_same_has_nothing_to_do(smoke):
    """The whole study written out, its defaults too, keys shuffled, and whole numbers as floats."""
    default = yaml.safe_load((smoke.folder / "config.yaml").read_text())
    overlay = smoke.smoke_study()
    for section in overlay.pop("only"):
        default[section] = {k: v for k, v in default[section].items() if k in overlay[section]}
    whole = shuffled(merged(default, overlay), random.Random(1))
    whole["encoders"]["tiny-random"]["config"] = {}
    (smoke.folder / "whole.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
    # A file that is one mapping, and in which no key comes in its old place.
    (smoke.folder / "config.yaml").rename(smoke.folder / "kept.yaml")
    try:
        shutil.copy(smoke.folder / "whole.yaml", smoke.folder / "config.yaml")
        assert smoke.stale(study="whole.yaml") == {}
    finally:
        (smoke.folder / "kept.yaml").replace(smoke.folder / "config.yaml")


def test_two_settings_that_change_places_are_a_change(smoke):
    """Snakemake compares the values of parameters as a set, without their names."""
    with smoke.edited("studies/smoke.yaml", "{rank: 2, epochs: 1}", "{rank: 1, epochs: 2}"):
        assert smoke.stale() == STRUCTURAL_PROBES


def test_a_changed_float_is_a_change(smoke):
    old = "parsing: {epochs: 1,"
    with smoke.edited("studies/smoke.yaml", old, "parsing: {clip: 1.5, epochs: 1,"):
        assert smoke.stale() == ONE_TASK


def test_more_tokens_are_a_change(smoke):
    with smoke.edited("studies/smoke.yaml", "  tokens: 100", "  tokens: 101"):
        stale = smoke.stale()
    assert stale == {**SIMILARITY, "sample_tokens": 3, **PERTURBED, **TRAJECTORY}


def test_another_spelling_of_the_data_folder_has_nothing_to_do(smoke):
    link = smoke.folder / "link"
    link.symlink_to(".")
    try:
        for spelling in ("./studies", "rules/../studies", "link/studies", "$PWD/studies"):
            assert smoke.stale("--config", f"data_dir={spelling}") == {}, spelling
        assert smoke.stale("--config", f"data_dir={smoke.folder}/studies") == {}
        with smoke.edited("studies/smoke.yaml", "data_dir: . ", "data_dir: ~ # "):
            # ~ alone is YAML's null; with a slash it is the home folder.
            assert "data_dir: found null" in smoke.snakemake("--dry-run").stdout
        with smoke.edited("studies/smoke.yaml", "data_dir: . ", "data_dir: ~/studies # "):
            assert smoke.stale(HOME=str(smoke.folder)) == {}
        with smoke.edited(
            "studies/smoke.yaml", "test: smoke.txt", "test: ../link/./studies/smoke.txt"
        ):
            assert smoke.stale() == {}
    finally:
        link.unlink()


# --- Files of the user's --------------------------------------------------------------------------


def test_a_data_file_counts_by_content(smoke):
    path = smoke.folder / NOTES
    text = path.read_bytes()
    with replaced(path, text.swapcase(), age=10**7):
        assert smoke.stale() == OF_NOTES
    with replaced(path, text):
        # Newer than all results, and the same.
        assert smoke.stale() == {}


@pytest.fixture(scope="module")
def own_encoder(smoke):
    """A study in which the smoke study's encoder comes from a folder; its first jobs have run."""
    folder = smoke.folder / "mine"
    shutil.copytree(smoke.folder / "results/smoke/encoders/tiny", folder)
    overlay = smoke.smoke_study()
    overlay["study"] = "mine"
    encoder = {"source": "folder", "path": "mine", "layers": 2, "floor": "tiny-random"}
    overlay["encoders"] |= {"tiny": encoder}
    printed = smoke.printed
    smoke.study("mine.yaml", overlay)
    smoke.finish(*OWN, study="mine.yaml")
    smoke.printed = printed
    yield folder
    shutil.rmtree(folder)
    shutil.rmtree(smoke.folder / "results/mine")
    (smoke.folder / "mine.yaml").unlink()


OWN = ("results/mine/activations/tiny/harbour", "results/mine/encoders/tiny-random")
# The random encoder takes its settings and its tokenizer from the other one.
OF_ENCODER = {"fetch_encoder": 2, "cache_activations": 1}


def test_an_encoder_folder_counts_by_content(smoke, own_encoder):
    assert smoke.stale(*OWN, study="mine.yaml") == {}
    weights = own_encoder / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    with replaced(weights, bytes(changed), age=10**7):
        assert smoke.stale(*OWN, study="mine.yaml") == OF_ENCODER
    with replaced(weights, weights.read_bytes()):
        assert smoke.stale(*OWN, study="mine.yaml") == {}
    (own_encoder / "README.md").write_text("Not part of the encoder.\n")
    (own_encoder / "optimizer.pt").write_text("Nor is this.\n")
    assert smoke.stale(*OWN, study="mine.yaml") == {}
    added = own_encoder / "added_tokens.json"
    added.write_text("{}")
    assert smoke.stale(*OWN, study="mine.yaml") == OF_ENCODER
    added.unlink()


def test_another_spelling_of_an_encoder_folder_has_nothing_to_do(smoke, own_encoder):
    for spelling in ("./mine/", "$PWD/mine", str(own_encoder)):
        with smoke.edited("mine.yaml", "path: mine", f"path: {spelling}"):
            assert smoke.stale(*OWN, study="mine.yaml") == {}, spelling


# --- What else there is on a machine --------------------------------------------------------------


def test_broken_benchmark_files_end_no_run(smoke):
    broken = {
        "compare_domains": b"",
        "summarise_probes": b"s\th:m:s\n",
        "summarise_ablations": b"\xff\x00\n",
    }
    folder, page = (
        smoke.folder / "results/smoke/benchmarks",
        smoke.folder / "results/smoke/index.html",
    )
    with ExitStack() as stack:
        for rule, content in broken.items():
            stack.enter_context(replaced(folder / f"{rule}.tsv", content, age=0))
        page.unlink()
        process = smoke.snakemake("--cores", "1")
    assert process.returncode == 0, process.stdout[-5000:]
    assert "Traceback" not in process.stdout
    for rule in broken:
        assert re.search(rf"^{rule} +1 +0 +0 +0$", process.stdout, flags=re.MULTILINE)
    assert page.is_file()


def test_modules_of_the_users_do_not_take_the_place_of_ours(fresh, tmp_path):
    folder = tmp_path / "modules"
    (folder / "bertology").mkdir(parents=True)
    for name in ("job.py", "bertology/__init__.py", "bertology/job.py"):
        (folder / name).write_text("raise SystemExit('not ours')\n")
    target = "results/smoke/corpora/harbour/treebank"
    process = fresh.snakemake("--cores", "1", target, PYTHONPATH=str(folder))
    assert process.returncode == 0, process.stdout[-5000:]
    assert (fresh.folder / target / "train.conllu").is_file()


def test_a_study_that_asks_for_a_gpu_says_how_many_jobs_share_it_or_does_not_start(fresh, tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho GPU-a; echo GPU-b\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    machine = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    ask = ("--cores", "1", "corpora", "--config", "gpus=1")
    none = fresh.snakemake(*ask, CUDA_VISIBLE_DEVICES="", **machine)
    assert "The study asks for a GPU (gpus: 1): found none on this machine" in none.stdout
    assert none.returncode != 0
    assert "Traceback" not in none.stdout
    alone = fresh.snakemake("--dry-run", *ask, **machine)
    shared = fresh.snakemake("--dry-run", *ask, "--resources", "gpu=5", **machine)
    assert "2 GPUs, 2 jobs at a time; with --resources gpu=8, 4 would share each" in alone.stdout
    assert "2 GPUs, 5 jobs at a time." in shared.stdout
    assert not (fresh.folder / "results").exists()


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("seeds='[1,2]'", "seeds.0: found '1'; allowed: integer; this is a text: write 1 without"),
        ("seeds=[1,2]", "seeds.0: found '1'; allowed: integer; this is a text: write 1 without"),
        ("seeds=1", "seeds: found 1; allowed: array; a list stands in brackets, as [1, 2], in a"),
        ("seeds=1,2", "seeds: found '1,2'; allowed: array; a list stands in brackets, as [1, 2]"),
        (f"study={'x' * 300}", "... (300 characters); allowed: at most 64 characters"),
        ("data_dir=$NOWHERE", "data_dir: found '$NOWHERE', and no variable NOWHERE in the envi"),
    ],
)
def test_what_the_command_line_cannot_say_is_one_message(fresh, option, expected):
    process = fresh.snakemake("--dry-run", "--config", option)
    assert process.returncode != 0
    assert expected in process.stdout
    assert "Traceback" not in process.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "study: a\nstudy: b\n",
            "wrong.yaml, line 2: found the key study again, after line 1; all",
        ),
        (
            "seeds: [010]\n",
            "wrong.yaml, line 1: found seeds.0: 010, which YAML reads as 8; allowed",
        ),
        (
            "tasks: {parsing: {clip: 1e-4}}\n",
            "wrong.yaml: tasks.parsing.clip: found '1e-4'; allowed",
        ),
        (
            "corpora: {no: {text: {}}}\n",
            "wrong.yaml: corpora: found False; allowed: lower-case let",
        ),
        (
            "seeds: &x [*x]\n",
            "wrong.yaml, line 1: found seeds.0: an alias (*) of what holds",
        ),
        # These are Snakemake's own; it reads the file before we can.
        ("- a\n", "Config file must be given as JSON or YAML with keys at top level."),
        ("seeds: [1\n", "Config file is not valid JSON or YAML."),
    ],
)
def test_what_a_study_file_cannot_say_is_one_message(fresh, text, expected):
    (fresh.folder / "wrong.yaml").write_text(text)
    process = fresh.snakemake("--dry-run", study="wrong.yaml")
    assert process.returncode != 0
    assert expected in process.stdout
    assert "Traceback" not in process.stdout


# --- Names ----------------------------------------------------------------------------------------


def layout_words(folder):
    """The words that the artifacts' paths are made of and that a user may take as names."""
    rules = "".join(path.read_text() for path in sorted((folder / "rules").glob("*.smk")))
    paths = [*vars(Paths("results")).values(), *re.findall(r"\{PATHS\.\w+\}([^\"]*)\"", rules)]
    words = {word for path in paths for word in re.split(r"[/.]", path)}
    schema = yaml.safe_load((folder / "schemas/config.schema.yaml").read_text())
    name, folder_name = schema["$defs"]["name"], schema["$defs"]["folder"]
    taken = folder_name["not"]["pattern"]
    return sorted(w for w in words if re.match(name["pattern"], w) and not re.match(taken, w))


def test_no_output_of_a_study_lies_in_another_whatever_the_names(fresh):
    """Stimuli, texts, corpora, an encoder and tasks are called as folders of the layout are."""
    words = [word for word in layout_words(fresh.folder) if word not in ("models", "encoder")]
    assert {"encoders", "similarity", "weights", "tables", "tokens", "scores"} <= set(words)
    study = fresh.smoke_study()
    default = yaml.safe_load((fresh.folder / "config.yaml").read_text())
    whole = merged(default, study)
    tasks, text, corpus = whole["tasks"], whole["probes"]["village"], whole["corpora"]["village"]
    stimuli = {**whole["stimuli"]["harbour"], "corpus": "models"}
    first, encoders = words[0], whole["encoders"]
    changed = {
        "study": "activations",
        "seeds": [1],
        "encoders": {**encoders, "tiny": None, "minilm-random": None, "models": encoders["tiny"]}
        | {"tiny-random": {**encoders["tiny-random"], "like": "models"}},
        "fine_tuned_encoders": ["models"],
        "corpora": {**whole["corpora"], "models": corpus},
        "stimuli": dict.fromkeys(whole["stimuli"]) | dict.fromkeys(words, stimuli),
        "probes": {"village": None} | {word: {**text, "corpus": "models"} for word in words},
        "tasks": dict.fromkeys(tasks) | {"models": tasks["parsing"], "encoder": tasks["inference"]},
        "trajectory": {"steps": [1], "seeds": [1], "stimuli": [first], "structure": [first]},
    }
    process = fresh.snakemake("--dry-run", study=fresh.study("names.yaml", {**study, **changed}))
    assert process.returncode == 0, process.stdout[-5000:]
    lines = re.findall(r"^    output: (.*)$", process.stdout, flags=re.MULTILINE)
    outputs = {Path(name) for line in lines for name in line.split(", ")}
    assert len(outputs) > 1000
    assert not {path for path in outputs if not outputs.isdisjoint(path.parents)}


def test_caches_that_are_not_kept_go_once_they_were_read_and_nothing_is_stale(fresh):
    smoke = fresh.smoke_study()
    lean = merged(smoke, {"study": "lean", "activations": {"keep": False}})
    study = fresh.study("lean.yaml", lean)
    target = "results/lean/similarity/harbour/tiny-random.csv"
    fresh.finish(target, study=study)
    caches = fresh.folder / "results/lean/activations"
    assert sorted(path.parent.name for path in caches.rglob("*.provenance.json")) == [
        "tiny",
        "tiny-random",
    ]
    assert not list(caches.rglob("*.npy"))
    assert fresh.stale(target, study=study) == {}


def test_what_reads_caches_reads_those_of_one_model_or_two(fresh):
    """What collects a whole study would have all that are not kept made anew, whatever changes."""
    lean = merged(fresh.smoke_study(), {"study": "lean", "activations": {"keep": False}})
    process = fresh.snakemake("--dry-run", study=fresh.study("lean.yaml", lean))
    blocks = re.findall(r"^rule (\w+):\n((?: .*\n)*)", process.stdout, flags=re.MULTILINE)
    caches = r"results/lean/activations/[^\s,]+(?<!\.json)[,\s]"
    reading = {rule for rule, job in blocks if re.search(caches, job.split("output:")[0])}
    assert reading == {
        "sample_tokens",
        "compare_representations",
        "resample_similarity",
        "probe_edges",
        "probe_structure",
    }
