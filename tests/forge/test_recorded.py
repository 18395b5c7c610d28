"""The adapters read what the real forges were recorded to answer, over HTTP."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.contract.recordings import Recorded
from tests.contract.replay_github import replay_github
from tests.contract.replay_gitlab import replay_gitlab

_FOLDER = Path(__file__).parent / "recorded"
_REPLAY = {"github": replay_github, "gitlab": replay_gitlab}


def _recorded(forge: str) -> tuple[Recorded, ...]:
    return tuple(
        Recorded(
            source=one["source"],
            forge=forge,
            method=one["method"],
            path=one["path"],
            status=one["status"],
            headers=tuple(one["headers"].items()),
            reply=one["reply"] if isinstance(one["reply"], str) else json.dumps(one["reply"]),
        )
        for one in json.loads((_FOLDER / f"{forge}.json").read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("forge", sorted(_REPLAY))
def test_what_the_real_forge_answered_is_read_as_it_was_meant(forge: str) -> None:
    exchanges = _recorded(forge)

    tally = _REPLAY[forge](exchanges)

    assert tally.problems == {}
    assert sum(tally.read.values()) == sum(one.status < 300 for one in exchanges)
    assert Counter({status: count for (status, _), count in tally.refused.items()}) == Counter(
        one.status for one in exchanges if one.status >= 300
    )
    assert (tally.other, tally.old) == (0, Counter())
    assert tally.quotas >= 8


def test_a_quota_that_is_not_heard_is_a_problem() -> None:
    odd = Recorded(
        source="made up",
        forge="github",
        method="GET",
        path="/user",
        status=200,
        headers=(("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "4999"), ("x-ratelimit-reset", "0")),
        reply='{"login": "ann", "id": 7, "type": "User"}',
    )

    assert list(replay_github([odd]).problems) == ["200: the quota ['5000', '4999', '0'] was heard as None"]


def test_a_reply_that_is_read_as_something_else_is_a_problem() -> None:
    issue = next(one for one in _recorded("github") if one.path == "/repos/packit/ogr/issues/80")
    wrong = Recorded(
        source="made up",
        forge="github",
        method="GET",
        path=issue.path,
        status=200,
        reply=issue.reply.replace('"closed"', '"shut"', 1),
    )

    assert len(replay_github([wrong]).problems) == 1
    assert replay_github([issue]).problems == {}


def test_a_refusal_has_to_become_what_its_status_says() -> None:
    limited = Recorded(
        source="made up",
        forge="github",
        method="GET",
        path="/user",
        status=403,
        headers=(("x-ratelimit-remaining", "0"),),
        reply='{"message": "no"}',
    )

    assert replay_github([limited]).refused == Counter({(403, "ForgeRateLimited"): 1})
