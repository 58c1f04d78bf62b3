"""Check a study's configuration: one message per mistake, all of them before any job starts."""

import os
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

from bertology.corpora.grammar.write import WRITERS
from bertology.corpora.shapes import SPLITS
from bertology.corpora.spans.formats import ANNOTATIONS, SPAN_FORMATS, has_phenomenon
from bertology.errors import InputError
from bertology.schema import Key, Problem, key_problems, schema_problems
from bertology.similarity.names import MEASURE_NAMES
from bertology.study_files import read_study
from bertology.user_files import canonical_folder, corpus_files, data_file, download_name
from bertology.variants import FULL, KINDS, UNTUNED, ablations

Config = dict[str, Any]
Place = Path | str
File = Path | tuple[str, Config]
"""A configuration file, or the name and content of what another workflow hands over."""
Contents = list[tuple[Place, Any]]
"""What each configuration file holds, in the order in which they are merged."""

CORPUS_KIND = {
    "parsing": "treebank",
    "inference": "inference",
    "question_answering": "questions",
}
"""The kind of annotation that each kind of task learns from."""

MISSING = object()
NAMED_SECTIONS = ("encoders", "corpora", "downloads", "tasks", "stimuli", "probes")
MAY_BE_EMPTY = ("probes",)
COMMAND_LINE = "--config"
WHATEVER_THE_SOURCE = ("title", "layers", "floor")
"""What files say of an encoder that stays where a later one takes it from another source."""
DEPTH_OF_SOURCES = {"encoders": 2, "corpora": 3}
"""How deep the blocks lie that have a source: encoders.<name>, corpora.<name>.<kind>."""
ELSEWHERE = ("/", "~", "$")
"""How a path begins that lies where it says, whatever file says it."""
RECORD = ".provenance.json"
"""The end of the name of a record, which lies beside what it is of."""


def without_removed(config: Config) -> Config:
    """Return the configuration without the named entries that a study set to null."""

    def kept(section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        return {name: entry for name, entry in section.items() if entry is not None}

    return {key: kept(value) if key in NAMED_SECTIONS else value for key, value in config.items()}


def with_latest_sources(config: Config, files: Sequence[File]) -> Config:
    """Return the merged configuration without what files say of a source that is not used.

    Where a later file takes an encoder, or a kind of a corpus, from another `source`, the settings
    of the earlier one would be unknown keys there. `files` are as in `with_only`.
    """
    contents = [content for _, content in _read_all(files)]

    def latest(value: Any, *key: str) -> Any:
        if not isinstance(value, dict):
            return value
        if len(key) == DEPTH_OF_SOURCES[key[0]]:
            return _of_latest_source(value, [_value(content, key) for content in contents])
        return {name: latest(each, *key, name) for name, each in value.items()}

    return {
        key: latest(value, key) if key in DEPTH_OF_SOURCES else value
        for key, value in config.items()
    }


def _of_latest_source(block: Config, said: Sequence[Any]) -> Config:
    """Return what is left of a block, of which files said these things one after the other."""
    blocks = [each for each in said if isinstance(each, dict)]
    named = [number for number, each in enumerate(blocks) if "source" in each]
    changes = [b for a, b in pairwise(named) if blocks[a]["source"] != blocks[b]["source"]]
    if not changes:
        return block
    kept = {*WHATEVER_THE_SOURCE, *(name for each in blocks[changes[-1] :] for name in each)}
    return {name: value for name, value in block.items() if name in kept}


def with_only(
    config: Config, files: Sequence[File], schema: Path, command_line: Config | None = None
) -> Config:
    """Return the merged configuration without the entries that a study's `only` drops, or `only`.

    `files` are the configuration files in the order in which they were merged (or, by a name, what
    a module is given), `command_line` what came with `--config` after them. Of a section under
    `only` those entries stay that the file, a later one or the command line names, with all that
    earlier files say of them. Where several files have a section under `only`, the last one
    decides. InputError for a wrong `only`.
    """
    contents = [*_read_all(files), (COMMAND_LINE, command_line or {})]
    problems = list(_only_problems(contents, schema))
    if problems:
        raise InputError("\n".join(problems))
    dropped = _dropped(contents)
    return {
        key: {name: entry for name, entry in section.items() if (key, name) not in dropped}
        if isinstance(section, dict)
        else section
        for key, section in config.items()
        if key != "only"
    }


def _only_problems(contents: Contents, schema: Path) -> Iterator[str]:
    """Find an `only` that breaks the schema, stands where it means nothing, or leaves nothing."""
    for at, (place, content) in enumerate(contents):
        if not isinstance(content, dict) or "only" not in content:
            continue
        if place == COMMAND_LINE or at == 0:
            yield f"{place}: only: found here; allowed: in a file that is laid over config.yaml"
            continue
        wrong = list(key_problems("only", content["only"], schema))
        for key, text in wrong:
            yield f"{place}: {_dotted(key)}: {text}"
        for position, section in enumerate([] if wrong else content["only"]):
            if section not in MAY_BE_EMPTY and not _named(contents[at:], section):
                found = f"found {section!r}, and no entry of it in this file or a later one"
                yield f"{place}: only.{position}: {found}; allowed: sections with entries of yours"


def _named(contents: Contents, section: str) -> set[str]:
    """Return the names of a section's entries in any of some files."""
    sections = [_value(content, (section,)) for _, content in contents]
    return {name for entries in sections if isinstance(entries, dict) for name in entries}


def _dropped(contents: Contents) -> dict[tuple[str, str], Place]:
    """Return the section and name of each entry that an `only` drops, and the file that does."""
    dropped: dict[tuple[str, str], Place] = {}
    for section in NAMED_SECTIONS:
        deciding = [at for at, (_, content) in enumerate(contents) if section in _only(content)]
        if deciding:
            last = deciding[-1]
            gone = _named(contents[:last], section) - _named(contents[last:], section)
            dropped |= {(section, name): contents[last][0] for name in gone}
    return dropped


def _only(content: Any) -> list[str]:
    only = _value(content, ("only",))
    return only if isinstance(only, list) else []


def beside_their_study(
    config: Config, files: Sequence[File], command_line: Config | None = None
) -> Config:
    """Return the merged configuration with relative paths taken from the file that says them.

    These are `data_dir` and an encoder's `path`. What comes with `--config`, or from another
    workflow, stays relative to the folder that Snakemake runs in. Arguments are as in `with_only`.
    """
    config = deepcopy(config)
    contents = _read_all(files)
    for key, path in _relative_paths(config).items():
        if _value(command_line, key) is MISSING:
            _value(config, key[:-1])[key[-1]] = _as_said(path, key, contents)
    return config


def _as_said(path: str, key: Key, contents: Contents) -> Any:
    """Return the path that the last file with this key means; as it is where that is no file's."""
    for place, content in reversed(contents):
        said = _value(content, key)
        if said is not MISSING:
            return said if isinstance(place, Path) and said == str(place.parent / path) else path
    return path


def _relative_paths(config: Any) -> dict[Key, str]:
    """Return the relative paths in a configuration, or in what one file says of it, by key."""
    encoders = _value(config, ("encoders",))
    names = list(encoders) if isinstance(encoders, dict) else []
    keys: list[Key] = [("data_dir",), *(("encoders", name, "path") for name in names)]
    values = {key: _value(config, key) for key in keys}
    return {k: v for k, v in values.items() if isinstance(v, str) and not v.startswith(ELSEWHERE)}


def check(config: Config, files: Sequence[File], schema: Path) -> None:
    """Raise InputError with a line for each mistake: the file, the key, what is there, what may be.

    `config` is as `with_only` and `without_removed` leave it. `files` are the configuration files
    in the order in which they were merged, the last one winning. A value that no file sets came
    with `--config`.
    """
    contents = _read_all(files)
    problems = list(schema_problems(config, schema)) or list(_cross_problems(config))
    if problems:
        raise InputError("\n".join(_message(problem, config, contents) for problem in problems))


def _read_all(files: Sequence[File]) -> Contents:
    """Read the configuration files, with relative paths beside each.

    All that is wrong in any of them is one InputError.
    """
    contents: Contents = []
    problems = []
    for file in files:
        try:
            contents.append((file, _read(file)) if isinstance(file, Path) else file)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return contents


def _read(path: Path) -> Any:
    content = read_study(path)
    for key, written in _relative_paths(content).items():
        _value(content, key[:-1])[key[-1]] = str(path.parent / written)
    return content


def _message(problem: Problem, config: Config, contents: Contents) -> str:
    key, text = problem
    place = _setting_place(key, config, contents)
    return f"{place}: {_dotted(key)}: {text}{_who_dropped(_value(config, key), contents)}"


def _who_dropped(value: Any, contents: Contents) -> str:
    """Name the file whose `only` drops what a setting that stays refers to; else nothing."""
    for (_, name), place in _dropped(contents).items():
        if value == name:
            return f"; `only` in {place} leaves {name} out"
    return ""


def _setting_place(key: Key, config: Config, contents: Contents) -> Place:
    """Name the last file that sets `key`, or else the longest part of it that any file sets."""
    for length in range(len(key), 0, -1):
        part = key[:length]
        for path, content in reversed(contents):
            found = _value(content, part)
            if found is not MISSING:
                # A dictionary is merged from several files; all else is there as the file has it.
                set_here = isinstance(found, dict) or _value(config, part) in (found, MISSING)
                return path if set_here else COMMAND_LINE
    return COMMAND_LINE


def _value(content: Any, key: Key) -> Any:
    for part in key:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return content


def _dotted(key: Key) -> str:
    return ".".join(str(part) for part in key) or "(top level)"


def _cross_problems(config: Config) -> Iterator[Problem]:
    """Find what a schema cannot say: names that lead nowhere, layers that are not there."""
    yield from _encoder_problems(config)
    yield from _download_problems(config)
    yield from _corpus_problems(config)
    yield from _task_problems(config)
    yield from _ablation_problems(config)
    yield from _size_problems(config)
    yield from _measure_problems(config)
    yield from _stimuli_problems(config)
    yield from _probe_problems(config)
    yield from _trajectory_problems(config)


def _unknown(key: Key, name: str, known: Config, what: str) -> Iterator[Problem]:
    if name not in known:
        yield key, f"found {name!r}, no {what} of that name; allowed: {', '.join(known)}"


def _encoder_problems(config: Config) -> Iterator[Problem]:
    encoders = config["encoders"]
    for name, encoder in encoders.items():
        for link in ("like", "floor"):
            if link in encoder:
                yield from _unknown(("encoders", name, link), encoder[link], encoders, "encoder")
        if encoder["source"] == "random":
            yield from _random_encoder_problems(name, encoders)
        if encoder["source"] == "folder":
            yield from _folder_problems(("encoders", name, "path"), encoder["path"])
    for position, name in enumerate(config["fine_tuned_encoders"]):
        key = ("fine_tuned_encoders", position)
        yield from _unknown(key, name, encoders, "encoder")
        if name in encoders and "floor" not in encoders[name]:
            yield (
                ("encoders", name, "floor"),
                f"found nothing; allowed: a random encoder, since {name} is fine-tuned",
            )


def _folder_problems(key: Key, path: str) -> Iterator[Problem]:
    allowed = "a folder that holds a config.json"
    try:
        if not Path(canonical_folder(path), "config.json").is_file():
            yield key, f"found {path!r}; allowed: {allowed}"
    except InputError as error:
        yield key, str(error)


def _random_encoder_problems(name: str, encoders: Config) -> Iterator[Problem]:
    encoder = encoders[name]
    origin = encoders.get(encoder["like"])
    seen = {name}
    follow = encoder
    while follow is not None and "like" in follow:
        if follow["like"] in seen:
            yield ("encoders", name, "like"), "found a circle; allowed: an encoder with weights"
            return
        seen.add(follow["like"])
        follow = encoders.get(follow["like"])
    if origin is not None:
        layers = encoder.get("config", {}).get("num_hidden_layers", origin["layers"])
        if encoder["layers"] != layers:
            yield (
                ("encoders", name, "layers"),
                f"found {encoder['layers']}; allowed: {layers}, by {encoder['like']} or `config`",
            )


def _download_problems(config: Config) -> Iterator[Problem]:
    """Find a file that would lie where another one, or the record of another one, lies."""
    downloads = config["downloads"]
    for name in downloads:
        for parent in map(str, Path(name).parents):
            if parent in downloads:
                found = f"found a file below {parent}, which is a file too"
                yield ("downloads", name), f"{found}; allowed: another path"
        if name.endswith(RECORD):
            yield ("downloads", name), f"found a name that ends in {RECORD}; allowed: another name"


def _corpus_problems(config: Config) -> Iterator[Problem]:
    if config["data_dir"] is not None:
        try:
            canonical_folder(config["data_dir"])
        except InputError as error:
            yield ("data_dir",), str(error)
            return
    for name, corpus in config["corpora"].items():
        for kind, origin in corpus.items():
            yield from _kind_problems(("corpora", name, kind), kind, origin)
    # A file that can be fetched need not be there.
    every = corpus_files(config["corpora"])
    from_files: list[tuple[Key, str]] = [
        (("corpora", *key), path)
        for key, path in every
        if download_name(path) not in config["downloads"]
    ]
    if config["data_dir"] is None and from_files:
        first = f"{_dotted(from_files[0][0][:-1])} reads files"
        yield (
            ("data_dir",),
            f"found null; allowed: a folder, for {first}; say which with --config data_dir=<folder>"
            " or in the study",
        )
        return
    for key, path in from_files:
        yield from _file_problems(key, config["data_dir"], path)


def _file_problems(key: Key, data_dir: str, name: str) -> Iterator[Problem]:
    """Find a file that cannot be read; annotations may be a folder too."""
    folder = key[-1] == ANNOTATIONS
    try:
        path = data_file(data_dir, name)
    except InputError as error:
        yield key, str(error)
        return
    there = Path(path).is_file() or (folder and Path(path).is_dir())
    if not there or not os.access(path, os.R_OK):
        what = "a file or folder" if folder else "a file"
        yield key, f"found {path!r}; allowed: {what} that is there and may be read"


def _kind_problems(key: Key, kind: str, origin: Config) -> Iterator[Problem]:
    """Find a phenomenon that its source cannot give."""
    if origin["source"] == "grammar" and kind not in WRITERS:
        yield key, f"found a kind that the grammar does not write; allowed: {', '.join(WRITERS)}"
    if "format" in origin and not has_phenomenon(origin["format"], kind):
        allowed = [name for name in SPAN_FORMATS if has_phenomenon(name, kind)]
        found = f"found {origin['format']!r}, which has no {kind}"
        yield (*key, "format"), f"{found}; allowed: {', '.join(allowed)}"


def _task_problems(config: Config) -> Iterator[Problem]:
    for name, task in config["tasks"].items():
        key: Key = ("tasks", name, "corpus")
        yield from _unknown(key, task["corpus"], config["corpora"], "corpus")
        corpus = config["corpora"].get(task["corpus"], {})
        kind = CORPUS_KIND[task["kind"]]
        if corpus and kind not in corpus:
            yield (
                key,
                f"found {task['corpus']!r}, which has no {kind}; allowed: {_having(config, kind)}",
            )
        elif corpus:
            yield from _split_problems(("tasks", name), task, corpus[kind])
        if task["kind"] == "question_answering" and task["stride"] >= task["longest"]:
            yield (
                ("tasks", name, "stride"),
                f"found {task['stride']}; allowed: less than longest, {task['longest']}",
            )


def _having(config: Config, kind: str) -> str:
    names = [name for name, corpus in config["corpora"].items() if kind in corpus]
    return ", ".join(names) or f"a corpus with {kind}"


def _split_problems(entry: Key, settings: Config, origin: Config) -> Iterator[Problem]:
    """Find splits that an entry of the configuration needs and its corpus does not have."""
    for split in ("train", "test"):
        if split not in origin:
            yield (*entry, "corpus"), f"found no {split} split in it; allowed: one that has it"
    if "dev" not in origin and settings["dev_fraction"] is None:
        yield (
            (*entry, "dev_fraction"),
            "found null; allowed: a share of train, since the corpus has no dev split",
        )


def _ablation_problems(config: Config) -> Iterator[Problem]:
    settings = config["ablations"]
    for name in [name for name in settings if name not in (UNTUNED, *KINDS)]:
        allowed = ", ".join([UNTUNED, *KINDS])
        yield ("ablations", name), f"found an unknown key; allowed: {allowed}"
    for name, kind in KINDS.items():
        asked = settings.get(name, [])
        for position, layers in enumerate([] if asked == "all" else asked):
            yield from _layer_problems(("ablations", name, position), layers, kind.least, config)


def _size_problems(config: Config) -> Iterator[Problem]:
    settings = config["training_sizes"]
    if not settings["percents"]:
        return
    for encoder in config["fine_tuned_encoders"]:
        depth = int(config["encoders"].get(encoder, {}).get("layers", 0))  # it may be written 6.0
        known = [FULL, *ablations(config["ablations"], depth)]
        for position, name in enumerate(settings["variants"]):
            if name not in known:
                found = f"found {name!r}, which {encoder} has not on all of the data"
                key = ("training_sizes", "variants", position)
                yield key, f"{found}; allowed: {', '.join(known)}"


def _layer_problems(key: Key, layers: int, least: int, config: Config) -> Iterator[Problem]:
    if layers < least:
        yield key, f"found {layers}; allowed: {least} or more"
    for encoder in config["fine_tuned_encoders"]:
        depth = config["encoders"].get(encoder, {}).get("layers", 0)
        if depth and layers >= depth:
            yield key, f"found {layers}; allowed: less than the {depth} layers of {encoder}"


def _measure_problems(config: Config) -> Iterator[Problem]:
    for position, name in enumerate(config["similarity"]["measures"]):
        if name not in MEASURE_NAMES:
            key: Key = ("similarity", "measures", position)
            yield key, f"found {name!r}; allowed: {' | '.join(MEASURE_NAMES)}"


def _stimuli_problems(config: Config) -> Iterator[Problem]:
    for name, stimuli in config["stimuli"].items():
        key: Key = ("stimuli", name)
        if name in config["tasks"]:
            # activations/<encoder>/<stimuli> would hold activations/<encoder>/<task>/full/...
            yield key, "found a name that a task has too; allowed: another name"
        yield from _unknown((*key, "corpus"), stimuli["corpus"], config["corpora"], "corpus")
        corpus = config["corpora"].get(stimuli["corpus"], {})
        kind, split = stimuli["kind"], stimuli["split"]
        if corpus and kind not in corpus:
            allowed = ", ".join(corpus)
            yield (*key, "kind"), f"found {kind!r}, not in {stimuli['corpus']}; allowed: {allowed}"
        elif corpus and split not in corpus[kind]:
            splits = [name for name in SPLITS if name in corpus[kind]]
            yield (*key, "split"), f"found {split!r}; allowed: {', '.join(splits)}"


def _probe_problems(config: Config) -> Iterator[Problem]:
    for name, probes in config["probes"].items():
        key: Key = ("probes", name)
        yield from _unknown((*key, "corpus"), probes["corpus"], config["corpora"], "corpus")
        corpus = config["corpora"].get(probes["corpus"], {})
        places: dict[str, Key] = {
            kind: (*key, "phenomena", at) for at, kind in enumerate(probes["phenomena"])
        }
        if probes["structure"]:
            places["treebank"] = (*key, "structure")
        if not places:
            yield (*key, "phenomena"), "found none, and no structure; allowed: something to probe"
        for kind, place in places.items():
            if corpus and kind not in corpus:
                found = f"found {kind!r}, not in {probes['corpus']}"
                yield place, f"{found}; allowed: {', '.join(corpus)}"
            elif corpus:
                yield from _split_problems(key, probes, corpus[kind])


def _trajectory_problems(config: Config) -> Iterator[Problem]:
    with_trees = [name for name, probes in config["probes"].items() if probes["structure"]]
    allowed = {"seeds": config["seeds"], "stimuli": config["stimuli"], "structure": with_trees}
    trajectory = config["trajectory"]
    for setting, names in allowed.items():
        for position, name in enumerate(trajectory[setting]):
            if name not in names:
                choice = ", ".join(map(str, names)) or "none here"
                yield ("trajectory", setting, position), f"found {name!r}; allowed: {choice}"
    if trajectory["steps"] and not trajectory["seeds"]:
        yield ("trajectory", "seeds"), "found none; allowed: a seed or more, or no steps"
    if trajectory["steps"] and not (trajectory["stimuli"] or trajectory["structure"]):
        yield ("trajectory", "stimuli"), "found none, and no structure; allowed: one of the two"
