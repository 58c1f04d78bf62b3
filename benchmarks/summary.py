"""All ratios of all benchmarks in one table and one figure; exit status 1 where a bar is missed.

Run by `make bench` at its end, or `python benchmarks/summary.py [figure]`.
"""

import sys

import matplotlib.pyplot as plt
import pandas as pd
from harness import FOLDER, RATIOS

MET, MISSED = "#4c72b0", "#c44e52"


def main() -> int:
    files = [file for file in sorted(FOLDER.glob("*.csv")) if file.name.count(".") == 1]
    if not files:
        sys.exit(f"{FOLDER}: no table of ratios; run `make bench`")
    table = pd.concat(
        [pd.read_csv(file, dtype={"bar": str}).assign(benchmark=file.stem) for file in files]
    )
    table["bar"] = table["bar"].fillna("")
    print(table[["benchmark", *RATIOS]].round(2).to_string(index=False))
    if len(sys.argv) > 1:
        draw(table[table["bar"] != ""], sys.argv[1])
    missed = table[~table["met"]]
    print(f"{len(missed)} of {(table['bar'] != '').sum()} bars missed by more than noise")
    return int(len(missed) > 0)


def draw(table: pd.DataFrame, path: str) -> None:
    """Draw each ratio with its quartiles, and its bar, on a logarithmic scale."""
    labels = table["benchmark"] + ": " + table["work"] + ", " + table["ratio"]
    places = range(len(table))[::-1]
    figure, axis = plt.subplots(figsize=(9, 0.24 * len(table) + 0.8), layout="constrained")
    colours = [MET if met else MISSED for met in table["met"]]
    axis.barh(places, table["value"], color=colours, height=0.6)
    axis.hlines(places, table["low"], table["high"], color="black", linewidth=1)
    bars = table["bar"].str.extract(r"([\d.]+)$")[0].astype(float)
    axis.scatter(bars, places, marker="|", s=90, color="black", zorder=3)
    axis.set_xscale("log")
    axis.margins(y=0.01)
    axis.set_yticks(places, labels, fontsize=7)
    axis.set_xlabel("ratio (line: quartiles; |: the bar)", fontsize=8)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    sys.exit(main())
