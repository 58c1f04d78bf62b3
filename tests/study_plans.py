"""Plans of the studies in this repository, with changes."""

from pathlib import Path

import yaml

from bertology.canonical import canonical
from bertology.configuration import with_only, without_removed
from bertology.study.plan import Study
from overlays import merged

REPOSITORY = Path(__file__).resolve().parents[1]
SCHEMA = REPOSITORY / "schemas/config.schema.yaml"


def plan(name: str, **changes) -> Study:
    files = [REPOSITORY / "config.yaml"]
    files += [] if name == "default" else [REPOSITORY / f"studies/{name}.yaml"]
    config: dict = {}
    for file in files:
        config = merged(config, yaml.safe_load(file.read_text()))
    config = without_removed(with_only(config, files, SCHEMA))
    config = merged(config, {"data_dir": "somewhere", **changes})
    return Study(canonical(config))
