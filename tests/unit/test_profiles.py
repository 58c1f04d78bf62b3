"""What Snakemake's own parser makes of the profiles, alone and beside a user's."""

from pathlib import Path

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
    assert rate(parsed) == (1000, 10)
    assert triggers(parsed) == set(TRIGGERS)
    assert parsed.executor is None
    assert parsed.default_resources is None


def test_the_slurm_profile_keeps_partition_and_account(parse):
    parsed = parse("--profile", "profiles/slurm")
    written = yaml.safe_load((REPOSITORY / "profiles/slurm/config.yaml").read_text())
    assert resources(parsed) == written["default-resources"]
    assert set(resources(parsed)) >= {"slurm_partition", "slurm_account", "gpu"}
    assert (parsed.executor, parsed.jobs, parsed.retries) == ("slurm", 50, 1)
    assert parsed.keep_going and parsed.show_failed_logs and parsed.rerun_incomplete
    assert triggers(parsed) == set(TRIGGERS)


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
