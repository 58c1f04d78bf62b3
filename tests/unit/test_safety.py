"""What the code never does, whatever it is given: unpickle, run foreign code, call a shell, fetch.

By the syntax tree of all that a study runs; that it holds while it runs is tested where it runs.
"""

import ast
import json
import re
import zipfile
from pathlib import Path

import pytest

from bertology.encoder_sources import _unpack_encoder
from bertology.errors import InputError
from bertology.report.captions import filled_in
from bertology.report.summary_page import Sources, _html, write_summary_page
from bertology.study_files import read_study

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted((REPOSITORY / "workflow_scripts").rglob("*.py"))
RULES = [REPOSITORY / "Snakefile", *sorted((REPOSITORY / "rules").glob("*.smk"))]
TREES = {path: ast.parse(path.read_text()) for path in SOURCES}

NEVER_IMPORTED = {
    *("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"),
    *("pty", "commands"),
}
NETWORK = {
    *("requests", "urllib", "urllib3", "http", "socket", "ftplib"),
    *("huggingface_hub", "datasets"),
}
FETCHING = {"downloads", "hub", "encoder_sources"}
"""The modules that fetch what a configuration names, and nothing else."""
CALLING = {"gpus", "surroundings"}
"""The modules that call other programs: nvidia-smi and sinfo; git. With words of their own."""
FUNCTIONS = {
    *(f"subprocess.{name}" for name in ("Popen", "call", "check_call", "check_output")),
    *("subprocess.getoutput", "subprocess.getstatusoutput"),
    *("torch.load", "torch.save", "pd.read_pickle", "eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load"),
}
METHODS = {"to_pickle", "extractall", "extract"}


def imported(tree):
    """The packages that a module imports, by statement or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and called(node) == "importlib.import_module":
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                yield argument.value.split(".")[0]


def called(node):
    return ast.unparse(node.func)


def calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def options(call):
    return {each.arg: ast.unparse(each.value) for each in call.keywords}


def wrong(tree):
    """What of a module is not allowed."""
    found = NEVER_IMPORTED.intersection(imported(tree))
    for call in calls(tree):
        name = called(call)
        method = name.rsplit(".", 1)[-1]
        if name in FUNCTIONS or method in METHODS:
            found.add(name)
        if name == "np.load" and options(call).get("allow_pickle") != "False":
            found.add(name)
        loads = method in ("from_pretrained", "from_config")
        if loads and options(call).get("trust_remote_code") != "False":
            found.add(name)
        if "shell" in options(call):
            found.add(f"{name} with a shell")
    return found


def test_no_module_unpickles_runs_foreign_code_calls_a_shell_or_unpacks_all():
    assert {path.name: wrong(tree) for path, tree in TREES.items() if wrong(tree)} == {}


@pytest.mark.parametrize(
    "code",
    [
        *("import pickle", "from joblib import load", "subprocess.Popen(command)"),
        *("torch.load(path, weights_only=False)", "torch.save(model, path)", "frame.to_pickle(p)"),
        *("np.load(path)", "np.load(path, allow_pickle=True)", "os.system(f'ls {name}')"),
        *("AutoModel.from_pretrained(x)", "AutoModel.from_config(c, trust_remote_code=True)"),
        *(
            "archive.extractall(folder)",
            "tar.extract(member)",
            "yaml.load(text, Loader=yaml.Loader)",
        ),
        *("exec(text)", "run(command, shell=True)", "importlib.import_module('dill')"),
    ],
)
def test_what_is_not_allowed_would_be_seen(code):
    assert wrong(ast.parse(code))


def test_only_the_modules_that_fetch_know_a_network():
    using = {path.stem for path, tree in TREES.items() if NETWORK.intersection(imported(tree))}
    assert using <= FETCHING
    assert "downloads" in using


def test_only_these_modules_call_other_programs():
    using = {path.stem for path, tree in TREES.items() if "subprocess" in imported(tree)}
    assert using == CALLING


def test_a_tokenizer_and_an_encoder_are_loaded_from_this_machine_alone():
    for path, tree in TREES.items():
        for call in calls(tree):
            if re.fullmatch(r"Auto(Config|Model|Tokenizer)\.from_pretrained", called(call)):
                assert options(call).get("local_files_only") == "True", path.name


def test_no_rule_calls_a_shell():
    """Names of a configuration reach a script as values, never as a command line."""
    for path in RULES:
        text = path.read_text()
        assert not re.search(r"^\s+(shell|run|wrapper|cwl):|shell\(", text, flags=re.MULTILINE)
        assert not re.search(r"\bos\.(system|popen)|subprocess", text)


@pytest.mark.parametrize(
    "text",
    [
        "study: !!python/object/apply:os.system ['touch {ran}']",
        "study: !!python/object/new:os.system ['touch {ran}']",
        "study: !!python/name:os.system",
        "study: !!python/module:os",
        "? !!python/object/apply:os.system ['touch {ran}']\n: 1",
    ],
)
def test_tags_of_yaml_that_run_code_are_refused(text, tmp_path):
    ran, study = tmp_path / "ran", tmp_path / "study.yaml"
    study.write_text(text.format(ran=ran))
    with pytest.raises(InputError, match="not the YAML of a study"):
        read_study(study)
    assert not ran.exists()


def test_no_member_of_an_encoders_archive_escapes(tmp_path):
    """Members of the folder that holds the weights are taken, under the last part of their name."""
    folder, archive = tmp_path / "a/encoder", tmp_path / "a/joined.zip"
    folder.mkdir(parents=True)
    for home in ("../..", "/tmp", "..\\..", "inner"):
        with zipfile.ZipFile(archive, "w") as written:
            written.writestr(f"{home}/model.safetensors", b"weights")
            written.writestr(f"{home}/config.json", b"{}")
            written.writestr("../../vocab.txt", b"outside")
            written.writestr("../tokenizer.json/config.json", b"outside")
        before = {path for path in tmp_path.rglob("*") if folder not in path.parents}
        _unpack_encoder(archive, folder)
        assert {path for path in tmp_path.rglob("*") if folder not in path.parents} == before
        assert (folder / "model.safetensors").read_bytes() == b"weights"


# --- Pages ----------------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "text",
    [SCRIPT, ".. raw:: html\n\n   <script>alert(1)</script>", ".. include:: /etc/hostname"],
)
def test_prose_takes_no_html_and_no_files_from_a_study(text, tmp_path):
    (tmp_path / "methods.rst").write_text('{{ snakemake.config["name"] }}\n')
    assert text in filled_in(tmp_path / "methods.rst", {"name": text})
    assert "<script" not in _html(tmp_path / "methods.rst", {"name": text})
    host = Path("/etc/hostname")
    if host.exists() and host.read_text().strip():
        assert host.read_text().strip() not in _html(tmp_path / "methods.rst", {"name": text})


def test_the_page_escapes_what_comes_from_data(tmp_path):
    """Cells of tables, warnings, claims, settings and provenance, each with a script in it."""
    (tmp_path / "methods.rst").write_text("Methods.\n")
    (tmp_path / "table.csv").write_text(f'"{SCRIPT}a",value\n"{SCRIPT}b",1\n')
    left_out = "step,name,split,left_out,of,unit,percent,reason"
    row = ",".join([f"{SCRIPT}{name}" for name in "cde"]) + f",1,2,{SCRIPT}f,50,{SCRIPT}g"
    (tmp_path / "left_out.csv").write_text(f"{left_out}\n{row}\n")
    claim = {"verdict": "supported", "claim": f"{SCRIPT}h", "statement": f"{SCRIPT}i"}
    part = {"verdict": "supported", "part": f"{SCRIPT}j", "statement": "s", "reason": f"{SCRIPT}k"}
    claim |= {"parts": [{**part, "decides": True}], "notes": [f"{SCRIPT}l"], "paper": f"{SCRIPT}m"}
    content = {"level": 0.95, "encoders": {"e": [claim], "f": []}}
    content["about"] = {key: {"text": f"{SCRIPT}n", "check": False} for key in "ef"}
    (tmp_path / "claims.json").write_text(json.dumps(content))
    machine = {"system": f"{SCRIPT}o", "cpus": 1, "gpu": f"{SCRIPT}p"}
    record = {"rule": f"{SCRIPT}q", "started": "2000-01-01T00:00", "ended": "2000-01-01T00:00"}
    record |= {"machine": machine, "python": "3", "packages": {"x": f"{SCRIPT}r"}}
    record["outputs"] = {str(tmp_path / f"{SCRIPT}s"): "0"}
    (tmp_path / "record.json").write_text(json.dumps(record))
    sources = Sources(
        template=REPOSITORY / "report/summary_page.html.j2",
        methods=tmp_path / "methods.rst",
        claims=tmp_path / "claims.json",
        figures=[],
        tables=[tmp_path / "table.csv"],
        left_out=tmp_path / "left_out.csv",
        records=[tmp_path / "record.json"],
        benchmarks=tmp_path / "benchmarks",
    )
    titles = {"encoders": {"e": f"{SCRIPT}t"}}
    config = {"study": f"{SCRIPT}u", "titles": titles, "free": f"{SCRIPT}v"}
    write_summary_page(sources, config, tmp_path / "index.html", tmp_path / "claims.html")
    for name in ("index.html", "claims.html"):
        assert "<script>alert" not in (tmp_path / name).read_text()
    page = (tmp_path / "index.html").read_text()
    escaped = set(re.findall(r"&lt;script&gt;alert\(1\)&lt;/script&gt;([a-z])", page))
    assert escaped >= set("abcdefghijklmnopqrstuv")
