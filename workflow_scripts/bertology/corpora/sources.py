"""Get a corpus from where it is, files or the hub, and store it in one public format."""

import importlib
import logging
from pathlib import Path
from typing import Any

from bertology.corpora.kinds import read_kind, split_path, write_kind
from bertology.corpora.shapes import SPLITS
from bertology.errors import InputError
from bertology.files import atomic_folder, write_json

logger = logging.getLogger(__name__)

LEFT_OUT = "left_out.json"
"""Beside the splits of labelled spans: what the reader left out of each, by reason."""


def fetch_corpus(
    kind: str, source: dict[str, Any], folder: Path | str, data_dir: Path | str | None
) -> dict[str, int]:
    """Read and check a corpus, and write `<folder>/<split>.<extension>` for each of its splits.

    `source` has the key `source`, which is `files` or `hub`, and any of the keys train, dev, test:
    paths of files, absolute or below `data_dir`, or names of the hub's splits. For the hub it has
    `repository`, `subset` and `revision` too. With a key `format` the files have labelled spans of
    the phenomenon `kind` (see spans/formats.py), which become edge-probing JSON lines; what their
    reader left out is counted in `left_out.json`. Returns the number of examples of each split.
    Raises InputError for an unusable source or a corpus that its reader refuses; nothing is written
    then.
    """
    wanted = {split: source[split] for split in SPLITS if split in source}
    if not wanted:
        raise InputError(f"corpus source: found no split; allowed: any of {', '.join(SPLITS)}")
    left_out: dict[str, dict[str, int]] = {}
    if "format" in source:
        annotated = _read_spans(kind, source["format"], wanted, data_dir)
        kind = "edges"
        examples: dict[str, list[Any]] = {name: each.sentences for name, each in annotated.items()}
        left_out = {split: each.left_out for split, each in annotated.items()}
    else:
        examples = _read_examples(kind, source, wanted, data_dir)
    with atomic_folder(folder) as temporary:
        for split, of_split in examples.items():
            write_kind(kind, split_path(kind, temporary, split), of_split)
            logger.info("%s %s: %d examples", kind, split, len(of_split))
        if left_out:
            write_json(temporary / LEFT_OUT, left_out)
    return {split: len(of_split) for split, of_split in examples.items()}


def _read_examples(
    kind: str, source: dict[str, Any], wanted: dict[str, str], data_dir: Path | str | None
) -> dict[str, list[Any]]:
    if source["source"] == "files":
        return {split: read_kind(kind, _below(data_dir, path)) for split, path in wanted.items()}
    if source["source"] == "hub":
        # Loaded only here, because few corpora need it.
        hub = importlib.import_module("bertology.corpora.hub")
        place = (source["repository"], source["subset"], source["revision"])
        return {split: hub.fetch_hub(kind, *place, name) for split, name in wanted.items()}
    raise InputError(f"corpus source: found {source['source']}; allowed: files, hub")


def _read_spans(
    phenomenon: str, format_name: str, wanted: dict[str, str], data_dir: Path | str | None
) -> dict[str, Any]:
    # Loaded only here, so that a change to it leaves all other corpora as they are.
    formats = importlib.import_module("bertology.corpora.spans.formats")
    return {
        split: formats.read_spans(phenomenon, format_name, _below(data_dir, path))
        for split, path in wanted.items()
    }


def _below(data_dir: Path | str | None, path: str) -> Path:
    if data_dir is None and not Path(path).is_absolute():
        raise InputError(f"data_dir: found none; allowed: the folder that holds {path}")
    return Path(data_dir or "") / path
