"""How far the weights of an encoder moved: relative change by layer and by kind of parameter."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from bertology.errors import InputError
from bertology.files import atomic_file

WEIGHTS = "model.safetensors"
LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.")
KINDS = {
    "attention": re.compile(r"attention|attn|\.q\.|\.k\.|\.v\.|\.o\.", re.IGNORECASE),
    "normalisation": re.compile(r"norm|\bln\b", re.IGNORECASE),
}
"""Kinds of parameter by their names, the last that fits; others in a layer are feed-forward."""
ALL = "all"


def write_drift(folder: Path, references: Mapping[str, Path], path: Path) -> None:
    """Write the relative change from each reference encoder, by its name, to an encoder.

    CSV with the columns reference, layer (0: embeddings; k: the k-th layer), kind (attention,
    feed_forward, normalisation, embeddings, all), metric (`weight_change`), value (the Frobenius
    norm of the difference over that of the reference's weights) and n (parameters).
    """
    first = _encoder_weights(load_file(folder / WEIGHTS))
    tables = [
        weight_changes(first, _encoder_weights(load_file(reference / WEIGHTS))).assign(
            reference=name
        )
        for name, reference in references.items()
    ]
    with atomic_file(path) as temporary:
        pd.concat(tables).to_csv(temporary, index=False)


def weight_changes(
    first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Return the relative change of the weights by layer and kind, as `write_drift` writes it.

    InputError if the two do not have the same parameters of the same shapes.
    """
    shapes = [{name: value.shape for name, value in each.items()} for each in (first, second)]
    if shapes[0] != shapes[1]:
        raise InputError("weight change: found different parameters; allowed: one architecture")
    rows = pd.DataFrame(
        [
            {
                "layer": layer_of(name),
                "kind": kind_of(name),
                "changed": _squares(first[name].astype(np.float64) - second[name]),
                "squares": _squares(second[name].astype(np.float64)),
                "n": second[name].size,
            }
            for name in second
        ]
    )
    columns = ["changed", "squares", "n"]
    by_kind = rows.groupby(["layer", "kind"])[columns].sum().reset_index()
    of_layer = rows.groupby("layer")[columns].sum().reset_index().assign(kind=ALL)
    table = pd.concat([of_layer, by_kind[by_kind["layer"] > 0]], ignore_index=True)
    table["value"] = np.sqrt(table["changed"] / table["squares"])
    return table.assign(metric="weight_change")[["layer", "kind", "metric", "value", "n"]]


def layer_of(name: str) -> int:
    """Return the number of the layer that a parameter belongs to, from 1; 0 for the embeddings."""
    found = LAYER.search(name)
    return int(found[1]) + 1 if found else 0


def kind_of(name: str) -> str:
    """Return the kind of a parameter by its name."""
    if layer_of(name) == 0:
        return "embeddings"
    fitting = [kind for kind, pattern in KINDS.items() if pattern.search(name)]
    return fitting[-1] if fitting else "feed_forward"


def _encoder_weights(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Leave out the pooler, which no hidden state depends on, and what is not a number."""
    return {
        name: value
        for name, value in weights.items()
        if "pooler" not in name and np.issubdtype(value.dtype, np.floating)
    }


def _squares(values: np.ndarray) -> float:
    return float(np.square(values).sum())
