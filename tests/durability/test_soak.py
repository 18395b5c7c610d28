"""A short soak; the long one is `python -m tests.benchmarks.soak` (20,000 events)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.soak import Soak

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]

EVENTS = 180
MINUTES = 0.5


def test_with_every_tenth_request_going_wrong_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    soak = Soak(tmp_path, seed=EVENTS)
    try:
        soak.run(EVENTS, MINUTES)
        table = soak.verdict()
    finally:
        soak.yard.close()
    print(*(f"{name:<42}{value:>14}" for name, value in table), sep="\n")

    assert soak.bad == dict.fromkeys(soak.bad, 0), soak.crowd.unseen
    assert not soak.failed
    assert soak.storm.hits > 0
