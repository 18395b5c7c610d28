"""One demo on a terminal for everything here: its recording, and the folder that it left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documents.scripts import script
from tests.documents.stage import forge_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What `docs/record.py` recorded, and where the demo's data is."""

    text: str
    folder: Path


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Record the demo once; nobody may change what it left."""
    home = tmp_path_factory.mktemp("recorded").resolve()
    return Recorded(text=script("record").record(home), folder=home / ".agent-harness" / "demo")


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state of a forge that nobody has worked on yet."""
    return forge_state(tmp_path_factory.mktemp("untouched"))
