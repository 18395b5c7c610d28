"""One small world per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a forge with one repository, an agent, and a configuration for both."""
    made = World(tmp_path)
    yield made
    made.close()
