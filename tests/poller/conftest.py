from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foreman.poller import Backfill, LookingBack
from tests.rig import Rig, rig


def filler(bench: Rig, redact: Callable[[str], str] = str) -> Backfill:
    """Return what reads older issues, on the bench's clock."""
    return Backfill(
        db=bench.db,
        reader=bench.forge,
        plan=bench.plans.get,
        redact=redact,
        looking_back=LookingBack(db=bench.db, reader=bench.forge, bot_id=bench.bot.id, now=bench.clock),
        now=bench.clock,
        monotonic=bench.clock.monotonic,
    )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made
