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


class OfFiles(LoadScopeScheduling):
    """Where tests run in several processes (-n 3), keep those together that share what is costly.

    These are the files that look at the finished smoke study, and otherwise the tests of a file.
    """

    def _split_scope(self, nodeid):
        file = nodeid.split("::")[0]
        return "smoke" if file in SMOKE else file


def pytest_xdist_make_scheduler(config, log):
    return OfFiles(config, log)


def pytest_collection_modifyitems(items):
    """What looks at the smoke study begins, then what else runs Snakemake: it takes longest."""
    items.sort(
        key=lambda item: (
            item.nodeid.split("::")[0] not in SMOKE,
            "workflow" not in item.keywords,
        )
    )
