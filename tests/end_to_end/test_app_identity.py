"""The daemon as a GitHub App: its tokens come and go, its writings are its own, and it stops when it is suspended."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foreman.sandbox import Fault, reply
from tests.app_key import app_key
from tests.command import Command
from tests.world import REPO, World, decision, wait_until

KEY = "FOREMAN_TEST_APP_KEY"
COMMENT = {"type": "comment", "body": "Thanks! Could you tell which version this is?"}
LOGIN = "acme-triage[bot]"


class AppWorld(World):
    """The same small world, looked after by an app."""

    def __init__(self, folder: Path, **arguments: object) -> None:
        super().__init__(folder, **arguments)  # type: ignore[arg-type]
        self.app = self.forge.add_app("acme-triage", account="acme", repositories=[REPO], private_key=app_key())
        os.environ[KEY] = self.app.private_key
        self.config["identity"] = {
            "github_api_url": self.forge.url,
            "github_app": {
                "app_id": self.app.app_id,
                "private_key": f"${{{KEY}}}",
                "installation_id": self.app.installation_id,
            },
        }

    def close(self) -> None:
        super().close()
        os.environ.pop(KEY, None)

    def asked_for_tokens(self) -> int:
        return sum(entry.path.endswith("/access_tokens") for entry in self.forge.ledger)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AppWorld]:
    made = AppWorld(tmp_path)
    yield made
    made.close()


def label_and_comment(task: dict) -> dict:
    return decision(task, {"type": "add_label", "label": "bug"}, COMMENT)


def test_a_daemon_works_as_an_app_from_poll_to_undo(world: AppWorld, foreman: Command) -> None:
    """A process of its own; what it writes is known as ours again by the next one."""
    world.agent.answer = label_and_comment
    with world.running(FOREMAN_LOG_LEVEL="debug"):
        first = world.forge.open_issue(REPO, title="It crashes", author="kim")
        wait_until(lambda: world.states(first) == [("add_label", "done"), ("comment", "done")], world.log)
        world.forge.expire_app_tokens()
        before = world.asked_for_tokens()
        second = world.forge.open_issue(REPO, title="It crashes too", author="kim")
        wait_until(lambda: world.states(second) == [("add_label", "done"), ("comment", "done")], world.log)
        assert world.asked_for_tokens() > before, "the token that had run out was replaced"
        # An answer by somebody else is an event; our own label and comment were none.
        world.forge.comment(REPO, first, author="kim", body="Version 2.")
        wait_until(lambda: len(world.agent.asked_about(first)) == 2, world.log)

    assert [len(world.agent.asked_about(number)) for number in (first, second)] == [2, 1]
    assert [comment.author for comment in world.forge.issue(REPO, second).comments] == [LOGIN]
    assert {entry.login for entry in world.forge.writes()} == {LOGIN}
    undone = foreman("undo", world.entries(second)[0].id, "--yes")
    assert undone.code == 0, undone
    assert world.forge.issue(REPO, second).labels == ()
    assert "Could you tell" not in world.forge.issue(REPO, second).comments[0].body
    _no_trace_of_a_secret(world)


def test_a_write_on_a_token_that_has_run_out_is_sent_once_more_and_done_once(world: AppWorld) -> None:
    world.agent.answer = lambda task: decision(task, COMMENT)
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")
    world.forge.inject(
        Fault(method="POST", path=r"/comments$", action=reply(401, body={"message": "Bad credentials"}))
    )

    assert not world.once().failed_polls

    assert world.states(number) == [("comment", "done")]
    assert len(world.forge.issue(REPO, number).comments) == 1


def test_a_suspended_app_stops_the_account_says_so_and_comes_back(world: AppWorld, foreman: Command) -> None:
    world.agent.answer = label_and_comment
    late = [timedelta(0)]
    world.clock = lambda: datetime.now(UTC) + late[0]
    with world.shop() as shop:
        world.forge.suspend_app(world.app.installation_id)
        number = world.forge.open_issue(REPO, title="It crashes", author="kim")
        shop.daemon.once()
        (account,) = shop.accounts.values()
        assert account.shut
        assert world.states(number) == []
        told = foreman("status")
        assert told.code == 1
        assert "suspended" in told.answer

        world.forge.suspend_app(world.app.installation_id, suspended=False)
        account.tend()
        assert account.shut, "not asked again at once"
        late[0] = timedelta(minutes=6)
        account.tend()
        assert not account.shut
        shop.daemon.once()

    assert world.states(number) == [("add_label", "done"), ("comment", "done")]


def test_a_removed_app_is_refused_at_the_start_with_words_that_help(world: AppWorld, foreman: Command) -> None:
    world.forge.remove_app(world.app.installation_id)

    done = foreman("run", "--once")

    assert done.code == 2
    assert "identity.github_app: GitHub does not accept this app" in done.story
    assert f"installation {world.app.installation_id} of app {world.app.app_id} is not there" in done.story


def test_a_repository_that_a_reload_brings_gets_a_token_of_its_own(world: AppWorld) -> None:
    other = "acme/gadget"
    world.forge.add_repo(other, labels=["bug"], private=True)
    world.forge.grant_app(world.app.installation_id, repositories=[REPO, other])
    with world.shop() as shop:
        shop.daemon.once()
        before = world.asked_for_tokens()
        world.config["repos"].append(world.repo(other))
        assert world.file.exists()
        assert shop.config.reload()
        number = world.forge.open_issue(other, title="It crashes", author="kim")
        shop.daemon.once()

    assert world.asked_for_tokens() == before + 1
    assert world.forge.issue(other, number).labels == ("bug",)


def test_what_a_pattern_finds_is_what_the_token_is_narrowed_to(world: AppWorld) -> None:
    world.forge.add_repo("acme/gadget", labels=["bug"], private=True)
    world.forge.add_repo("acme/secret", private=True)
    world.forge.grant_app(world.app.installation_id, repositories=[REPO, "acme/gadget"])
    world.config["repos"] = [{"path": "acme/*", "agents": world.config["repos"][0]["agents"]}]
    number = world.forge.open_issue("acme/gadget", title="It crashes", author="kim")

    world.once()

    assert world.forge.issue("acme/gadget", number).labels == ("bug",)
    asked = [entry.body for entry in world.forge.ledger if entry.path.endswith("/access_tokens")]
    assert asked[-1] == {
        "permissions": {"metadata": "read", "issues": "write"},
        "repositories": ["gadget", "widget"],
    }
    assert not [body for body in asked if "issues" in body["permissions"] and "repositories" not in body]


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_an_issue_where_no_lookup_has_come_by_yet_can_be_triaged_by_hand(
    world: AppWorld, foreman: Command, arguments: tuple[str, ...]
) -> None:
    """A pattern takes the repository; the token is narrowed to it all the same."""
    world.forge.add_repo("acme/gadget", labels=["bug"], private=True)
    world.forge.grant_app(world.app.installation_id, repositories=[REPO, "acme/gadget"])
    world.config["repos"] = [{"path": "acme/*", "agents": world.config["repos"][0]["agents"]}]
    number = world.forge.open_issue("acme/gadget", title="It crashes", author="kim")

    done = foreman("triage", f"acme/gadget#{number}", *arguments)

    assert done.code == 0, done
    assert world.forge.issue("acme/gadget", number).labels == (() if arguments else ("bug",))
    asked = [entry.body for entry in world.forge.ledger if entry.path.endswith("/access_tokens")]
    assert asked[-1]["repositories"] == ["gadget"]


def test_no_text_leaves_with_a_token_that_was_made_meanwhile(world: AppWorld) -> None:
    """The gate knows today's token, not only the secrets of the start."""
    number = world.forge.open_issue(REPO, title="It crashes", author="kim")

    def leak(task: dict) -> dict:
        spelled = "-".join(world.forge.app_tokens()[-1][20:60])
        return decision(task, {"type": "comment", "body": f"Look: {spelled}"})

    world.agent.answer = leak
    world.once()

    assert world.states(number) == [("comment", "denied")]
    assert world.forge.issue(REPO, number).comments == ()


def _no_trace_of_a_secret(world: AppWorld) -> None:
    secrets = [*world.forge.app_tokens(), *world.app.private_key.splitlines()[1:-1]]
    assert len(secrets) > 20
    database = sqlite3.connect(world.config["storage"]["path"])
    stored = "\n".join(database.iterdump())
    database.close()
    seen = json.dumps([repr(entry) for entry in world.forge.ledger])
    for where, text in {"log": world.log, "database": stored, "ledger": seen}.items():
        assert not [secret for secret in secrets if secret in text], where
