"""Fixtures shared by all tests, and how these are dealt out to several processes."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public data: BERTOLOGY_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("BERTOLOGY_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data are not here: {folder} (set BERTOLOGY_DATA)")
    return folder


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(items):
    """Where tests run in several processes (-n 2), keep those together that share what is costly.

    These are all that look at the finished smoke study, and otherwise the tests of a file. What
    runs Snakemake begins, since it takes longest.
    """
    for item in items:
        shares = "smoke" if "smoke" in item.fixturenames else str(item.path)
        item.add_marker(pytest.mark.xdist_group(shares))
    items.sort(key=lambda item: ("smoke" not in item.fixturenames, "workflow" not in item.keywords))
