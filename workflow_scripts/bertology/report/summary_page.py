"""Write the summary page of a study: claims first, every figure, tables that sort, what was run.

The page needs nothing but the files beside it: no network, no fonts, no library.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml
from docutils.core import publish_parts

from bertology import run_times
from bertology.claims.about import CHECK
from bertology.files import atomic_file
from bertology.left_out import WARNING_PERCENT
from bertology.report.captions import filled_in
from bertology.table_files import read_csv
from bertology.tables import LEFT_OUT

MOST_ROWS = 500
"""Rows of a table on the page; the others are in its file."""
SYMBOLS = {"supported": "✓", "contradicted": "✗", "inconclusive": "?"}
"""Of verdicts, which must be told apart without colour."""


@dataclass(frozen=True)
class Figure:
    """A figure of the study: its name as a file, its place on the page, and its caption (RST)."""

    name: str
    section: str
    title: str
    caption: Path


@dataclass(frozen=True)
class Sources:
    """What the page is made from.

    template: of Jinja. methods: RST. claims: JSON. figures: in the order of the page. tables: CSV;
    left_out is that of what was left out. records: of provenance. benchmarks: the folder of
    Snakemake's benchmark files.
    """

    template: Path
    methods: Path
    claims: Path
    figures: Sequence[Figure]
    tables: Sequence[Path]
    left_out: Path
    records: Sequence[Path]
    benchmarks: Path


def write_summary_page(
    sources: Sources, config: Mapping[str, Any], path: Path, claims_path: Path
) -> None:
    """Write the page, and one of the claims alone, which Snakemake's report shows.

    Links are relative to the folder, in which figures and tables lie.
    """
    records = [json.loads(record.read_text(encoding="utf-8")) for record in sources.records]
    template = _environment().from_string(sources.template.read_text(encoding="utf-8"))
    content = dict(
        study=config["study"],
        titles=config["titles"],
        claims=json.loads(sources.claims.read_text(encoding="utf-8")),
        check=CHECK,
        symbols=SYMBOLS,
        methods=_html(sources.methods, config),
        sections=_sections(sources.figures, config),
        tables=[shown_table(table) for table in sources.tables],
        warnings=left_out_warnings(sources.left_out),
        warning_percent=WARNING_PERCENT,
        run=_run(records),
        artifacts=list(_artifacts(records, path.parent)),
        times=[run_times.HEADER, *run_times.rows(sources.benchmarks)],
        settings=yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=100),
    )
    for page, only_claims in ((path, False), (claims_path, True)):
        with atomic_file(page) as temporary:
            text = template.render(content, only_claims=only_claims)
            temporary.write_text(text, encoding="utf-8")


def left_out_warnings(path: Path) -> list[dict[str, Any]]:
    """Read what a step left out or changed of more than WARNING_PERCENT of its input."""
    table = read_csv(path, LEFT_OUT, ["percent"], keep_default_na=False)
    rows = table[table["percent"] > WARNING_PERCENT].sort_values("percent", ascending=False)
    return [
        {str(column): value for column, value in row.items()} for row in rows.to_dict("records")
    ]


def shown_table(path: Path) -> dict[str, Any]:
    """Read a table for the page: name, columns that are not empty, cells as text, all rows' number.

    Numbers keep four digits; the file has all of them.
    """
    table = read_csv(path, keep_default_na=False, na_values=[""])
    filled = table.dropna(axis="columns", how="all") if len(table) else table
    head = filled.head(MOST_ROWS)
    return {
        "name": path.stem,
        "columns": list(head.columns),
        "rows": [[cell_text(value) for value in row] for row in head.itertuples(index=False)],
        "total": len(table),
    }


def cell_text(value: Any) -> str:
    """Write a cell: nothing for a missing value, numbers with four digits."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"
    return str(value)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:.3g}"
    environment.filters["words"] = lambda name: name.replace("_", " ")
    return environment


def _html(source: Path, config: Mapping[str, Any]) -> str:
    """Render a caption or prose as Snakemake's report does: Jinja, then RST, without raw HTML."""
    closed = {"raw_enabled": False, "file_insertion_enabled": False, "_disable_config": True}
    parts = publish_parts(
        filled_in(source, config),
        writer="html5",
        settings_overrides={"halt_level": 3, **closed},
    )
    return str(parts["fragment"])


def _sections(figures: Iterable[Figure], config: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Group figures by section, each with its caption as HTML."""
    sections: dict[str, list[Any]] = {}
    for figure in figures:
        shown = {"figure": figure, "caption": _html(figure.caption, config)}
        sections.setdefault(figure.section, []).append(shown)
    return sections


def _run(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say when, with what and on what the artifacts were made; several where they differ."""
    packages: dict[str, list[str]] = {}
    for record in records:
        for name, version in {"python": record["python"], **record["packages"]}.items():
            if version and version not in packages.setdefault(name, []):
                packages[name].append(version)
    machines = {json.dumps(record["machine"]): record["machine"] for record in records}
    return {
        "started": min(record["started"] for record in records),
        "ended": max(record["ended"] for record in records),
        "packages": packages,
        "machines": list(machines.values()),
    }


def _artifacts(records: Iterable[Mapping[str, Any]], folder: Path) -> Iterable[dict[str, str]]:
    for record in records:
        for name, digest in record["outputs"].items():
            link = str(Path(name).relative_to(folder))
            of_job = {"rule": record["rule"], "ended": record["ended"]}
            yield {"link": link, "sha256": digest, **of_job}
