"""The summary page's own logic; how it looks and works is tested in a browser."""

import numpy as np
import pandas as pd
import pytest

from bertology.report import summary_page
from bertology.report.summary_page import cell_text, shown_table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.123456, "0.1235"),
        (-12345.678, "-1.235e+04"),
        (7, "7"),
        (np.nan, ""),
        (None, ""),
        ("a_b", "a_b"),
        (True, "True"),
    ],
)
def test_cells_are_short_and_missing_values_are_empty(value, text):
    assert cell_text(value) == text


def test_numbers_on_the_page_are_those_of_the_table_to_four_digits(tmp_path):
    values = np.random.default_rng(0).normal(scale=100, size=50)
    table = pd.DataFrame({"name": "x", "value": values, "empty": np.nan})
    table.to_csv(tmp_path / "some_table.csv", index=False)
    shown = shown_table(tmp_path / "some_table.csv")
    assert shown["columns"] == ["name", "value"]
    assert [float(row[1]) for row in shown["rows"]] == pytest.approx(values, rel=1e-3)


def test_a_long_table_is_cut_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(summary_page, "MOST_ROWS", 3)
    pd.DataFrame({"n": range(9)}).to_csv(tmp_path / "t.csv", index=False)
    shown = shown_table(tmp_path / "t.csv")
    assert (len(shown["rows"]), shown["total"]) == (3, 9)
