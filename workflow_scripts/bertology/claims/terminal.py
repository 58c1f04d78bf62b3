"""The verdicts as a few lines of text, for the end of a run."""

import csv
import textwrap
from datetime import datetime
from pathlib import Path

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
        lines += [f"  {encoder}", *(_line(row) for row in rows if row["encoder"] == encoder)]
    return "\n".join(lines)


def _line(row: dict[str, str]) -> str:
    name = f"      {row['part']}" if row["part"] else f"    {row['claim']}"
    start = f"{name:<10}{row['verdict']:<14}"
    return textwrap.fill(row["statement"], WIDTH, initial_indent=start, subsequent_indent=" " * 24)
