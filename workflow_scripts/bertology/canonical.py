"""One form for all configurations that mean the same, so that Snakemake sees no change in them."""

from typing import Any

from bertology.study.paths import Paths, results_of
from bertology.titles import TITLED, titles_of
from bertology.user_files import CORPUS_FILES, canonical_folder, located

Config = dict[str, Any]

DEFAULT_LANGUAGE = "en"
"""Of stimuli that do not say in what language they are."""


def canonical(config: Config) -> Config:
    """Return a checked configuration in the one form that all its spellings share.

    Mappings are in order of key and whole numbers are integers. Lists of numbers (seeds, layers,
    steps) are sets, in ascending order; lists of names keep their order, in which they are shown.
    What may be left out, and means something then, is filled in.
    Paths are as `user_files` gives them: those of a corpus's splits no longer need `data_dir`, and
    one that has to be fetched is where it will lie then. An encoder's `config` keeps its numbers as
    they are, for Hugging Face tells 1 from 1.0.
    The titles of entries stand in a section of their own, `titles`, apart from the settings that
    jobs get, so that another title is drawn and runs nothing else.
    """
    titles = config.get("titles") or titles_of(config)
    config = {**config, **{section: _without_titles(config[section]) for section in TITLED}}
    data_dir = config["data_dir"]
    settings = {
        **{key: _uniform(section) for key, section in config.items() if key != "encoders"},
        "data_dir": None if data_dir is None else canonical_folder(data_dir),
        "corpora": {
            name: {kind: _corpus(source, config) for kind, source in sorted(corpus.items())}
            for name, corpus in sorted(config["corpora"].items())
        },
        "stimuli": {
            name: _uniform({"language": DEFAULT_LANGUAGE, **entry})
            for name, entry in sorted(config["stimuli"].items())
        },
        "encoders": {name: _encoder(entry) for name, entry in sorted(config["encoders"].items())},
        "titles": _ordered(titles),
    }
    return dict(sorted(settings.items()))


def _without_titles(section: Config) -> Config:
    return {
        name: {key: value for key, value in entry.items() if key != "title"}
        for name, entry in section.items()
    }


def _corpus(source: Config, config: Config) -> Config:
    settings: Config = _uniform(source)
    if source["source"] == "files":
        fetched = Paths(results_of(config["study"])).download
        places = (config["data_dir"], config["downloads"], fetched)
        settings |= {k: located(v, *places) for k, v in settings.items() if k in CORPUS_FILES}
    return settings


def _encoder(entry: Config) -> Config:
    settings = _uniform({key: value for key, value in entry.items() if key != "config"})
    if "path" in settings:
        settings["path"] = canonical_folder(settings["path"])
    if "packages" in settings:
        settings["packages"] = sorted(settings["packages"])
    if entry.get("config"):
        settings["config"] = _ordered(entry["config"])
    return dict(sorted(settings.items()))


def _ordered(value: Any) -> Any:
    """Put mappings in order of key, at any depth."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value


def _uniform(value: Any) -> Any:
    """Put mappings in order of key and numbers in order, and write whole numbers as integers."""
    if isinstance(value, dict):
        return {key: _uniform(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        items = [_uniform(item) for item in value]
        return sorted(items) if all(isinstance(item, int) for item in items) else items
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
