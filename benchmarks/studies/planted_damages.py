"""How many of 30 damages to a finished study `make verify` finds, and what else it takes for one.

    python benchmarks/studies/planted_damages.py results/default [seed]

The damages are done to a copy (hard links, beside the results) by chance. What they have changed is
found here by another way: all files of both are compared, byte by byte.
"""

import filecmp
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow_scripts"))

from bertology.integrity.contents import TIMESTAMP
from bertology.integrity.damages import NO_ARTIFACTS, find_damages
from bertology.integrity.lock import read_lock
from bertology.integrity.results import read_results
from bertology.study.paths import LOCK


class Copy:
    """A copy of results to damage; `take` gives what no damage was done to yet."""

    def __init__(self, folder: Path, chance: random.Random):
        self.folder, self.chance = folder, chance
        lock = read_lock(folder / LOCK)
        self.artifacts, self.records = sorted(lock["artifacts"]), sorted(lock["records"])
        self.taken: set[str] = set()

    def take(self, names: list[str], chosen: Callable[[str], bool]) -> str:
        name = self.chance.choice([n for n in names if n not in self.taken and chosen(n)])
        self.taken.add(name)
        return name

    def file(self) -> Path:
        """Choose a file that is an artifact."""
        return self.folder / self.take(
            self.artifacts, lambda name: self.is_full(self.folder / name)
        )

    @staticmethod
    def is_full(path: Path) -> bool:
        return path.is_file() and path.stat().st_size > 1

    def part(self) -> Path:
        """Choose a file in a folder that is an artifact."""
        name = self.take(self.artifacts, lambda name: bool(self.parts(name)))
        return self.chance.choice(self.parts(name))

    def parts(self, name: str) -> list[Path]:
        """List the files in a folder that can be damaged; some folders are empty by design."""
        return [p for p in sorted((self.folder / name).rglob("*")) if self.is_full(p)]

    def record(self) -> Path:
        return self.folder / self.take(self.records, lambda _: True)

    def seeds(self, ending: str) -> tuple[Path, Path]:
        """Choose the same artifact or record of two seeds, with other content."""
        names = [*self.artifacts, *self.records]

        def differs(name: str) -> bool:
            other = name.replace("/seed-1/", "/seed-2/")
            free = name != other and name.endswith(ending) and other not in self.taken
            return free and other in names and changed(self.folder / name, self.folder / other)

        name = self.take(names, differs)
        other = name.replace("/seed-1/", "/seed-2/")
        self.taken.add(other)
        return self.folder / name, self.folder / other


def delete(path: Path, _: random.Random) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def rewrite(path: Path, content: bytes) -> None:
    """Write a file anew: the original shares its content by a hard link."""
    path.unlink()
    path.write_bytes(content)


def truncate(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    rewrite(path, content[: chance.randrange(len(content))])


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    rewrite(path, bytes(content))


def append(path: Path, _: random.Random) -> None:
    rewrite(path, path.read_bytes() + b"\n")


def rename(path: Path, _: random.Random) -> None:
    path.rename(path.with_name(f"other-{path.name}"))


def swap(first: Path, second: Path) -> None:
    kept = first.with_name("kept")
    first.rename(kept)
    second.rename(first)
    kept.rename(second)


def plant(copy: Copy) -> int:
    """Do the damages; return their number."""
    chance = copy.chance
    single = [
        *((delete, copy.file) for _ in range(3)),
        *((delete, copy.part) for _ in range(2)),
        *((delete, copy.record) for _ in range(2)),
        *((truncate, copy.file) for _ in range(3)),
        *((truncate, copy.part) for _ in range(2)),
        *((flip, copy.file) for _ in range(4)),
        *((flip, copy.part) for _ in range(4)),
        *((flip, copy.record) for _ in range(3)),
        (append, copy.file),
        (rename, copy.part),
    ]
    for damage, choose in single:
        damage(choose(), chance)
    endings = ("scores.csv", "examples.parquet", "/encoder", "/predictions", "provenance.json")
    for ending in endings:
        swap(*copy.seeds(ending))
    return len(single) + len(endings)


def files_of(path: Path) -> dict[Path, Path]:
    found = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {file.relative_to(path): file for file in found if file.name != TIMESTAMP}


def changed(first: Path, second: Path) -> bool:
    """Tell whether two files, or folders, hold anything else."""
    one, other = files_of(first), files_of(second)
    same = one.keys() == other.keys()
    return not (same and all(filecmp.cmp(one[n], other[n], shallow=False) for n in one))


def main() -> None:
    results, seed = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(dir=results.parent, prefix=".damaged-") as folder:
        damaged = Path(folder) / results.name
        ignored = shutil.ignore_patterns(*NO_ARTIFACTS)
        shutil.copytree(
            results, damaged, copy_function=lambda a, b: Path(b).hardlink_to(a), ignore=ignored
        )
        copy = Copy(damaged, random.Random(seed))
        number = plant(copy)
        names = [*copy.artifacts, *copy.records]
        truth = {name for name in names if changed(results / name, damaged / name)}
        findings, _ = find_damages(read_results(damaged))
    found = {finding.path: finding.found for finding in findings if finding.damage}
    for path in sorted({*truth, *found}):
        mark = (
            "found " if path in truth and path in found else "MISSED" if path in truth else "FALSE "
        )
        print(f"{mark} {path}: {found.get(path, '')}")
    print(
        f"{number} damages to {len(truth)} artifacts and records: "
        f"{len(truth & found.keys())} found, "
        f"{len(truth - found.keys())} missed, {len(found.keys() - truth)} named without reason."
    )
    sys.exit(truth != found.keys())


if __name__ == "__main__":
    main()
