"""An app's tokens over HTTP: what they are asked for, when they are renewed, and what becomes of refusals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from foreman.errors import ForgeAuthError, ForgeError, ForgeNotFound, ForgeUnavailable
from foreman.forge.github_app_forge import GitHubAppForge
from foreman.forge.github_app_line import AppIdentity
from foreman.forge.github_app_token import MOST_REPOSITORIES, Wish, asking
from foreman.model import IssueRef, RepoRef
from foreman.sandbox import Fault, LedgerEntry, SandboxForge, commit_then_drop, drop_before, redirect, reply
from foreman.sandbox.app_people import NewApp
from foreman.secrets import KnownSecrets
from tests.app_key import app_key

REPO = RepoRef.parse("acme/widget")
OTHER = RepoRef.parse("acme/gadget")
WISH = Wish(repositories=frozenset({"acme/widget"}), permissions={"metadata": "read", "issues": "write"})
TOKENS = r"/access_tokens$"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **how: float) -> None:
        self.now += timedelta(**how)


class Rig:
    """An app on the sandbox, and our adapter for it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ours: Callable[[], datetime] = self.clock
        self.people = SandboxForge(clock=self.clock)
        self.people.start()
        self.people.add_repo(REPO.path, labels=["bug"], private=True)
        self.people.add_repo(OTHER.path, private=True)
        self.ref = IssueRef(REPO, self.people.open_issue(REPO.path, title="It breaks"))
        self.wish = WISH
        self.secrets = KnownSecrets()
        self.made: list[GitHubAppForge] = []

    def install(self, **changes: object) -> NewApp:
        arguments = {"account": "acme", "repositories": [REPO.path], "private_key": app_key(), **changes}
        self.app = self.people.add_app("triage", **arguments)  # type: ignore[arg-type]
        return self.app

    def connect(self, **identity: object) -> GitHubAppForge:
        known = {
            "app_id": str(self.app.app_id),
            "installation_id": self.app.installation_id,
            "private_key": lambda: self.app.private_key,
        }
        forge = GitHubAppForge(
            AppIdentity(**{**known, **identity}),  # type: ignore[arg-type]
            wish=lambda: self.wish,
            secrets=self.secrets,
            api_url=self.people.url,
            write_interval_seconds=0,
            clock=lambda: self.ours(),
        )
        self.made.append(forge)
        return forge

    @property
    def grants(self) -> list[LedgerEntry]:
        return [entry for entry in self.people.ledger if entry.path.endswith("/access_tokens")]

    def close(self) -> None:
        for forge in self.made:
            forge.disconnect()
        self.people.close()


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def test_a_token_is_asked_for_what_is_used_and_no_more(rig: Rig) -> None:
    rig.install(permissions={"issues": "write", "contents": "write", "pull_requests": "write"}, repositories=None)
    forge = rig.connect()

    forge.issue(rig.ref)
    forge.post_comment(rig.ref, "hello")

    (asked,) = rig.grants
    assert asked.body == {"permissions": {"metadata": "read", "issues": "write"}, "repositories": ["widget"]}
    assert rig.people.issue(REPO.path, 1).comments[0].author == "triage[bot]"
    with pytest.raises(ForgeNotFound):
        forge.repository(OTHER)
    grants = forge.grants()
    assert grants.permissions == {"issues": "write", "metadata": "read"}
    assert grants.granted["contents"] == "write"
    assert grants.repositories == {"acme/widget", "acme/gadget"}


def test_the_client_id_signs_as_well_as_the_number(rig: Rig) -> None:
    rig.install()

    assert rig.connect(app_id=rig.app.client_id).whoami().login == "triage[bot]"


def test_a_token_is_renewed_before_its_end_by_the_forges_clock(rig: Rig) -> None:
    rig.install()
    rig.ours = lambda: rig.clock() - timedelta(minutes=40)
    forge = rig.connect()
    forge.issue(rig.ref)

    rig.clock.move(minutes=54)
    forge.issue(rig.ref)
    assert len(rig.grants) == 1
    rig.clock.move(minutes=2)
    forge.issue(rig.ref)

    assert len(rig.grants) == 2
    assert [entry.status for entry in rig.people.ledger if entry.status >= 400] == [401], "for the first date alone"


@pytest.mark.parametrize("minutes", [-90, 90], ids=["slow", "fast"])
def test_a_clock_far_off_is_made_up_for_after_one_refusal(rig: Rig, minutes: int) -> None:
    rig.install()
    rig.ours = lambda: rig.clock() + timedelta(minutes=minutes)

    assert rig.connect().issue(rig.ref).title == "It breaks"
    assert [entry.status for entry in rig.people.ledger] == [401, 200, 201, 200]


def test_a_refused_token_is_replaced_once_at_once_also_for_a_write(rig: Rig) -> None:
    rig.install()
    forge = rig.connect()
    forge.issue(rig.ref)
    rig.people.expire_app_tokens()

    forge.post_comment(rig.ref, "hello")

    assert [entry.status for entry in rig.people.ledger][-4:] == [401, 200, 201, 201]
    assert len(rig.people.issue(REPO.path, 1).comments) == 1


def test_a_token_that_is_refused_again_and_again_is_a_refusal(rig: Rig) -> None:
    rig.install()
    forge = rig.connect()
    rig.people.inject(Fault(path="/issues/1", times=None, action=reply(401, body={"message": "Bad credentials"})))

    with pytest.raises(ForgeAuthError) as raised:
        forge.issue(rig.ref)

    assert raised.value.status == 401
    assert len(rig.grants) == 2, "once more, and no oftener"


@pytest.mark.parametrize("how", ["suspended", "removed", "suspended-at-work", "removed-at-work"])
def test_an_app_that_may_not_work_any_more_is_told_like_a_bad_token(rig: Rig, how: str) -> None:
    rig.install()
    forge = rig.connect()
    if how.endswith("at-work"):
        forge.issue(rig.ref)
    (rig.people.suspend_app if how.startswith("suspended") else rig.people.remove_app)(rig.app.installation_id)

    for ask in (lambda: forge.issue(rig.ref), forge.whoami, lambda: forge.post_comment(rig.ref, "hello")):
        with pytest.raises(ForgeAuthError) as raised:
            ask()
        assert raised.value.status == 401
        assert ("suspended" if how.startswith("suspended") else "was it removed?") in str(raised.value)


def test_a_suspended_app_works_again_when_it_may(rig: Rig) -> None:
    rig.install()
    forge = rig.connect()
    rig.people.suspend_app(rig.app.installation_id)
    with pytest.raises(ForgeAuthError):
        forge.whoami()

    rig.people.suspend_app(rig.app.installation_id, suspended=False)

    assert forge.whoami().login == "triage[bot]"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("-----BEGIN PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END PRIVATE KEY-----", "signs nothing"),
        ("", "signs nothing"),
        ("somebody-elses", "could not be decoded"),
    ],
)
def test_a_key_that_is_none_or_anothers_is_told_without_it(rig: Rig, key: str, message: str) -> None:
    rig.install(private_key="")
    if key == "somebody-elses":
        key = app_key()

    with pytest.raises(ForgeAuthError, match=message) as raised:
        rig.connect(private_key=lambda: key).issue(rig.ref)

    assert raised.value.status == 401
    assert raised.value.__cause__ is None
    assert "bm9uc2Vuc2U" not in str(raised.value)


def test_a_new_repository_gets_a_new_token(rig: Rig) -> None:
    rig.install(repositories=None)
    forge = rig.connect()
    forge.repository(REPO)

    rig.wish = replace(WISH, repositories=frozenset({REPO.path, OTHER.path}))

    assert forge.repository(OTHER).may_write
    assert [entry.body["repositories"] for entry in rig.grants] == [["widget"], ["gadget", "widget"]]


def test_an_installation_on_many_repositories_is_read_to_its_end(rig: Rig) -> None:
    for number in range(120):
        rig.people.add_repo(f"acme/r{number}", private=True)
    rig.install(repositories=None)

    assert len(rig.connect().grants().repositories or ()) == 122


def test_one_repository_outside_of_the_installation_does_not_spoil_the_rest(rig: Rig) -> None:
    rig.install()
    rig.wish = replace(WISH, repositories=frozenset({REPO.path, OTHER.path, "elsewhere/thing"}))
    forge = rig.connect()

    assert forge.repository(REPO).may_write
    assert [entry.status for entry in rig.grants] == [422, 201, 201]
    assert rig.grants[1].body == {"permissions": {"metadata": "read"}}, "names alone, to see what is there"
    assert rig.grants[2].body["repositories"] == ["widget"]
    with pytest.raises(ForgeNotFound):
        forge.repository(OTHER)

    rig.people.grant_app(rig.app.installation_id, repositories=[REPO.path, OTHER.path])
    rig.clock.move(minutes=11)
    assert forge.repository(OTHER).may_write, "let in meanwhile"


def test_what_was_not_granted_is_not_asked_for(rig: Rig) -> None:
    rig.install(permissions={"issues": "read"})
    forge = rig.connect()

    assert not forge.repository(REPO).may_write
    assert forge.issue(rig.ref).title == "It breaks"
    with pytest.raises(ForgeAuthError, match="not accessible by integration") as raised:
        forge.post_comment(rig.ref, "hello")
    assert raised.value.status == 403


def test_an_app_without_any_configured_repository_may_know_no_more_than_names(rig: Rig) -> None:
    rig.install(permissions={"issues": "write", "contents": "write"}, repositories=None)
    rig.wish = replace(WISH, repositories=frozenset({"elsewhere/thing"}))

    assert rig.connect().whoami().is_bot
    assert rig.grants[0].body == {"permissions": {"metadata": "read"}}


def test_more_repositories_than_github_takes_are_left_out_of_the_question() -> None:
    paths = [f"acme/r{number}" for number in range(MOST_REPOSITORIES + 1)]

    assert len(asking(WISH.permissions, paths[1:])["repositories"]) == MOST_REPOSITORIES
    assert "repositories" not in asking(WISH.permissions, paths)
    assert "repositories" not in asking(WISH.permissions, None)


def test_a_forge_that_has_no_token_to_give_is_away_and_nothing_was_sent(rig: Rig) -> None:
    rig.install()
    rig.people.inject(Fault(path=TOKENS, times=None, action=drop_before()))

    with pytest.raises(ForgeUnavailable) as raised:
        rig.connect().post_comment(rig.ref, "hello")

    assert raised.value.sent is False


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        (Fault(path=TOKENS, times=None, action=reply(422, body={"message": "Nothing for you"})), ForgeAuthError, 401),
        (Fault(path="/installation/repositories", action=reply(403, body={"message": "No"})), ForgeAuthError, 401),
        (Fault(path="/installation/repositories", action=commit_then_drop()), ForgeUnavailable, None),
        (Fault(path="/app/installations", action=redirect("/elsewhere")), ForgeAuthError, 401),
    ],
    ids=["refused", "unseen", "lost", "moved"],
)
def test_no_action_fails_for_good_because_there_was_no_token(
    rig: Rig, fault: Fault, error: type[ForgeError], status: int | None
) -> None:
    """A 422 or a lost reply about the token says nothing about the comment that needed it."""
    rig.install()
    rig.wish = replace(WISH, repositories=frozenset({REPO.path, OTHER.path}))
    rig.people.inject(fault)

    with pytest.raises(error) as raised:
        rig.connect().post_comment(rig.ref, "hello")

    assert raised.value.status == status
    assert getattr(raised.value, "sent", False) is False


def test_a_renewal_that_fails_leaves_the_token_that_is_still_good(rig: Rig) -> None:
    rig.install()
    forge = rig.connect()
    forge.issue(rig.ref)
    fault = rig.people.inject(Fault(path=TOKENS, times=None, action=reply(502)))

    rig.clock.move(minutes=56)
    forge.issue(rig.ref)
    forge.issue(rig.ref)
    assert fault.hits == 1, "not tried again at each request"
    fault.remove()
    rig.clock.move(seconds=31)
    forge.issue(rig.ref)
    assert len(rig.people.app_tokens()) == 2

    rig.people.inject(Fault(path=TOKENS, times=None, action=reply(502)))
    rig.clock.move(minutes=61)
    with pytest.raises(ForgeUnavailable):
        forge.issue(rig.ref)


def test_many_threads_ask_for_one_token(rig: Rig) -> None:
    rig.install()
    forge = rig.connect()
    failed: list[ForgeError] = []

    def look() -> None:
        try:
            forge.issue(rig.ref)
        except ForgeError as error:
            failed.append(error)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not failed
    assert len(rig.grants) == 1


def test_every_token_is_kept_out_of_logs_until_an_hour_after_its_last_use(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.install()
    caplog.set_level(logging.DEBUG)
    forge = rig.connect()
    forge.issue(rig.ref)
    (first,) = rig.people.app_tokens()

    assert rig.secrets.redact(f"Bearer {first}") == "Bearer [GitHub App token]"
    for _ in range(2):
        rig.clock.move(minutes=56)
        forge.issue(rig.ref)
    assert first in rig.secrets, "replaced less than an hour ago"
    rig.clock.move(minutes=56)
    forge.issue(rig.ref)

    assert first not in rig.secrets
    last = rig.people.app_tokens()[-1]
    assert last in rig.secrets
    shown = f"{caplog.text} {forge!r} {forge.__dict__} {forge._tokens.token()!r} {rig.app!r}"
    assert not [token for token in rig.people.app_tokens() if token in shown]
    assert "PRIVATE KEY" not in shown
    assert not [entry for entry in rig.people.ledger if last in repr(entry)]


def test_tokens_of_the_short_kind_work_as_well(rig: Rig) -> None:
    rig.install()
    rig.people._world.apps.stateless = False

    assert rig.connect().issue(rig.ref).title == "It breaks"
    assert len(rig.people.app_tokens()[0]) == 40


def test_an_unchanged_probe_is_free_until_the_token_changes(rig: Rig) -> None:
    rig.install()
    forge = rig.connect()
    tag = forge.probe(REPO, etag="").etag

    assert not forge.probe(REPO, etag=tag).changed
    rig.clock.move(minutes=56)
    again = forge.probe(REPO, etag=tag)
    assert again.changed, "GitHub's tags depend on the token"
    assert not forge.probe(REPO, etag=again.etag).changed
