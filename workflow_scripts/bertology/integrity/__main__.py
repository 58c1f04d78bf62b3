"""Integrity of finished studies: what is damaged, what differs from a published one, publishing."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from bertology.errors import InputError
from bertology.integrity.comparison import compare, read_published, same_artifacts
from bertology.integrity.contents import size_of
from bertology.integrity.damages import Finding, find_damages
from bertology.integrity.lock import read_lock
from bertology.integrity.publication import publish
from bertology.integrity.rerun import write_study
from bertology.integrity.results import Results, read_results


def main() -> int:
    """Run a command; return 0 if all is as it should be, 1 if not, 2 for a user's mistake."""
    told = _parser().parse_args()
    try:
        return int(told.run(told))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bertology.integrity", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, about: str, *folders: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        for folder in folders:
            added.add_argument(folder, type=Path)
        return added

    verify = command("verify", "find what of a study is not as it was made", "results")
    verify.add_argument("--against", type=Path, help="hold it against this published study")
    verify.set_defaults(run=lambda told: _verify(told.results, told.against))
    published = command("publish", "publish a finished study", "results", "published")
    published.add_argument("--figures", nargs="+", default=["*"], help="names; all by default")
    published.set_defaults(run=lambda told: _publish(told.results, told.published, told.figures))
    again = command("rerun", "write the file of a study that runs a locked one", "lock", "study")
    again.add_argument("--data-dir", help="where the files of the user's are")
    again.set_defaults(run=lambda told: _rerun(told.lock, told.study, told.data_dir))
    return parser


def _verify(folder: Path, published: Path | None) -> bool:
    """Print what is damaged, and what differs; tell whether anything is, or does."""
    results = read_results(folder)
    if published is not None:
        read_published(published)  # Before gigabytes are read in vain.
    there = [folder / path for path in results.expected() if (folder / path).exists()]
    total = sum(map(size_of, there))
    with tqdm(total=total, unit="B", unit_scale=True, disable=None, leave=False) as bar:
        findings, read = find_damages(results, bar.update)
    _show([(finding.path, finding.found) for finding in findings])
    print(_summary(results, findings, len(read), total))
    damaged = any(finding.damage for finding in findings)
    return (published is not None and _differs(folder, published)) or damaged


def _summary(results: Results, findings: list[Finding], artifacts: int, size: int) -> str:
    damages = sum(finding.damage for finding in findings)
    read = f"{len(results.records):,} records, {artifacts:,} artifacts, {size / 1e9:.1f} GB"
    return f"{results.folder}: {damages or 'no'} damage{'s' * (damages != 1)} in {read}."


def _differs(folder: Path, published: Path) -> bool:
    found = compare(folder, published)
    _show([(each.place, each.found) for each in found])
    same, of = same_artifacts(folder, published)
    beyond = sum(not each.minor for each in found)
    verdict = f"{beyond} differences that matter" if beyond else "the same but for that"
    print(
        f"{folder} beside {published}: {verdict if found else 'equal'}; "
        f"{same:,} of {of:,} artifacts equal to the bit."
    )
    return beyond > 0


def _show(rows: Sequence[tuple[str, str]]) -> None:
    """Print places and what is found there, in two columns."""
    width = max((len(place) for place, _ in rows), default=0)
    for place, found in rows:
        print(f"{place:<{width}}  {found}")


def _publish(results: Path, published: Path, figures: list[str]) -> bool:
    large = publish(results, published, figures)
    left = f", without {', '.join(large)} (too large; the lock has their hashes)" if large else ""
    print(f"{results} is published in {published}{left}.")
    return False


def _rerun(lock: Path, study: Path, data_dir: str | None) -> bool:
    found = write_study(read_lock(lock), study, data_dir)
    _show([(each.place, each.found) for each in found])
    print(f"{study} asks what {lock} did.")
    return False


if __name__ == "__main__":
    sys.exit(main())
