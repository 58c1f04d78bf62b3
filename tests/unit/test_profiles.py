"""What Snakemake's own parser makes of the profiles, alone and beside a user's."""

import html
import re
import subprocess
from pathlib import Path

import networkx as nx
import pytest
import yaml
from snakemake.cli import parse_args

REPOSITORY = Path(__file__).resolve().parents[2]
TRIGGERS = ["mtime", "params", "input", "software-env"]
SITE = {
    "executor": "slurm",
    "jobs": 7,
    "keep-going": False,
    "rerun-incomplete": False,
    "show-failed-logs": False,
    "max-jobs-per-timespan": "3/7s",
    "latency-wait": 11,
    "retries": 5,
    "default-resources": {"slurm_partition": "site", "slurm_account": "mine", "mem_mb": 777},
    "set-resources": {"finetune_encoder": {"slurm_partition": "gpu"}},
}


@pytest.fixture
def parse(monkeypatch):
    """Parse a command line as `snakemake` does, in the repository's folder."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    return lambda *arguments: parse_args(["--cores", "1", *arguments])[1]


def resources(parsed):
    """The default resources as they were written, without those that Snakemake adds itself."""
    given = parsed.default_resources or {}
    return {name: given[name].raw for name in given if name != "tmpdir"}


def triggers(parsed):
    return {trigger.name.lower().replace("_", "-") for trigger in parsed.rerun_triggers}


def rate(parsed):
    limit = parsed.max_jobs_per_timespan
    return limit.max_jobs, limit.timespan


def test_snakemake_alone_takes_the_triggers_and_nothing_else(parse):
    parsed = parse()
    assert triggers(parsed) == set(TRIGGERS)
    assert not (parsed.keep_going or parsed.show_failed_logs or parsed.rerun_incomplete)
    assert parsed.default_resources is None
    assert (parsed.cores, parsed.jobs, parsed.executor) == (1, None, None)


def test_the_local_profile_goes_on_after_a_failure(parse):
    parsed = parse("--profile", "profiles/local")
    assert parsed.keep_going and parsed.show_failed_logs and parsed.rerun_incomplete
    assert triggers(parsed) == set(TRIGGERS)
    assert parsed.executor is None
    assert parsed.default_resources is None


def test_the_slurm_profile_keeps_partition_and_account(parse):
    parsed = parse("--profile", "profiles/slurm")
    written = yaml.safe_load((REPOSITORY / "profiles/slurm/config.yaml").read_text())
    assert resources(parsed) == written["default-resources"]
    assert set(resources(parsed)) >= {"slurm_partition", "slurm_account", "gpu"}
    assert (parsed.executor, parsed.jobs, parsed.retries) == ("slurm", 50, 2)
    assert parsed.keep_going and parsed.show_failed_logs and parsed.rerun_incomplete
    assert triggers(parsed) == set(TRIGGERS)
    assert rate(parsed) == (1000, 10)


@pytest.mark.parametrize("option", ["--profile", "--workflow-profile"])
def test_a_profile_of_the_users_survives(parse, tmp_path, option):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(SITE))
    parsed = parse(option, str(folder))
    assert (parsed.executor, parsed.jobs) == ("slurm", 7)
    assert not (parsed.keep_going or parsed.rerun_incomplete or parsed.show_failed_logs)
    assert rate(parsed) == (3, 7)
    assert (parsed.latency_wait, parsed.retries) == (11, 5)
    site = SITE["default-resources"]
    assert {name: resources(parsed)[name] for name in site} == site
    # What Snakemake adds to any default resources, and nothing of ours.
    assert set(resources(parsed)) - set(site) == {"disk_mb"}
    assert parsed.set_resources["finetune_encoder"]["slurm_partition"].raw == "gpu"
    assert ("code" in triggers(parsed)) == (option == "--workflow-profile")


def test_what_the_command_line_says_wins(parse):
    parsed = parse("--profile", "profiles/slurm", "--default-resources", "slurm_partition=mine")
    assert resources(parsed)["slurm_partition"] == "mine"
    assert "slurm_account" not in resources(parsed)


def test_the_workflow_profile_says_one_thing():
    written = yaml.safe_load((REPOSITORY / "profiles/default/config.yaml").read_text())
    assert written == {"rerun-triggers": TRIGGERS}


# --- The jobs of a cluster ------------------------------------------------------------------------

LONG = {"finetune_encoder", "trace_encoder", "ablate_layers", "perturb_encoder", "revert_layers"}
LONG |= {"probe_edges", "probe_structure"}


def graph_of_rules():
    """Which rule reads what which writes, as docs/rules.svg draws it."""
    titles = re.findall(r"<title>(.*)</title>", (REPOSITORY / "docs/rules.svg").read_text())
    edges = [html.unescape(title).split("->") for title in titles]
    return nx.DiGraph(edge for edge in edges if len(edge) == 2)


def local_rules():
    """Rules that say so, and those that only name what others make."""
    files = [REPOSITORY / "Snakefile", *(REPOSITORY / "rules").glob("*.smk")]
    rules = [block for path in files for block in re.split(r"^rule ", path.read_text(), flags=re.M)]
    return {
        rule.partition(":")[0]
        for rule in rules
        if "\n    localrule: True\n" in rule or "\n    output:\n" not in rule
    }


def test_every_short_job_of_slurm_is_in_a_group_and_no_long_one(parse):
    parsed = parse("--profile", "profiles/slurm")
    rules = set(graph_of_rules()) - local_rules()
    assert set(parsed.groups) == rules - LONG
    assert set(parsed.group_components) == set(parsed.groups.values())
    # A job of Slurm asks for as much as its largest, not for the sum.
    assert parsed.cores == 1


def test_no_group_waits_for_a_job_that_waits_for_it(parse):
    """However many of its jobs are put together, and whatever the study."""
    groups = parse("--profile", "profiles/slurm").groups
    together = nx.DiGraph(
        (groups.get(before, before), groups.get(after, after))
        for before, after in graph_of_rules().edges
    )
    together.remove_edges_from(list(nx.selfloop_edges(together)))
    assert nx.is_directed_acyclic_graph(together)


def test_ten_minutes_without_slurm_are_bridged(parse):
    """The executor forgets its jobs when all attempts of one look at the queue fail."""
    parsed = parse("--profile", "profiles/slurm")
    assert parsed.slurm_status_attempts / parsed.max_status_checks_per_second >= 600


def test_the_profile_of_another_scheduler_has_its_commands(parse):
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    parsed = parse("--profile", "profiles/generic")
    assert parsed.executor == "cluster-generic"
    for name in ("partition", "mem_mb", "runtime", "gpu"):
        assert f"{{resources.{name}}}" in parsed.cluster_generic_submit_cmd
        assert name in resources(parsed)
    status = REPOSITORY / parsed.cluster_generic_status_cmd
    assert status.stat().st_mode & 0o111
    assert parsed.cluster_generic_cancel_cmd == "scancel"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("echo COMPLETED", "success"),
        ("echo PENDING", "running"),
        ("echo COMPLETING", "running"),
        ("echo TIMEOUT", "failed"),
        ("echo CANCELLED", "failed"),
        ("echo slurm_load_jobs error: Invalid job id specified >&2; exit 1", "failed"),
        ("echo slurm_load_jobs error: Unable to contact slurm controller >&2; exit 1", "running"),
    ],
)
def test_the_state_of_a_job_is_one_word(tmp_path, monkeypatch, answer, word):
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/sh\n{answer}\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    status = REPOSITORY / "profiles/generic/status.sh"
    done = subprocess.run([status, "7"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{word}\n"
