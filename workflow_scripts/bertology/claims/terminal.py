"""The verdicts as a few lines of text, for the end of a run."""

import csv
import textwrap
from datetime import datetime
from pathlib import Path

from bertology.claims.about import CHECK

WIDTH = 100


def claims_summary(table: Path) -> str:
    """Return a line for each claim and part of a table with the columns tables.CLAIMS.

    It names the time of the table: a run that ends at an earlier target leaves the table as it was.
    Without pandas, which the top level does not import.
    """
    tested = datetime.fromtimestamp(table.stat().st_mtime)
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    lines = [f"Claims of the paper, tested {tested:%Y-%m-%d %H:%M} (reasons in claims.md):"]
    for encoder in dict.fromkeys(row["encoder"] for row in rows):
        of_encoder = [row for row in rows if row["encoder"] == encoder]
        lines += _about(of_encoder[0])
        lines += [_line(row) for row in of_encoder]
    return "\n".join(lines)


def _about(row: dict[str, str]) -> list[str]:
    """Say what the verdicts on an encoder are about."""
    text = row["about"] + (f". {CHECK}" if row["check"] == "1" else "")
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _line(row: dict[str, str]) -> str:
    name = f"      {row['part']}" if row["part"] else f"    {row['claim']}"
    start = f"{name:<10}{row['verdict']:<14}"
    return textwrap.fill(row["statement"], WIDTH, initial_indent=start, subsequent_indent=" " * 24)
