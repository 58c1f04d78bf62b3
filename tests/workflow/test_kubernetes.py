"""A study whose jobs run in pods that share nothing with Snakemake but a volume."""

import re
import shutil
import subprocess

import pytest

from kubernetes_api import kubernetes

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync, for the volume, is not here"),
]
STIMULI = "results/smoke/stimuli/harbour.jsonl"
PIP = '#!/bin/sh\necho "$@" >> {asked}\n'
"""In the place of pip in pods, whose image has the plugins that Snakemake asks it for."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    pytest.importorskip("snakemake_executor_plugin_kubernetes")
    folder = tmp_path_factory.mktemp("kubernetes")
    (folder / "bin").mkdir()
    (folder / "bin/pip").write_text(PIP.format(asked=folder / "asked.txt"))
    (folder / "bin/pip").chmod(0o700)
    (folder / "volume").mkdir()
    with kubernetes(folder, programs=folder / "bin") as running:
        yield running


def call(workflow, cluster, *arguments):
    """Run Snakemake with the profile, the test's volume in the place of the one it names."""
    volume = cluster.folder / "volume"
    return workflow.snakemake(
        *("--profile", "profiles/kubernetes", "--default-storage-prefix", str(volume)),
        *("--kubernetes-persistent-volumes", f"bertology:{volume}"),
        *("--seconds-between-status-checks", "1", *arguments),
        KUBECONFIG=str(cluster.configuration),
    )


@pytest.fixture(scope="module")
def run(cluster, new_workflow, tmp_path_factory):
    """A clone from which stimuli were drawn in pods, and what that printed."""
    workflow = new_workflow(tmp_path_factory.mktemp("clone") / "repository")
    # Snakemake hands pods what git tracks.
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=workflow.folder, check=True)
    process = call(workflow, cluster, STIMULI)
    logs = "".join(pod.log()[-3000:] for pod in cluster.pods.values())
    assert process.returncode == 0, process.stdout[-5000:] + logs
    return workflow, process.stdout


def test_jobs_in_pods_write_what_jobs_here_do(run, cluster, smoke):
    assert len(cluster.pods) == 2
    for name in (STIMULI, "results/smoke/corpora/harbour/treebank/train.conllu"):
        assert (cluster.folder / "volume" / name).read_bytes() == (smoke.folder / name).read_bytes()
    workflow, printed = run
    assert not (workflow.folder / "results").exists()
    assert "write_grammar_corpus annotation=harbour/treebank" in printed
    assert "Storing in storage" not in printed


def test_pods_get_what_rules_ask_for(run, cluster):
    first, second = (pod.container for pod in cluster.pods.values())
    memory = [each["resources"]["requests"]["memory"] for each in (first, second)]
    assert memory == ["1500M", "3000M"]
    assert first["resources"]["requests"]["nvidia.com/gpu"] == "0"
    assert first["image"] == "registry.example.org/bertology:0.1.0"
    mounts = {each["name"]: each["mountPath"] for each in first["volumeMounts"]}
    assert mounts["bertology"] == str(cluster.folder / "volume")
    assert "snakemake-storage-plugin-fs" in (cluster.folder / "asked.txt").read_text()


def test_what_is_done_stays_and_pods_go(run, cluster):
    workflow, _ = run
    assert {f"jobs/{name}" for name in cluster.pods} <= set(cluster.deleted)
    again = call(workflow, cluster, STIMULI)
    assert "Nothing to be done" in again.stdout
    assert len(cluster.pods) == 2


def test_the_whole_study_is_planned_for_pods(run, cluster):
    """But for what was drawn already."""
    workflow, _ = run
    here = workflow.snakemake("--dry-run").stdout
    there = call(workflow, cluster, "--dry-run").stdout
    planned, of_all = (int(re.search(r"(\d+) jobs to run", text)[1]) for text in (there, here))
    assert planned == of_all - 2
