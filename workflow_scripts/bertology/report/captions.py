"""The captions of the figures, with the study's settings filled in."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2


def filled_in(source: Path, config: Mapping[str, Any]) -> str:
    """Fill a study's settings into a text, as Snakemake's report does; the text stays RST."""
    text = source.read_text(encoding="utf-8")
    return jinja2.Template(text).render(snakemake=SimpleNamespace(config=config))


def captions(folder: Path, figures: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """Give the caption of each figure, which is in `folder` under its name."""
    return {name: filled_in(folder / f"{name}.rst", config) for name in figures}
