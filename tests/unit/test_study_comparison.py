"""A study beside a published one: equal, or each difference by name; what is published."""

import csv
import json
import shutil
from pathlib import Path

import pytest

import toy_study
from bertology.errors import InputError
from bertology.integrity.__main__ import main
from bertology.integrity.comparison import compare, same_artifacts
from bertology.integrity.lock import read_lock, sealed
from bertology.integrity.publication import LARGEST, publish
from bertology.integrity.table_differences import tables_apart
from bertology.study.paths import LOCK
from toy_study import RESULTS, TABLE, write_toy_study

PUBLISHED = Path("results/published/toy")
NAME = f"{TABLE}.csv"


@pytest.fixture(autouse=True)
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_toy_study()
    publish(RESULTS, PUBLISHED, ["*"])


def found(minor=None):
    return {
        each.place: each.found
        for each in compare(RESULTS, PUBLISHED)
        if minor in (None, each.minor)
    }


def on_another_machine():
    """Let the published study have run elsewhere."""
    lock = read_lock(PUBLISHED / LOCK)
    del lock["seal"]
    lock["machine"]["processor"] = "another"
    (PUBLISHED / LOCK).write_text(sealed(lock))


def test_a_study_equals_what_was_published_of_it(capsys, monkeypatch):
    assert found() == {}
    same, of = same_artifacts(RESULTS, PUBLISHED)
    assert same == of == 12
    command = ["", "verify", str(RESULTS), "--against", str(PUBLISHED)]
    monkeypatch.setattr("sys.argv", command)
    assert main() == 0
    assert f"equal; {of} of {of} artifacts equal to the bit.\n" in capsys.readouterr().out


def test_settings_that_differ_are_named():
    seeds = [1, 2, 4]
    write_toy_study(seeds=seeds)
    assert found() == {"configuration.seeds": f"{seeds} here, [1, 2, 3] there"}


def test_any_difference_on_the_same_machine_matters():
    write_toy_study(scores=(95.5, 95.26))
    said = "las by at most 0.01 (tolerance 0.5), on the same machine with the same code"
    assert found(minor=False) == {NAME: said}


@pytest.mark.parametrize(("score", "minor"), [(95.74, True), (95.76, False)])
def test_differences_on_another_machine_are_held_against_tolerances(score, minor):
    on_another_machine()
    write_toy_study(scores=(95.5, score))
    assert NAME in found(minor=minor)
    assert NAME not in found(minor=not minor)
    assert "machine.processor" in found(minor=True)
    assert ("BEYOND: las by at most 0.51" in found()[NAME]) == (not minor)


def test_a_table_whose_values_are_not_published_differs_by_hash():
    (PUBLISHED / "finetuning.csv").unlink()
    write_toy_study(scores=(95.5, 95.26))
    assert found(minor=False) == {NAME: "differs; its values are not published"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("finetuning.csv", NAME),
        ("claims.md", "tables/claims.md"),
        ("probes.png", "figures/probes.png"),
    ],
)
def test_what_is_published_and_not_of_its_run_is_one_message(name, path):
    (PUBLISHED / name).write_text("task,value\n")
    said = f"toy/{name}: found another content; allowed: {path} of the run that results/published"
    with pytest.raises(InputError, match=said):
        compare(RESULTS, PUBLISHED)


# --- Tables ---------------------------------------------------------------------------------------

COLUMNS = ("task", "seed", "label", "metric", "value", "low", "n", "verdict", "reason")
ROW = ("parsing", 1, "", "las", 90.0, 89.5, 600, "supported", "in 3 of 3; 0.5")


def apart(*changes, rows=3):
    """Compare a table of some equal rows with one in which cells of the second row are changed."""
    tables = [[list(ROW) for _ in range(rows)] for _ in range(2)]
    for column, value in changes:
        tables[0][1][COLUMNS.index(column)] = value
    for name, table in zip(("here", "there"), tables, strict=True):
        with Path(f"{name}.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([COLUMNS, *table])
    return tables_apart(Path("here.csv"), Path("there.csv"))


@pytest.mark.parametrize(
    ("changes", "said", "agrees"),
    [
        ([("value", 90.4)], "las by at most 0.4 (tolerance 0.5)", True),
        ([("value", 89.4)], "BEYOND: las by at most 0.6 (tolerance 0.5)", False),
        ([("low", 12.0)], "numbers differ that follow from others", True),
        ([("reason", "in 2 of 3")], "numbers differ that follow from others", True),
        ([("value", "")], "value: 1 cells, the first '' here, '90.0' there in row 2", False),
        ([("n", 599)], "n: 1 cells, the first '599' here, '600' there in row 2", False),
        (
            [("verdict", "contradicted"), ("value", 90.1)],
            "verdict: 1 cells, the first 'contradicted' here, 'supported' there in row 2; "
            "las by at most 0.1 (tolerance 0.5)",
            False,
        ),
    ],
)
def test_cells_are_judged_by_what_they_are(changes, said, agrees):
    result = apart(*changes)
    assert (result.found, result.agrees) == (said, agrees)


def test_equal_cells_are_equal_however_they_are_written():
    assert apart() is None


@pytest.mark.parametrize(
    ("column", "part", "agree"),
    [
        ("label", "X", True),
        ("label", "", False),
        ("tokens", "first", True),
        ("tokens", "all", False),
    ],
)
def test_values_of_parts_of_the_data_are_not_judged(column, part, agree):
    for name, value in (("here", "10.0"), ("there", "90.0")):
        Path(f"{name}.csv").write_text(f"{column},metric,value\n{part},f1,{value}\n")
    assert tables_apart(Path("here.csv"), Path("there.csv")).agrees == agree


def test_tables_of_other_shapes_do_not_agree():
    Path("a.csv").write_text("metric,value\nlas,1.5\n")
    Path("b.csv").write_text("metric,value\nlas,1.5\nuas,1.5\n")
    Path("c.csv").write_text("metric,score\nlas,1.5\n")
    assert tables_apart(Path("a.csv"), Path("b.csv")).found == "1 rows here, 2 there"
    assert tables_apart(Path("a.csv"), Path("c.csv")).found == "other columns"


# --- Publishing -----------------------------------------------------------------------------------


def names():
    return sorted(path.name for path in PUBLISHED.iterdir())


def test_lock_tables_claims_and_figures_are_published():
    assert names() == [
        "claims.md",
        "finetuning.csv",
        "probes.png",
        "provenance.json",
        "similarity.png",
    ]
    assert (PUBLISHED / LOCK).read_bytes() == (RESULTS / LOCK).read_bytes()


def test_what_people_wrote_is_kept_and_the_rest_replaced():
    (PUBLISHED / "README.md").write_text("By hand.\n")
    (PUBLISHED / "old.csv").touch()
    publish(RESULTS, PUBLISHED, ["probes"])
    assert names() == ["README.md", "claims.md", "finetuning.csv", "probes.png", "provenance.json"]


def test_large_tables_are_left_out_and_named():
    toy_study.job("tabulate", [], {NAME: "metric\n" + "x" * LARGEST}, f"{TABLE}.provenance.json")
    toy_study.lock()
    assert publish(RESULTS, PUBLISHED, ["*"]) == ["finetuning.csv"]
    assert "finetuning.csv" not in names()


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda: (RESULTS / NAME).write_text("a,b\n"), "found another file than the study was lo"),
        (lambda: (RESULTS / "tables/new.csv").write_text("a,b\n"), "new.csv: found another file"),
        (lambda: (RESULTS / LOCK).unlink(), "found no such file; allowed: the lock of a finished"),
    ],
)
def test_only_what_was_locked_is_published(damage, expected):
    before = names()
    damage()
    with pytest.raises(InputError, match=expected):
        publish(RESULTS, PUBLISHED, ["*"])
    assert names() == before


def test_no_absolute_path_is_published():
    toy_study.job("tabulate", [], {NAME: "file\n/data/own/x.csv\n"}, f"{TABLE}.provenance.json")
    toy_study.lock()
    with pytest.raises(
        InputError, match=r"finetuning.csv: found the path /data/own/x.csv; allowed"
    ):
        publish(RESULTS, PUBLISHED, ["*"])


def test_a_figure_that_is_not_there_is_one_message(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["", "publish", str(RESULTS), str(PUBLISHED), "--figures", "x"])
    assert main() == 2
    message = "figures/x.png: found no such file; allowed: the figures probes, similarity\n"
    assert capsys.readouterr().err.endswith(message)


def test_damage_is_printed_and_makes_the_command_fail(capsys, monkeypatch):
    (RESULTS / NAME).unlink()
    monkeypatch.setattr("sys.argv", ["", "verify", str(RESULTS)])
    assert main() == 1
    assert f"{NAME}  missing\nresults/toy: 1 damage in " in capsys.readouterr().out
    shutil.rmtree(RESULTS)
    assert main() == 2
    assert json.loads((PUBLISHED / LOCK).read_text())["study"] == "toy"
