"""Write files and folders so that a killed job leaves nothing that looks finished."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_file(path: Path | str) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` if the block ends without error."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last, because some writers choose the format by it.
    temporary = target.with_name(f".unfinished-{target.name}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path | str, content: Mapping[str, Any]) -> None:
    """Write one JSON object, indented, for people to read too."""
    with atomic_file(path) as temporary:
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path | str) -> dict[str, Any]:
    """Read what `write_json` wrote."""
    content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return content


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Give a new empty folder beside `path`; put it in place of `path` if the block ends well."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".unfinished-{target.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
