"""What the heads of replies tell: the quota as it stands, the forge's clock, and nothing that is nonsense."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from foreman.errors import ForgeRejected
from foreman.forge.base import Quota
from foreman.forge.github import GitHubForge
from foreman.forge.meter import LONGEST_WAIT, Meter
from tests.forge.replies import REF, issue
from tests.forge.scripted import Answer, ScriptedServer

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
_RESET = NOW + timedelta(minutes=20)
_GOOD = {
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": "4321",
    "x-ratelimit-reset": str(int(_RESET.timestamp())),
}


def test_the_last_reply_tells_what_is_left_and_what_time_it_is(
    server: ScriptedServer, connect: Callable[..., GitHubForge]
) -> None:
    forge = connect(server.url, clock=lambda: NOW)
    before = (forge.quota, forge.skew)
    good, less = tuple(_GOOD.items()), tuple((_GOOD | {"x-ratelimit-remaining": "4320"}).items())
    server.will(
        Answer(200, issue(), (*good, ("Date", "Sun, 01 Mar 2026 13:30:00 GMT"))),
        Answer(422, {"message": "no"}, (*less, ("Date", "Sun, 01 Mar 2026 12:00:01 GMT"))),
    )

    forge.issue(REF)
    first = (forge.quota, forge.skew)
    with pytest.raises(ForgeRejected):
        forge.post_comment(REF, "hello")

    assert before == (None, timedelta(0))
    assert first == (Quota(limit=5000, remaining=4321, reset_at=_RESET), timedelta(minutes=90))
    assert (forge.quota, forge.skew) == (Quota(limit=5000, remaining=4320, reset_at=_RESET), timedelta(0))


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"x-ratelimit-limit": "5000"},
        _GOOD | {"x-ratelimit-remaining": "-1"},
        _GOOD | {"x-ratelimit-reset": "soon"},
        _GOOD | {"x-ratelimit-reset": "0"},
        _GOOD | {"x-ratelimit-resource": "search"},
        {"date": "yesterday"},
        {"date": "Sun, 01 Mar 2026 13:30:00"},
    ],
)
def test_a_head_that_says_nothing_sensible_changes_nothing(odd: dict[str, str]) -> None:
    meter = Meter("x-ratelimit-")

    meter.hear(odd, now=NOW)

    assert (meter.quota, meter.skew) == (None, timedelta(0))


def test_no_window_ends_later_than_a_day_from_now() -> None:
    meter = Meter("ratelimit-")

    meter.hear({"ratelimit-limit": "60", "ratelimit-remaining": "0", "ratelimit-reset": "99999999999"}, now=NOW)

    assert meter.quota == Quota(limit=60, remaining=0, reset_at=NOW + LONGEST_WAIT)
