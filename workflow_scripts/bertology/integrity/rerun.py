"""A study from its lock: the configuration that runs it anew, and what differs here."""

import os
from pathlib import Path
from typing import Any

import yaml

from bertology.canonical import canonical
from bertology.configuration import check, with_latest_sources, with_only, without_removed
from bertology.files import atomic_file
from bertology.integrity.comparison import SURROUNDINGS, Difference, differences
from bertology.integrity.lock import Lock
from bertology.integrity.portable import portable
from bertology.integrity.surroundings import SCRIPTS, surroundings
from bertology.study.plan import Study
from bertology.study_files import read_study
from bertology.user_files import by_content

Config = dict[str, Any]

SECTIONS = ("encoders", "corpora", "tasks", "stimuli", "probes")
"""Of these, a study has what its lock lists, and no entry of config.yaml beside."""
DEFAULT = SCRIPTS.parent / "config.yaml"
SCHEMA = SCRIPTS.parent / "schemas" / "config.schema.yaml"


def write_study(lock: Lock, path: Path, data_dir: str | None = None) -> list[Difference]:
    """Write the file of a study that asks what a locked one asked; return what differs here.

    data_dir: where the user's files are; the lock does not say it where they lay outside of the
    project. Differences are of the configuration (settings that config.yaml has and the lock has
    not), of the user's files, of code, packages and machine. InputError where the configuration
    cannot be run here.
    """
    told = {"data_dir": data_dir} if data_dir is not None else {}
    study = {"only": list(SECTIONS), **lock["configuration"], **told}
    with atomic_file(path) as temporary:
        text = yaml.safe_dump(study, sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")
    config = _merged(read_study(DEFAULT), study)
    files = [Path(os.path.relpath(each)) for each in (DEFAULT, path)]
    config = with_latest_sources(without_removed(with_only(config, files, SCHEMA)), files)
    check(config, files, SCHEMA)
    here = canonical(config)
    asked = {"configuration": {**portable(here), **dict.fromkeys(told)}, "files": _files(here)}
    wanted = {
        "configuration": {**lock["configuration"], **dict.fromkeys(told)},
        "files": {p: each["files"] for p, each in lock["sources"].items() if "files" in each},
    }
    return [
        *differences(asked, wanted, ("configuration", "files")),
        *differences(surroundings(), lock, SURROUNDINGS, minor=True),
    ]


def _files(config: Config) -> dict[str, Any]:
    """Give the hashes of the user's files, by the corpus or encoder that is made from them."""
    study = Study(config)
    sources = {
        **{f"corpora/{name}": study.origin(name) for name in study.annotations("files")},
        **{f"encoders/{name}": study.encoder_source(name) for name in config["encoders"]},
    }
    hashed = {place: by_content(source, study.hashes()) for place, source in sources.items()}
    return {place: source["files"] for place, source in hashed.items() if "files" in source}


def _merged(base: Config, overlay: Config) -> Config:
    """Merge as Snakemake does: mappings by key, everything else replaced."""
    both = {
        key: _merged(base[key], value)
        for key, value in overlay.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **overlay, **both}
