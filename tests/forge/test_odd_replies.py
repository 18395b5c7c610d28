"""Whatever a forge answers, a reader returns what it read or raises a `ForgeError`; nothing else comes out."""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from foreman.errors import ForgeError, ForgeUnavailable
from tests.forge import gitlab_replies, replies
from tests.forge.dialects import GITHUB, GITLAB, Dialect, Forge, Reach
from tests.forge.scripted import Answer, ScriptedServer

_AT = "2026-01-02T03:04:05Z"
_ODD = (
    None, True, False, 0, -1, 1, 2**63, -(2**70), 1.5, float("nan"), "", "bug", "\ud800", "\0", "a" * 500, _AT,
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30", [], [None], [1], {}, {"id": None},
)  # fmt: skip
_KIM = gitlab_replies.KIM
_REPLIES: dict[str, dict[str, tuple[Callable[[Forge], object], Any]]] = {
    "github": {
        "issue": (lambda forge: forge.issue(replies.REF), replies.issue()),
        "probe": (lambda forge: forge.probe(replies.REPO, etag=""), [replies.issue()]),
        "comments": (lambda forge: forge.comments(replies.REF), [replies.comment()]),
        "history": (
            lambda forge: forge.history(replies.REF),
            [{"id": 1, "event": "labeled", "actor": None, "created_at": _AT, "label": {"name": "bug"}}],
        ),
        "whoami": (lambda forge: forge.whoami(), {"login": "bot", "id": 3, "type": "Bot"}),
    },
    "gitlab": {
        "issue": (lambda forge: forge.issue(gitlab_replies.REF), gitlab_replies.issue()),
        "probe": (lambda forge: forge.probe(gitlab_replies.REPO, etag=""), [gitlab_replies.issue()]),
        "comments": (lambda forge: forge.comments(gitlab_replies.REF), [gitlab_replies.note()]),
        "history": (
            lambda forge: forge.history(gitlab_replies.REF),
            [{"id": 1, "user": _KIM, "created_at": _AT, "action": "add", "label": {"name": "bug"}, "state": "closed"}],
        ),
        "repository": (lambda forge: forge.repository(gitlab_replies.REPO), gitlab_replies.project()),
        "grants": (lambda forge: forge.grants(), _KIM | {"scopes": ["api"], "expires_at": "2026-12-31"}),
    },
}


@pytest.mark.parametrize(
    ("dialect", "what"),
    [(one, what) for one, name in ((GITHUB, "github"), (GITLAB, "gitlab")) for what in _REPLIES[name]],
    ids=lambda value: value if isinstance(value, str) else value.repo.forge.value,
)
def test_a_reply_with_odd_values_is_read_or_refused(
    what: str, server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    read, good = _REPLIES[dialect.repo.forge.value][what]
    forge = reach(server.url)
    fields = sorted(good[0] if isinstance(good, list) else good)
    for field, odd in itertools.product(fields, _ODD):
        body = copy.deepcopy(good)
        (body[0] if isinstance(body, list) else body)[field] = odd
        server.will(Answer(200, body))
        with contextlib.suppress(ForgeError):
            read(forge)


def test_a_time_that_no_calendar_has_is_no_answer(server: ScriptedServer, reach: Reach, dialect: Dialect) -> None:
    server.will(Answer(200, dialect.issue(updated_at="0001-01-01T00:00:00+23:59")))

    with pytest.raises(ForgeUnavailable):
        reach(server.url).issue(dialect.ref)
