"""Get a corpus from where it is, files or the hub, and store it in one public format."""

import importlib
import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

from bertology.corpora.kinds import format_of, read_kind, split_path, write_kind
from bertology.corpora.shapes import SPLITS
from bertology.errors import InputError
from bertology.files import atomic_folder, write_json
from bertology.left_out import in_words, records

logger = logging.getLogger(__name__)

SUMMARY = "summary.json"
"""Beside the splits: how many examples each has, and what the reader left out."""

Splits = dict[str, list[Any]]
Records = list[dict[str, Any]]


def fetch_corpus(
    kind: str, source: dict[str, Any], folder: Path | str, data_dir: Path | str | None
) -> dict[str, int]:
    """Read and check a corpus, and write `<folder>/<split>.<extension>` for each of its splits.

    `source` has the key `source`, which is `files` or `hub`, and any of the keys train, dev, test:
    paths of files, absolute or below `data_dir`, or names of the hub's splits. For the hub it has
    `repository`, `subset` and `revision` too. `labels` gives the names of sentence pairs' labels in
    the order of their numbers. With a key `format` the files have labelled spans of the phenomenon
    `kind` (see spans/formats.py), which become edge-probing JSON lines; in some formats the files
    have the words alone, and `annotations` is the path of what is said of them.

    `summary.json` beside them has the number of examples of each split, and what its reader left
    out (see bertology.left_out). Returns the number of examples of each split. Raises InputError
    for an unusable source or a corpus that its reader refuses; nothing is written then.
    """
    wanted = {split: source[split] for split in SPLITS if split in source}
    if not wanted:
        raise InputError(f"corpus source: found no split; allowed: any of {', '.join(SPLITS)}")
    if "format" in source:
        examples, left_out = _read_spans(kind, source, wanted, data_dir)
        kind = "edges"
    else:
        examples, left_out = _read_examples(kind, source, wanted, data_dir)
    counts = {split: len(of_split) for split, of_split in examples.items()}
    with atomic_folder(folder) as temporary:
        for split, of_split in examples.items():
            write_kind(kind, split_path(kind, temporary, split), of_split)
            logger.info("%s %s: %d examples", kind, split, counts[split])
        for record in left_out:
            logger.info("%s", in_words(record))
        summary = {"kind": kind, "splits": counts, "left_out": left_out}
        write_json(temporary / SUMMARY, summary)
    return counts


def left_out_by_reader(folder: Path | str) -> Records:
    """Give what `fetch_corpus` left out of a corpus; nothing of one that the grammar wrote."""
    path = Path(folder) / SUMMARY
    if not path.is_file():
        return []
    found: Records = json.loads(path.read_text(encoding="utf-8"))["left_out"]
    return found


def _read_examples(
    kind: str, source: dict[str, Any], wanted: dict[str, str], data_dir: Path | str | None
) -> tuple[Splits, Records]:
    """Read the splits of a kind, and give what was left out of them."""
    examples: Splits = {}
    left_out: Records = []
    for split, name in wanted.items():
        counts: Counter[str] = Counter()
        examples[split] = _read_split(kind, source, name, data_dir, counts)
        of = len(examples[split]) + counts.total()
        left_out += records(split, format_of(kind).unit, of, counts)
    return examples, left_out


def _read_split(
    kind: str,
    source: dict[str, Any],
    name: str,
    data_dir: Path | str | None,
    left_out: Counter[str],
) -> list[Any]:
    options = {"labels": source["labels"]} if "labels" in source else {}
    if source["source"] == "files":
        return read_kind(kind, _below(data_dir, name), left_out, **options)
    if source["source"] == "hub":
        # Loaded only here, because few corpora need it.
        hub = importlib.import_module("bertology.corpora.hub")
        place = (source["repository"], source["subset"], source["revision"])
        examples: list[Any] = hub.fetch_hub(kind, *place, name, left_out, **options)
        return examples
    raise InputError(f"corpus source: found {source['source']}; allowed: files, hub")


def _read_spans(
    phenomenon: str, source: dict[str, Any], wanted: dict[str, str], data_dir: Path | str | None
) -> tuple[Splits, Records]:
    """Read the splits of a phenomenon, and give what was left out of them."""
    # Loaded only here, so that a change to it leaves all other corpora as they are.
    formats = importlib.import_module("bertology.corpora.spans.formats")
    apart = source.get(formats.ANNOTATIONS)
    annotations = None if apart is None else _below(data_dir, apart)
    read = {
        split: formats.read_spans(
            phenomenon, source["format"], _below(data_dir, path), annotations, split
        )
        for split, path in wanted.items()
    }
    left_out = [record for split, each in read.items() for record in each.records(split)]
    return {split: each.sentences for split, each in read.items()}, left_out


def _below(data_dir: Path | str | None, path: str) -> Path:
    if data_dir is None and not Path(path).is_absolute():
        raise InputError(f"data_dir: found none; allowed: the folder that holds {path}")
    return Path(data_dir or "") / path
