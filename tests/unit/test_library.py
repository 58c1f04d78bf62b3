"""The package as others install it: what docs/library.md promises, without the repository."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement

import bertology
from bertology import InputError, probe_vectors

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs/library.md").read_text()
FROM_A_CACHE, FROM_ARRAYS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
LAYERS, TAGS = 3, ("NOUN", "VERB", "ADP")
TELLING = 2
"""The layer in which tags can be read."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder in which pip has installed the package, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(REPOSITORY)], check=True)
    return folder


def run(code, folder, installed):
    """Run code in a folder with the installed package alone; return what it printed."""
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"},
        text=True,
        capture_output=True,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def vectors(tags, generator):
    """Layers of noise, in one of which a dimension tells each tag."""
    layers = generator.normal(size=(LAYERS, len(tags), 8))
    layers[TELLING, :, :3] += 5 * (np.array(tags)[:, None] == TAGS)
    return layers.astype(np.float16)


def write_cache(folder, layers, tags):
    folder.mkdir(parents=True)
    for number, layer in enumerate(layers):
        np.save(folder / f"layer_{number:02}.npy", layer)
    sentences = [f"s{number // 10}" for number in range(len(tags))]
    tokens = pd.DataFrame({"sentence": sentences, "tag": tags, "first": True})
    tokens.to_parquet(folder / "tokens.parquet")


def test_the_example_reads_caches_of_a_study(tmp_path, installed):
    """Planted: layer 0 stays, layer 1 is another, layer 2 tells the tags before and not after."""
    generator = np.random.default_rng(1)
    tags = generator.choice(TAGS, size=400)
    before = vectors(tags, generator)
    after = np.stack([before[0], *generator.normal(size=(2, 400, 8)).astype(np.float16)])
    caches = tmp_path / "results/default/activations/minilm"
    write_cache(caches / "harbour", before, tags)
    write_cache(caches / "parsing/full/seed-1/harbour", after, tags)
    printed = run(FROM_A_CACHE, tmp_path, installed)
    same, *others = map(float, re.search(r"itself: \[(.*)\]", printed)[1].split())
    assert same == 1 and max(others) < 0.2
    told_before, told_after = (
        float(re.findall(rf"^{TELLING + 1} +{TELLING} +([\d.]+)", part, flags=re.MULTILINE)[0])
        for part in printed.split("before\n")[1].split("after\n")
    )
    assert told_before > 90
    assert told_after < 60


def test_the_example_on_arrays_runs(tmp_path, installed):
    printed = run(FROM_ARRAYS, tmp_path, installed)
    first, second, third = map(float, printed[1 : printed.index("]")].split())
    assert first > second > third


def test_what_is_installed_is_the_package_with_its_data_and_types(tmp_path, installed):
    here = REPOSITORY / "workflow_scripts/bertology"
    ours = {p.relative_to(here) for p in here.rglob("*") if p.suffix != ".pyc" and p.is_file()}
    theirs = {p.relative_to(installed / "bertology") for p in (installed / "bertology").rglob("*")}
    assert ours <= theirs
    assert {Path("py.typed"), Path("__init__.pyi")} <= theirs
    where = "import bertology, bertology.corpora.grammar.write; print(bertology.__file__)"
    assert run(where, tmp_path, installed).startswith(str(installed))


def test_types_reach_those_who_import_it(tmp_path, installed):
    (tmp_path / "use.py").write_text(
        "import numpy as np\nfrom bertology import open_activations, probe_vectors, rsa\n"
        "reveal_type(rsa([np.zeros((4, 2))], [np.zeros((4, 2))]))\n"
        "reveal_type(open_activations)\nprobe_vectors(1, [], [])\nfrom bertology import nothing\n"
    )
    # Large libraries are left out: what they say of themselves would take a minute.
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\n[mypy-torch.*,pandas.*,pyarrow.*,scipy.*,transformers.*]\n"
        "follow_imports = skip\nignore_missing_imports = True\n"
    )
    process = subprocess.run(
        [sys.executable, "-m", "mypy", "use.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": "", "MYPYPATH": str(installed)},
        text=True,
        capture_output=True,
    )
    lines = [line for line in process.stdout.splitlines() if line.startswith("use.py")]
    assert re.search(r"use.py:3: .*ndarray\[", lines[0])
    assert 'def (folder: pathlib.Path) -> bertology.activations.Activations"' in lines[1]
    assert lines[2].startswith('use.py:5: error: Argument 1 to "probe_vectors"')
    assert lines[3].startswith('use.py:6: error: Module "bertology" has no attribute "nothing"')


def test_the_page_names_what_the_package_offers():
    rows = re.findall(r"^\| `(\w+)", PAGE, flags=re.MULTILINE)
    stub = (REPOSITORY / "workflow_scripts/bertology/__init__.pyi").read_text()
    assert sorted(rows) == sorted(bertology.__all__)
    assert sorted(re.findall(r"as (\w+)$", stub, flags=re.MULTILINE)) == sorted(bertology.__all__)
    for name in bertology.__all__:
        assert getattr(bertology, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = bertology.nothing


def test_importing_it_loads_nothing_else(tmp_path, installed):
    code = "import sys, bertology; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    assert run(code, tmp_path, installed).strip() == "[]"


def test_it_needs_what_the_workflow_is_tested_with():
    text = (REPOSITORY / "requirements.txt").read_text()
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", text, flags=re.MULTILINE))
    for line in PROJECT["dependencies"]:
        needed = Requirement(line)
        assert needed.specifier.contains(pinned[needed.name]), line


# --- Probes on arrays -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labelled():
    generator = np.random.default_rng(2)
    tags = generator.choice(TAGS, size=500, p=[0.5, 0.3, 0.2])
    splits = np.array(["train", "train", "train", "dev", "test"] * 100)
    return list(vectors(tags, generator)), tags, splits


def test_a_probe_finds_what_was_planted_where_it_was(labelled):
    layers, tags, splits = labelled
    scores = probe_vectors(layers, tags, splits).set_index("input")
    assert list(scores.index) == ["mix", "0", "1", "2"]
    assert scores.f1[str(TELLING)] > 95 and scores.f1["mix"] > 90
    assert scores.f1[["0", "1"]].max() < 65
    most = pd.Series(tags[splits == "train"]).mode()[0]
    assert scores.majority_f1.unique() == pytest.approx(
        [100 * (tags[splits == "test"] == most).mean()]
    )


def test_a_probe_is_the_same_again_and_test_labels_are_not_learnt(labelled):
    layers, tags, splits = labelled
    first = probe_vectors(layers, tags, splits)
    pd.testing.assert_frame_equal(first, probe_vectors(layers, list(tags), list(splits)))
    shuffled = tags.copy()
    shuffled[splits == "test"] = np.random.default_rng(3).permutation(tags[splits == "test"])
    assert probe_vectors(layers, shuffled, splits).f1.max() < 65


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda x, y, s: ([x[0], x[1][:9]], y, s),
            r"layers: found the shapes \[\(9, 8\), \(500, 8",
        ),
        (lambda x, y, s: ([], y, s), r"layers: found the shapes \[\]; allowed: one"),
        (lambda x, y, s: ([x[0][:, 0]], y, s), r"layers: found the shapes \[\(500,\)\]; allowed: "),
        (lambda x, y, s: (x, y[1:], s), r"labels: found \(499,\); allowed: \(500,\), as vectors"),
        (lambda x, y, s: (x, y, s[1:]), r"splits: found \(499,\); allowed: \(500,\)"),
        (lambda x, y, s: (x, y, ["train"] * 500), r"splits: found \['train'\]; allowed: all of"),
        (
            lambda x, y, s: (x, np.where(s == "dev", "X", y), s),
            r"labels: found \['X'\], which train has not; allowed: labels of train",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(labelled, change, message):
    with pytest.raises(InputError, match=message):
        probe_vectors(*change(*labelled))
