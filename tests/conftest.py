"""Fixtures shared by all tests."""

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
