"""Any phenomenon as labelled spans, from edge-probing JSON lines (see bertology.corpora.edges)."""

from collections import Counter
from pathlib import Path

from bertology.corpora.edges import read_edges
from bertology.corpora.spans.annotated import Annotated, with_targets


def read_edge_lines(path: Path | str) -> Annotated:
    """Read a file of edge-probing JSON lines; leaves out and raises what `read_edges` does."""
    left_out: Counter[str] = Counter()
    return with_targets(read_edges(path, left_out), path, left_out)
