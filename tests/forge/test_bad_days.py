"""Bad days of a forge that keeps a ledger: what is asked once, what was done all the same, what a read costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from foreman.errors import (
    ForgeAuthError,
    ForgeError,
    ForgeLocked,
    ForgeMoved,
    ForgeRateLimited,
    ForgeRejected,
    ForgeUnavailable,
)
from foreman.model import IssueRef, RepoRef
from foreman.sandbox import (
    Action,
    Fault,
    SandboxForge,
    commit_late,
    commit_then_drop,
    commit_then_status,
    drop_before,
    not_json,
    redirect,
    reply,
    truncate,
)
from tests.fakes import Ticking
from tests.forge.contract import BOT, furnish
from tests.forge.dialects import Dialect, Forge, Reach


@dataclass
class Place:
    sandbox: SandboxForge
    forge: Forge
    ref: IssueRef
    clock: Ticking

    @property
    def repo(self) -> RepoRef:
        return self.ref.repo


@pytest.fixture
def place(reach: Reach, dialect: Dialect) -> Iterator[Place]:
    clock = Ticking()
    repo = dialect.repo
    with SandboxForge(kind=repo.forge.value, clock=clock) as sandbox:
        furnish(sandbox, repo)
        token = sandbox.token(BOT)
        number = sandbox.open_issue(repo.path, title="It breaks", author="ann", labels=("bug",))
        forge = reach(sandbox.url, token=lambda: token, clock=lambda: clock.now)
        yield Place(sandbox, forge, IssueRef(repo, number), clock)
        forge.disconnect()


_WRITES: dict[str, Callable[[Forge, IssueRef], object]] = {
    "comment": lambda forge, ref: forge.post_comment(ref, "hello"),
    "label": lambda forge, ref: forge.add_label(ref, "question"),
    "label off": lambda forge, ref: forge.remove_label(ref, "bug"),
    "close": lambda forge, ref: forge.close(ref, "completed"),
}
_CHANGES = ("POST", "PUT", "PATCH", "DELETE")
_DAYS: dict[str, tuple[Action, type[ForgeError], bool]] = {
    "502 before": (reply(502, body="<html>Bad gateway</html>"), ForgeUnavailable, False),
    "502 after": (commit_then_status(502), ForgeUnavailable, True),
    "500 after": (commit_then_status(500), ForgeUnavailable, True),
    "dropped before": (drop_before(), ForgeUnavailable, False),
    "dropped after": (commit_then_drop(), ForgeUnavailable, True),
    "half a reply": (truncate(1), ForgeUnavailable, True),
    "a captive portal": (not_json(), ForgeUnavailable, False),
    "moved for good": (redirect("/repos/acme/other/issues/1", 301), ForgeMoved, False),
    "moved for now": (redirect("/repos/acme/other/issues/1", 307), ForgeMoved, False),
    "not found elsewhere": (redirect("/repos/acme/other/issues/1", 302), ForgeMoved, False),
    "token refused": (reply(401, body={"message": "Bad credentials"}), ForgeAuthError, False),
    "too weak": (reply(403, body={"message": "Resource not accessible"}), ForgeAuthError, False),
    "locked": (reply(403, body={"message": "Unable to comment because issue is locked."}), ForgeLocked, False),
    "too fast": (reply(403, {"Retry-After": "9"}, {"message": "secondary rate limit"}), ForgeRateLimited, False),
    "too many": (reply(429, body={"message": "Too many requests"}), ForgeRateLimited, False),
    "invalid": (reply(422, body={"message": "Validation Failed"}), ForgeRejected, False),
    "blocked by law": (reply(451, body={"message": "Repository access blocked"}), ForgeRejected, False),
}


@pytest.mark.parametrize("day", _DAYS)
def test_a_write_is_sent_once_and_its_error_says_what_is_certain(day: str, place: Place) -> None:
    action, expected, done = _DAYS[day]
    for write in _WRITES.values():
        place.sandbox.clear_ledger()
        place.sandbox.clear_faults()
        for method in _CHANGES:
            place.sandbox.inject(Fault(method=method, action=action))

        with pytest.raises(ForgeError) as raised:
            write(place.forge, place.ref)

        assert type(raised.value) is expected
        assert len([entry for entry in place.sandbox.ledger if entry.method in _CHANGES]) == 1
        assert bool(place.sandbox.writes()) is done
        assert getattr(raised.value, "sent", True)
        place.clock.now += timedelta(hours=1)


@pytest.mark.parametrize("day", [day for day in _DAYS if " after" not in day])
def test_a_read_is_sent_once_and_fails_clearly(day: str, place: Place) -> None:
    action, expected, _ = _DAYS[day]
    for read in (
        lambda: place.forge.issue(place.ref),
        lambda: place.forge.probe(place.repo, etag=""),
        lambda: list(place.forge.changed_since(place.repo, since=place.clock.now)),
        lambda: place.forge.history(place.ref),
    ):
        place.sandbox.clear_ledger()
        place.sandbox.inject(Fault(method="GET", action=action))

        with pytest.raises(ForgeError) as raised:
            read()

        assert type(raised.value) is expected
        assert len(place.sandbox.ledger) == 1
        place.clock.now += timedelta(hours=1)


def test_a_write_that_is_done_late_was_in_doubt(place: Place) -> None:
    place.sandbox.inject(Fault(method="POST", action=commit_late(0.05)))

    with pytest.raises(ForgeUnavailable) as raised:
        place.forge.post_comment(place.ref, "hello")
    place.sandbox.settle()

    assert raised.value.sent
    assert [comment.body for comment in place.forge.comments(place.ref)] == ["hello"]


def test_a_quiet_poll_is_one_request_and_free_where_the_forge_says_so(place: Place, dialect: Dialect) -> None:
    seen = place.forge.probe(place.repo, etag="")
    place.sandbox.clear_ledger()

    for _ in range(5):
        assert not place.forge.probe(place.repo, etag=seen.etag).changed

    assert [entry.status for entry in place.sandbox.ledger] == [304] * 5
    place.sandbox.rate_limit(1 if dialect.unchanged_is_free else 3, place.clock.now + timedelta(minutes=30))
    for _ in range(3):
        assert not place.forge.probe(place.repo, etag=seen.etag).changed


def test_a_used_up_quota_ends_when_the_forge_says(place: Place) -> None:
    reset = place.clock.now + timedelta(minutes=30)
    place.sandbox.rate_limit(0, reset)

    with pytest.raises(ForgeRateLimited) as raised:
        place.forge.issue(place.ref)

    assert abs(raised.value.retry_at - reset) <= timedelta(seconds=3)
    place.clock.now = reset + timedelta(seconds=2)
    assert place.forge.issue(place.ref).ref == place.ref


def test_a_revoked_token_stops_everything(place: Place) -> None:
    place.sandbox.revoke(BOT)

    with pytest.raises(ForgeAuthError) as raised:
        place.forge.post_comment(place.ref, "hello")

    assert raised.value.status == 401
    assert place.sandbox.token(BOT) not in str(raised.value)
