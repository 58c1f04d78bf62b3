"""Write claims with their verdicts: as tables, as JSON, and in plain language."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bertology.claims.about import CHECK, About
from bertology.claims.paper import Margins
from bertology.claims.verdict import (
    CONTRADICTED,
    SUPPORTED,
    Claim,
    Judged,
    JudgedPart,
    Rules,
)
from bertology.files import atomic_file, write_json
from bertology.tables import CLAIM_CELLS, CLAIMS

Claims = Mapping[str, Sequence[Claim]]
"""The claims of each encoder."""
Abouts = Mapping[str, About]
"""What the verdicts on each encoder are about."""


@dataclass(frozen=True)
class ClaimFiles:
    """Where claims go: table and cells are CSV, content is JSON, text is Markdown."""

    table: Path
    cells: Path
    content: Path
    text: Path


def write_claims(
    claims: Claims, abouts: Abouts, study: str, margins: Margins, rules: Rules, files: ClaimFiles
) -> None:
    """Write the claims in all forms."""
    write_claims_table(claims, abouts, rules.level, files.table)
    write_cells_table(claims, rules.level, files.cells)
    write_claims_json(claims, abouts, study, margins, rules, files.content)
    write_claims_text(claims, abouts, study, rules, files.text)


def write_claims_table(claims: Claims, abouts: Abouts, level: float, path: Path) -> None:
    """Write CSV with the columns CLAIMS: a row for each claim (`part` empty) and each part.

    check: 1 where the text is the grammar's. decides: 0 where a part is reported beside a verdict.
    """
    rows = []
    for encoder, of_encoder in claims.items():
        about = {"about": str(abouts[encoder]), "check": int(abouts[encoder].is_check)}
        for claim in of_encoder:
            shared = {"encoder": encoder, **about, "claim": claim.name}
            rows.append({**shared, "statement": claim.statement, "verdict": claim.verdict})
            rows += [
                {**shared, "decides": int(part.part.decides), **_summary(part, level)}
                for part in claim.parts
            ]
    table = pd.DataFrame(rows, columns=list(CLAIMS)).astype({"decides": "Int64"})
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False)


def write_cells_table(claims: Claims, level: float, path: Path) -> None:
    """Write CSV with the columns CLAIM_CELLS: each estimate that a verdict rests on."""
    rows = [
        {"encoder": encoder, "claim": claim.name, "part": part.part.name, **_flat(judged, level)}
        for encoder, of_encoder in claims.items()
        for claim in of_encoder
        for part in claim.parts
        for judged in part.cells
    ]
    with atomic_file(path) as temporary:
        pd.DataFrame(rows, columns=list(CLAIM_CELLS)).to_csv(temporary, index=False)


def write_claims_json(
    claims: Claims, abouts: Abouts, study: str, margins: Margins, rules: Rules, path: Path
) -> None:
    """Write all that is known of the claims, nested: encoders, claims, parts, cells."""
    encoders = {
        encoder: [_nested(claim, rules.level) for claim in of_encoder]
        for encoder, of_encoder in claims.items()
    }
    about = {
        encoder: {"text": str(about), "check": about.is_check} for encoder, about in abouts.items()
    }
    content = {"study": study, "level": rules.level, "least_seeds": rules.least_seeds}
    write_json(path, {**content, "margins": asdict(margins), "about": about, "encoders": encoders})


def write_claims_text(claims: Claims, abouts: Abouts, study: str, rules: Rules, path: Path) -> None:
    """Write the claims as Markdown, in plain language."""
    percent = f"{100 * rules.level:g} %"
    lines = [
        f"# Claims of the paper, tested in the study {study}",
        "",
        "The claims are those of Merchant et al. (2020). A part is supported if each of its"
        " estimates lies on the side of the boundary that it says, contradicted if one lies on the"
        " other side (corrected for their number), else inconclusive; a claim is supported if all"
        " of the parts that decide are, contradicted if one is. What lies within the interval of"
        f" an estimate ({percent}, over texts and seeds) is not decided.",
    ]
    for encoder, of_encoder in claims.items():
        lines += ["", f"## {encoder}"]
        lines += ["", f"**{CHECK}**"] if abouts[encoder].is_check else []
        lines += _told(of_encoder, abouts[encoder], rules.level)
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def reason(part: JudgedPart, level: float) -> str:
    """Say in one sentence or two what the verdict on a part rests on."""
    lacks = f"The study lacks {'; '.join(part.part.missing)}." if part.part.missing else ""
    if part.deciding is None:
        return lacks
    agreeing = sum(cell.verdict == part.verdict for cell in part.cells)
    cells = f"{agreeing} of {len(part.cells)}"
    found = _found(part.deciding, level)
    if part.verdict == SUPPORTED:
        return f"In {cells}; the least certain: {found}."
    if part.verdict == CONTRADICTED:
        return f"Against it in {cells}; the clearest: {found}. {lacks}".strip()
    if not agreeing:
        return f"{lacks} What there is agrees: {found}."
    advice = f"To decide: {part.deciding.advice}."
    return f"Undecided in {cells}; the least certain: {found}. {advice} {lacks}".strip()


def _found(judged: Judged, level: float) -> str:
    """Name a cell, and give its estimate, interval and boundary."""
    cell = judged.cell
    low, high = cell.estimate.interval(level)
    named = ", ".join(
        f"layer {value}" if value.isdecimal() else value
        for name, value in cell.where.items()
        if not (name == "text" and "probe" in cell.where)  # a probe's name begins with its text
    )
    value = f"{cell.estimate.value:.3g} [{low:.3g}, {high:.3g}] {cell.unit}"
    found = "no value" if math.isnan(cell.estimate.value) else value
    return f"{named}: {found}, claimed {cell.direction} {cell.boundary:g}"


def _told(claims: Sequence[Claim], about: About, level: float) -> Iterator[str]:
    for claim in claims:
        yield from ("", f"### {claim.name} is {claim.verdict}", "", f"{about}.", "")
        yield from (claim.statement, "")
        for part in claim.parts:
            beside = "" if part.part.decides else " (beside the verdict)"
            told = f"{part.part.statement} {reason(part, level)}"
            yield f"- **{part.part.name} {part.verdict}{beside}.** {told}"
        yield from (f"- Beside this: {note}" for note in claim.notes)
        yield f"- {claim.paper}"


def _summary(part: JudgedPart, level: float) -> dict[str, str]:
    names = {"part": part.part.name, "statement": part.part.statement}
    return {**names, "verdict": part.verdict, "reason": reason(part, level)}


def _nested(claim: Claim, level: float) -> dict[str, Any]:
    parts = [
        {
            **_summary(part, level),
            "decides": part.part.decides,
            "cells": [_cell(judged, level) for judged in part.cells],
        }
        for part in claim.parts
    ]
    names = {"claim": claim.name, "statement": claim.statement, "verdict": claim.verdict}
    return {**names, "notes": list(claim.notes), "paper": claim.paper, "parts": parts}


def _cell(judged: Judged, level: float) -> dict[str, Any]:
    cell, estimate = judged.cell, judged.cell.estimate
    low, high = estimate.interval(level)
    numbers = {"estimate": estimate.value, "low": low, "high": high}
    tests = {"p_for": judged.p_for, "p_against": judged.p_against}
    return {
        "where": cell.where,
        **{name: None if math.isnan(value) else value for name, value in numbers.items()},
        **{name: getattr(cell, name) for name in ("boundary", "direction", "unit")},
        "seeds": estimate.seeds,
        **tests,
        **{name: getattr(judged, name) for name in ("verdict", "advice")},
        **{name: getattr(cell, name) for name in ("table", "rows")},
    }


def _flat(judged: Judged, level: float) -> dict[str, Any]:
    row = _cell(judged, level)
    return {**row.pop("where"), **row}
