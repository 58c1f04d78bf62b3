"""What people see of a study: a line before it starts, a line for each job, and why one failed."""

import re
from pathlib import Path

import pytest

from stale_jobs import once

pytestmark = pytest.mark.workflow
README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_example_of_the_readme_plans_what_it_names(fresh):
    """Its YAML as it is printed, but for the commit hash that is left to the reader."""
    text = README.read_text()
    example = re.search(r"^```yaml\n(study: mine\n.*?)^```$", text, flags=re.M | re.S)[1]
    study = fresh.folder / "studies/mine.yaml"
    study.write_text(example.replace("<the full commit hash>", "c0ffee01" * 5))
    (fresh.folder / "data").mkdir()
    for name in re.findall(r"[\w-]+\.(?:conllu|jsonl)", example):
        (fresh.folder / "data" / name).write_text("Only its name and content count here.\n")
    planned = fresh.stale(study="studies/mine.yaml", HOME=str(fresh.folder))
    seeds, ablations, steps = 3, 3, 2
    encoders = 2 + seeds  # pretrained, random, tuned
    followed = {
        "finetune_encoder": seeds,
        "ablate_layers": seeds * ablations,
        "perturb_encoder": seeds,
        # Stimuli and probed text of each encoder, stimuli of each step and of perturbed ones.
        "cache_activations": 2 * encoders + steps + seeds,
        # Random, pretrained (permuted; step 0), tuned, perturbed, layers alone; steps.
        "compare_representations": 1 + 1 + 3 * seeds + steps,
        "resample_similarity": 1 + 1 + 3 * seeds,
        "trace_encoder": 1,
        "transplant_layers": seeds,
        "revert_layers": seeds,
        "compare_weights": 1 + seeds,
        "probe_edges": 3 * seeds,
        "probe_structure": 3 * seeds,
        "fetch_corpus": 2,
        "fetch_encoder": 2,
        "prepare_probe": 2,
        **once("prepare_task", "sample_stimuli", "sample_tokens", "gather_probe_text"),
    }
    assert {rule: planned[rule] for rule in followed} == followed
    assert all(planned[rule] == 1 for rule in planned if rule not in followed)
    said = int(re.search(r"That is (\d+) jobs", text)[1])
    assert said == sum(planned.values()) + 1  # the target itself
    assert said < 140


def test_snakemake_looks_for_jobs_when_one_has_ended_and_not_each_second(fresh):
    """By its own default, it would ever more often (rules/run.smk)."""
    process = fresh.snakemake("--cores", "1", "--verbose", "corpora")
    assert process.returncode == 0, process.stdout
    looked = process.stdout.count("Ready jobs: ")
    ended = len(re.findall(r"\d+ of \d+ steps", process.stdout))
    assert 0 < looked <= ended


def test_over_a_pipe_each_job_is_one_line_and_a_failed_one_shows_why(fresh):
    (fresh.folder / "bad.conllu").write_text("1\tGo\tgo\tVERB\tVB\t_\t7\troot\t_\t_\n\n")
    corpora = {"bad": {"treebank": {"source": "files", "test": "bad.conllu"}}}
    study = fresh.study("broken.yaml", {"study": "broken", "data_dir": ".", "corpora": corpora})
    good, bad = "results/broken/corpora/market/inference", "results/broken/corpora/bad/treebank"
    process = fresh.snakemake("--cores", "1", good, bad, study=study)
    assert process.returncode != 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", process.stdout)
    lines = process.stdout.splitlines()
    plan = (
        "Study broken: 1 encoder (minilm); 3 tasks (inference, parsing, question_answering); "
        "3 seeds (1, 2, 3); 2 jobs to run."
    )
    assert lines.count(plan) == 1
    jobs = [line.split(" ", 1)[1].split(",")[0] for line in lines if re.match(r"\d\d:\d\d:", line)]
    assert sorted(job.split(" ", 1)[1] for job in jobs) == [
        "FAILED: fetch_corpus annotation=bad/treebank",
        "write_grammar_corpus annotation=market/inference",
    ]
    log = "results/broken/logs/fetch_corpus/bad/treebank.log"
    at = lines.index(f"    log: {log}")
    assert "FAILED" in lines[at - 1]
    assert lines[at + 1] == (
        "    | Error in rule fetch_corpus: bad.conllu, line 1: found HEAD 7; "
        "allowed: 0 to 1, the number of words"
    )
    assert f"    output: {good}" not in process.stdout
    (whole,) = (fresh.folder / ".snakemake/log").glob("*.log")
    assert f"    output: {good}" in whole.read_text()


def test_a_dry_run_says_what_the_study_will_do_and_no_walls_of_files(fresh):
    shown = fresh.snakemake("--dry-run").stdout
    plan = "Study smoke: 1 encoder (tiny); 3 tasks (inference, parsing, question_answering); 2 see"
    assert len(re.findall(f"^{re.escape(plan)}", shown, flags=re.M)) == 1
    (target,) = re.findall(r"^target all:\n.*\n.*$", shown, flags=re.M)
    assert re.fullmatch(r"target all:\n    \d+ files\n    reason: [^/]+", target)
    assert "localrule all:" not in shown and "rule all:" not in shown


def test_verbose_is_snakemakes_own_display(fresh):
    target = "results/smoke/corpora/notes/text"
    shown = fresh.snakemake("--cores", "1", "--verbose", target).stdout
    assert f"    output: {target}" in shown
    assert "Study smoke:" not in shown


def rows_of_reasons(workflow):
    """What a quiet dry run says of each rule: jobs, time, why."""
    shown = workflow.snakemake("--dry-run", "--quiet").stdout
    assert "output:" not in shown and "dry-run" not in shown
    table = re.findall(r"^(\w+) +(\d+|jobs)  +(.*?)(?:  (.*))?$", shown, flags=re.MULTILINE)
    return {rule: tuple(cells) for rule, *cells in table}


def test_a_quiet_dry_run_says_why_each_rule_would_run_and_how_long_that_takes(smoke):
    old, new = "parsing: {epochs: 1,", "parsing: {learning_rate: 0.1, epochs: 1,"
    with smoke.edited("studies/smoke.yaml", old, new):
        rows = rows_of_reasons(smoke)
    jobs, time, why = rows["finetune_encoder"]
    assert (jobs, why) == ("2", "learning_rate 0.0001 → 0.1")
    assert re.fullmatch(r"\d+ (s|min)", time)
    assert rows["compare_weights"][2] == "after finetune_encoder"
    assert list(rows)[-1] == "all" and "?" not in {time for _, time, _ in rows.values()}
    assert "Nothing to be done" in smoke.snakemake("--dry-run", "--quiet").stdout


def test_a_dry_run_without_its_rules_is_the_table_of_jobs_alone(fresh):
    shown = fresh.snakemake("--dry-run", "--quiet", "rules").stdout
    assert re.search(r"^finetune_encoder +6$", shown, flags=re.MULTILINE)
    # As benchmarks/large_study.py reads it.
    assert re.search(r"^total +\d+$", shown, flags=re.MULTILINE)
    assert "rule finetune_encoder" not in shown
    assert "not there yet" not in shown


def test_a_quiet_dry_run_names_the_edited_module(smoke):
    old = "def collect_trajectory("
    with smoke.edited(
        "workflow_scripts/bertology/trajectory.py", old, f"CHANGED = True\n\n\n{old}"
    ):
        rows = rows_of_reasons(smoke)
    assert rows["tabulate_trajectory"][2] == "its code: trajectory.py"
    assert rows["plot_figure"][2] == "after tabulate_trajectory"
