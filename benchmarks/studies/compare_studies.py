"""What a setting does to results: two finished studies with the same seeds, quantity by quantity.

For example one in bfloat16 and one in float32:

    python benchmarks/studies/compare_studies.py results/default elsewhere/results/default [csv]

Differences (second less first) are taken within a seed; their intervals are Student's, over seeds.
"""

import sys
from pathlib import Path

import pandas as pd
from scipy.stats import t

LEVEL = 0.95
TABLES = {
    "finetuning": ["encoder", "task", "variant", "metric"],
    "similarity": ["encoder", "stimuli", "task", "layer", "metric"],
    "probes": ["text", "phenomenon", "encoder", "task", "input", "layer", "metric"],
}
METRICS = ("las", "accuracy", "f1", "rsa_pearson", "cka", "uuas", "root_accuracy")


def main() -> None:
    first, second = map(Path, sys.argv[1:3])
    found = [
        compare(name, *(read(folder / "tables" / f"{name}.csv") for folder in (first, second)))
        for name in TABLES
        if all((folder / "tables" / f"{name}.csv").is_file() for folder in (first, second))
    ]
    table = pd.concat(found, ignore_index=True)
    if len(sys.argv) > 3:
        table.to_csv(sys.argv[3], index=False)
    scores = table[table["table"] == "finetuning"].dropna(axis="columns", how="all")
    print(scores.drop(columns="table").round(2).to_string(index=False))
    print(f"\nBy table and metric, of intervals of {100 * LEVEL:g} %:")
    print(summarised(table).round(3).to_string())


def read(path: Path) -> pd.DataFrame:
    """Read what was scored of fine-tuned models: on test data, on all tokens, the same layer."""
    rows = pd.read_csv(path, dtype={"layer": str, "second_layer": str}, low_memory=False)
    chosen = rows["metric"].isin(METRICS)
    for column, value in {"split": "test", "comparison": "tuned", "tokens": "all"}.items():
        chosen &= rows[column] == value if column in rows else True
    if "second_layer" in rows:
        chosen &= rows["layer"] == rows["second_layer"]
    if "label" in rows:
        chosen &= rows["label"].isna()
    return rows[chosen]


def compare(name: str, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Give the mean of each quantity in both studies, and of its differences with interval."""
    place = TABLES[name]
    both = first.merge(second, on=[*place, "seed"], suffixes=("_first", "_second"))
    both["difference"] = both["value_second"] - both["value_first"]
    grouped = both.groupby(place, sort=False, dropna=False)
    table = grouped[["value_first", "value_second", "difference"]].mean()
    seeds = grouped["difference"].count()
    spread = grouped["difference"].std() * t.ppf((1 + LEVEL) / 2, seeds - 1) / seeds**0.5
    table = table.assign(low=table["difference"] - spread, high=table["difference"] + spread)
    return table.reset_index().assign(seeds=seeds.to_numpy(), table=name)


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    table = table.assign(
        size=table["difference"].abs(),
        certain=100.0 * ((table["low"] > 0) | (table["high"] < 0)),
    )
    grouped = table.groupby(["table", "metric"], sort=False)
    return grouped.agg(
        cells=("size", "size"),
        mean_difference=("difference", "mean"),
        median_size=("size", "median"),
        largest=("size", "max"),
        percent_certain=("certain", "mean"),
    )


if __name__ == "__main__":
    main()
