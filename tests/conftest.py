"""Fixtures shared by all tests, and how these are dealt out to several processes."""

import os
import re
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

REPOSITORY = Path(__file__).resolve().parents[1]
SMOKE = {
    path.relative_to(REPOSITORY).as_posix()
    for path in (REPOSITORY / "tests" / "workflow").glob("test_*.py")
    if re.search(r"^def \w+\((.*\W)?smoke[,)]", path.read_text(), flags=re.MULTILINE)
}
"""The files of tests that look at the finished smoke study."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public data: BERTOLOGY_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("BERTOLOGY_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data are not here: {folder} (set BERTOLOGY_DATA)")
    return folder


FIRST = "tests/workflow/test_killed.py"
"""Of these the one that takes longest, for it runs a second study."""


class OfFiles(LoadScopeScheduling):
    """Where tests run in several processes (-n 3), keep those of a file together."""

    def _split_scope(self, nodeid):
        return nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config, log):
    return OfFiles(config, log)


def pytest_collection_modifyitems(items):
    """One file has the smoke study run, others that look at it come when it is there, at the end.

    In between are the other tests that run Snakemake, which take long, and then the short ones.
    """

    def turn(item):
        file = item.nodeid.split("::")[0]
        if file in SMOKE:
            return 0 if file == FIRST else 3
        return 1 if "workflow" in item.keywords else 2

    items.sort(key=turn)
