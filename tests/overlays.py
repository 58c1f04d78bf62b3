"""Studies laid over one another."""

import copy
from typing import Any


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Merge as Snakemake does: dictionaries by key, everything else replaced."""
    result = copy.deepcopy(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result
