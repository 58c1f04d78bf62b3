"""Make Snakemake's graph of rules fit to be read: grouped and coloured by file, without `all`.

Used by `make graph`: reads Graphviz on standard input, writes Graphviz.
"""

import re
import sys
from pathlib import Path

RULES = Path(__file__).resolve().parents[1] / "rules"
COLOURS = {
    "corpora": "#4477aa",
    "models": "#aa3377",
    "activations": "#666666",
    "similarity": "#228833",
    "transplants": "#88661f",
    "probes": "#b8860b",
    "tables": "#00788c",
    "claims": "#cc3311",
    "figures": "#7a5195",
    "report": "#333333",
}
STYLE = """digraph rules {
  rankdir=LR; nodesep=0.18; ranksep=0.55; bgcolor=white;
  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=11, penwidth=1.6];
  edge [color="#9a9a9a", arrowsize=0.6];"""  # noqa: E501


def section_of(rule: str) -> str:
    """Name the file of rules that defines a rule."""
    return next(
        path.stem for path in RULES.glob("*.smk") if f"\nrule {rule}:\n" in path.read_text()
    )


def readable(graph: str) -> str:
    """Give the graph coloured by section, without `all` and edges of a rule to itself."""
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    edges = re.findall(r"(\d+) -> (\d+)", graph)
    kept = {number: name for number, name in names.items() if name != "all"}
    lines = [STYLE]
    for name in kept.values():
        colour = COLOURS[section_of(name)]
        lines.append(f'  {name} [label="{name.replace("_", " ")}", color="{colour}"];')
    for first, second in edges:
        if first in kept and second in kept and first != second:
            lines.append(f"  {kept[first]} -> {kept[second]};")
    return "\n".join([*lines, "}"])


if __name__ == "__main__":
    print(readable(sys.stdin.read()))
