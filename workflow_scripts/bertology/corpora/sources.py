"""Get a corpus from where it is, files or the hub, and store it in one public format."""

import importlib
import logging
from pathlib import Path
from typing import Any

from bertology.corpora.kinds import read_kind, split_path, write_kind
from bertology.corpora.shapes import SPLITS
from bertology.errors import InputError
from bertology.files import atomic_folder

logger = logging.getLogger(__name__)


def fetch_corpus(
    kind: str, source: dict[str, Any], folder: Path | str, data_dir: Path | str | None
) -> dict[str, int]:
    """Read and check a corpus, and write `<folder>/<split>.<extension>` for each of its splits.

    `source` has the key `source`, which is `files` or `hub`, and any of the keys train, dev, test:
    paths of files, absolute or below `data_dir`, or names of the hub's splits. For the hub it has
    `repository`, `subset` and `revision` too. Returns the number of examples of each split. Raises
    InputError for an unusable source or a corpus that its reader refuses; nothing is written then.
    """
    wanted = {split: source[split] for split in SPLITS if split in source}
    if not wanted:
        raise InputError(f"corpus source: found no split; allowed: any of {', '.join(SPLITS)}")
    if source["source"] == "files":
        examples = {
            split: read_kind(kind, _below(data_dir, path)) for split, path in wanted.items()
        }
    elif source["source"] == "hub":
        # Loaded only here, because few corpora need it.
        hub = importlib.import_module("bertology.corpora.hub")
        place = (source["repository"], source["subset"], source["revision"])
        examples = {split: hub.fetch_hub(kind, *place, name) for split, name in wanted.items()}
    else:
        raise InputError(f"corpus source: found {source['source']}; allowed: files, hub")
    with atomic_folder(folder) as temporary:
        for split, of_split in examples.items():
            write_kind(kind, split_path(kind, temporary, split), of_split)
            logger.info("%s %s: %d examples", kind, split, len(of_split))
    return {split: len(of_split) for split, of_split in examples.items()}


def _below(data_dir: Path | str | None, path: str) -> Path:
    if data_dir is None and not Path(path).is_absolute():
        raise InputError(f"data_dir: found none; allowed: the folder that holds {path}")
    return Path(data_dir or "") / path
