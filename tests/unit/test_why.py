"""Why jobs would run, in words: for reasons as Snakemake's objects have them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from bertology.run_times import Times
from bertology.why import Planned, changed_settings, own_reason, why_table

NONE = {
    **dict.fromkeys(("forced", "software_stack_changed", "input_changed"), False),
    **dict.fromkeys(("incomplete_output", "missing_output", "updated_input"), ()),
    "params_changed": None,
}


def planned(rule="tune", after=(), benchmark="nowhere", **reason):
    return Planned(rule, SimpleNamespace(**NONE | reason), frozenset(after), Path(benchmark))


def params(before, now):
    texts = [{repr(value) for value in values} for values in (before, now)]
    return SimpleNamespace(only_old=texts[0], only_new=texts[1])


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (["0123456789abcdef"], ["0123456789abcdee"], ["its code"]),
        (
            [{"learning_rate": 0.1, "limits": {"train": None, "dev": 3}, "clip": 1}],
            [{"learning_rate": 0.2, "limits": {"train": 5, "dev": 3}, "clip": 1}],
            ["learning_rate 0.1 → 0.2", "limits.train nothing → 5"],
        ),
        ([{"a": 1}, {"b": 1, "c": 1}], [{"b": 2, "c": 1}, {"a": 2}], ["a 1 → 2", "b 1 → 2"]),
        (["float32"], ["bfloat16"], ["float32 → bfloat16"]),
        ([[1, 2]], [[1, 2, 3]], ["[1, 2] → [1, 2, 3]"]),
        ([[{"seed": 1}]], [[{"seed": 1}, {"seed": 2}]], ["1 rows → 2"]),
        ([[{"seed": 1}]], [[{"seed": 2}]], ["other rows"]),
        ([7], [], ["no more 7"]),
        ([float("nan")], [0.5], ["nan → 0.5"]),
        ([], [{"new": "x" * 99}], ["now {'new': '" + "x" * 30 + "…"]),
        (["0123456789abcdef", 3], ["0123456789abcdee", 4], ["its code", "3 → 4"]),
    ],
)
def test_settings_are_told_by_what_differs_in_them(before, now, said):
    texts = params(before, now)
    assert sorted(changed_settings(texts.only_old, texts.only_new)) == sorted(said)


def test_edited_files_are_named_where_code_has_changed():
    texts = params(["0123456789abcdef"], ["0123456789abcdee"])
    said = changed_settings(texts.only_old, texts.only_new, ["a.py", "b.py", "c.py", "d.py"])
    assert said == ["its code: a.py, b.py, c.py and 1 more"]
    assert changed_settings({"1"}, {"2"}, ["a.py"]) == ["1 → 2"]


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (planned(after=("prepare", "fetch")), ""),
        (planned(missing_output={"a"}, after=("prepare",)), "not there yet"),
        (planned(forced=True), "asked for"),
        (planned(incomplete_output={"a"}), "not finished"),
        (planned(software_stack_changed=True), "another environment"),
        (planned(updated_input={"b.rst", "a.rst"}), "newer: a.rst and 1 more"),
        (
            planned(input_changed=True, params_changed=params([1], [2])),
            "made from other files; 1 → 2",
        ),
    ],
)
def test_a_job_says_its_own_reason(job, said):
    assert own_reason(job) == said


def test_jobs_without_a_reason_of_their_own_come_after_others():
    jobs = [planned(after=("b", "a")), planned(after=("c", "b", "d")), planned(forced=True)]
    lines = why_table(jobs, Times(Path("nowhere")))
    assert [line.split(maxsplit=3) for line in lines[1:3]] == [
        ["tune", "2", "?", "after a, b, c and 1 more"],
        ["tune", "1", "?", "asked for"],
    ]


def took(folder, name, seconds):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\tmax_rss\n{seconds}\t1\n")
    return path


def test_times_are_the_jobs_own_or_else_those_of_its_rule_and_what_is_unknown_is_marked(tmp_path):
    own = took(tmp_path, "tune/a.tsv", 10)
    took(tmp_path, "tune/b.tsv", 30)
    jobs = [planned(benchmark=own), planned(benchmark=tmp_path / "tune/new.tsv")]
    table = why_table([*jobs, planned("draw", after=("tune",))], Times(tmp_path))
    assert [line.split(maxsplit=3) for line in table[1:3]] == [
        ["tune", "2", "30", "s  after"],
        ["draw", "1", "?", "after tune"],
    ]
    assert table[-1].split() == ["all", "3", ">", "30", "s"]


def test_lines_are_rules_and_reasons_in_the_order_in_which_rules_run():
    jobs = [planned("b"), planned("a", forced=True), planned("b", forced=True), planned("b")]
    lines = [line.split() for line in why_table(jobs, Times(Path("nowhere")))]
    assert [line[:2] for line in lines] == [
        *(["rule", "jobs"], ["b", "2"], ["b", "1"], ["a", "1"], ["all", "4"]),
    ]
