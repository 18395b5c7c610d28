"""Half a year on the fast clock, with all that happens in a year; the whole of it is `tests.benchmarks.year`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.year import Year

pytestmark = [pytest.mark.kill, pytest.mark.long, pytest.mark.timeout(1800)]


def test_through_half_a_year_of_everything_nothing_is_lost_done_twice_or_piled_up(tmp_path: Path) -> None:
    year = Year(tmp_path, days=180, events=720, seed=30)
    try:
        year.live(10)
        table = year.verdict()
    finally:
        year.close()
    print(*(f"{name:<44}{value:>22}" for name, value in table), sep="\n")

    assert not year.failed, (year.bad, year.crowd.unseen, year.books.differences())
