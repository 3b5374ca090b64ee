"""Fixtures of this folder."""

from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a configuration may be written."""
    return tmp_path / "node.yaml"
