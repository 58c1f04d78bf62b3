"""A study's configuration as others can run it: as users write it, without absolute paths."""

import os
from pathlib import Path
from typing import Any

from bertology.study.paths import Paths, results_of
from bertology.user_files import CORPUS_FILES

Config = dict[str, Any]


def portable(config: Config) -> Config:
    """Return a canonical configuration in the form in which a file of a study says it.

    Files of corpora are named from `data_dir` again, or as `downloads` names them. A `data_dir`
    outside of the project is null: who runs the study says where it is. Of other paths to outside
    only the last name stays; the hashes of these files are in the lock.
    """
    folder = config["data_dir"]
    sections = {key: value for key, value in config.items() if key != "titles"}
    sections |= {name: _titled(config, name) for name in config["titles"]}
    return {
        **sections,
        "data_dir": None if folder is None or Path(folder).is_absolute() else folder,
        "corpora": {
            name: {kind: _corpus(source, config) for kind, source in corpus.items()}
            for name, corpus in config["corpora"].items()
        },
        "encoders": {
            name: {**entry, **({"path": _within(entry["path"])} if "path" in entry else {})}
            for name, entry in _titled(config, "encoders").items()
        },
    }


def _titled(config: Config, section: str) -> Config:
    titles = config["titles"][section]
    return {
        name: {**({"title": titles[name]} if name in titles else {}), **entry}
        for name, entry in config[section].items()
    }


def _corpus(source: Config, config: Config) -> Config:
    """Name a corpus's files; of a corpus from elsewhere the same keys are numbers of sentences."""
    keys = CORPUS_FILES if source["source"] == "files" else ()
    return {**source, **{key: _name(source[key], config) for key in keys if key in source}}


def _name(path: str, config: Config) -> str:
    """Name a corpus's file as `downloads` does, or from `data_dir`."""
    fetched, folder = (
        Paths(results_of(config["study"])).download.format(file=""),
        config["data_dir"],
    )
    for start in (fetched, folder):
        if start is not None and Path(path).is_relative_to(start):
            return Path(path).relative_to(start).as_posix()
    inside = folder is not None and not Path(folder).is_absolute()
    return os.path.relpath(path, folder) if inside else _within(path)


def _within(path: str) -> str:
    return Path(path).name if Path(path).is_absolute() else path
