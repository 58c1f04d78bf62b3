"""A hash of the code and data that a script can reach, blind to comments, docstrings and layout.

Snakemake does not see a change in a module that a script imports. As a parameter of its rule, this
hash makes exactly those rules stale whose code changed in what it does.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from bertology.provenance import sha256


def fingerprint(script: Path, modules: Iterable[str] = ()) -> str:
    """Hash `script` and all local modules it imports, directly or not, wherever the import stands.

    Local means below the folder of `script`. `modules` adds dotted names that the script imports by
    name at run time. Files in a folder `data` beside a module belong to it. Returns 16 hexadecimal
    digits. Raises FileNotFoundError for a file or module that is not there.
    """
    root = script.resolve().parent
    files = reached(script, modules)
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(root)}\n{_code(root, path)[0]}\n".encode())
    for folder in sorted({path.parent / "data" for path in files}):
        digest.update(_data(folder))
    return digest.hexdigest()[:16]


def reached(script: Path, modules: Iterable[str] = ()) -> list[Path]:
    """List the files of code that `fingerprint` hashes, with the same arguments and errors."""
    root = script.resolve().parent
    found = {script.resolve()}
    waiting = [script.resolve(), *(_named_file(root, name) for name in modules)]
    while waiting:
        current = waiting.pop()
        found.add(current)
        waiting.extend(path for path in _code(root, current)[1] if path not in found)
    return sorted(found)


def module_hashes(root: Path) -> dict[str, str]:
    """Hash all modules below `root`, each by itself and blind to the same, and their data."""
    modules = {
        path.relative_to(root).as_posix(): hashlib.sha256(_code(root, path)[0].encode()).hexdigest()
        for path in sorted(root.rglob("*.py"))
    }
    folders = sorted(path for path in root.rglob("data") if path.is_dir())
    data = {path.relative_to(root).as_posix(): sha256(path) for path in folders}
    return {name: digest[:16] for name, digest in {**modules, **data}.items()}


def _named_file(root: Path, name: str) -> Path:
    path = _module_file(root, name.split("."))
    if path is None:
        raise FileNotFoundError(f"no module {name} below {root}")
    return path


def _module_file(root: Path, parts: list[str]) -> Path | None:
    base = root.joinpath(*parts)
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


@cache
def _data(folder: Path) -> bytes:
    """Hash what a module's data are: names and contents of the folder's files, if it is there."""
    return sha256(folder).encode() if folder.is_dir() else b""


@cache
def _code(root: Path, path: Path) -> tuple[str, tuple[Path, ...]]:
    """Return a file's syntax tree as text, and the local files that its imports would run.

    Docstrings and positions are taken out of the tree (comments are not in it). Every job of a
    workflow asks for the same few files, so each is read once.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # Not only the first statement: a string below a constant documents that constant.
            node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
    return ast.dump(tree), tuple(_imports(root, path, tree))


def _is_text(statement: ast.stmt) -> bool:
    """Tell whether a statement is a text that nothing uses, such as a docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _imports(root: Path, path: Path, tree: ast.Module) -> Iterator[Path]:
    """Yield the local files that importing what `path` names would run, packages included."""
    for node in ast.walk(tree):
        for name in _imported_names(root, path, node):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                found = _module_file(root, parts[:length])
                if found is not None:
                    yield found


def _imported_names(root: Path, path: Path, node: ast.AST) -> list[str]:
    """Return dotted names that an import statement may load: `from a import b` loads a and a.b."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        package = list(path.relative_to(root).parent.parts)
        start = package[: len(package) - node.level + 1] if node.level else []
        base = ".".join([*start, *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    return []
