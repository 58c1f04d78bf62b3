"""Any phenomenon as labelled spans, from edge-probing JSON lines (see bertology.corpora.edges)."""

from pathlib import Path

from bertology.corpora.edges import read_edges
from bertology.corpora.spans.annotated import Annotated


def read_edge_lines(path: Path | str) -> Annotated:
    """Read a file of edge-probing JSON lines; nothing is left out. Raises as `read_edges` does."""
    return Annotated(read_edges(path), {})
