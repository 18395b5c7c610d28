from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from foreman.model import ActionState, IssueRef
from foreman.obeying import Steward
from foreman.store import actions, commands, controls
from foreman.store import commands as orders
from foreman.store.actions import StoredAction
from foreman.store.commands import Ordered
from tests.rig import BOT, REPO, Rig, rig


@dataclass
class Counter:
    """A rig with a steward, worked as the account's thread does it."""

    rig: Rig

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew with what is in the database, as after a crash."""
        self.poller = self.rig.poller()
        self.executor = self.rig.executor(by_people=(orders.AGENT,))
        self.steward = Steward(
            db=self.rig.db,
            reader=self.rig.forge,
            bot=self.rig.bot,
            plan=self.rig.plans.get,
            now=self.rig.clock,
            stop=self.rig.stop,
        )

    def poll(self) -> None:
        self.rig.clock.advance(61)
        assert self.poller.poll(self.rig.widget).error == ""

    def work(self) -> None:
        """Do all that is due."""
        for _ in range(200):
            if not self.steward.tend() and not self.executor.step():
                return
        raise AssertionError("it never comes to rest")

    def turn(self) -> None:
        self.poll()
        self.work()

    def say(self, ref: IssueRef, *lines: str, by: str = "kim") -> int:
        body = "\n".join(f"@{BOT} {line}" for line in lines)
        return self.rig.sandbox.comment(REPO, ref.number, author=by, body=body, at=self.rig.clock())

    def order(self, ref: IssueRef, *lines: str, by: str = "kim") -> list[str]:
        """Say something, let it be done, and return how the comment was reacted to."""
        self.rig.clock.advance(5)
        said = self.say(ref, *lines, by=by)
        self.turn()
        return self.signs(ref, said)

    def signs(self, ref: IssueRef, comment_id: int) -> list[str]:
        comments = self.rig.sandbox.issue(REPO, ref.number).comments
        (mine,) = [comment for comment in comments if comment.id == comment_id]
        return [one.content for one in mine.reactions if one.login == BOT]

    def answers(self, ref: IssueRef) -> list[str]:
        """Return what we said there, without mark and footer."""
        bodies = [c.body for c in self.rig.sandbox.issue(REPO, ref.number).comments if c.author == BOT]
        return [body.split("\n", 1)[1].rsplit("\n\n_I am", 1)[0] for body in bodies]

    def labels(self, ref: IssueRef) -> list[str]:
        return list(self.rig.sandbox.issue(REPO, ref.number).labels)

    def hold(self, ref: IssueRef, *wanted: tuple[str, dict[str, Any]]) -> list[StoredAction]:
        """Log a decision that waits for a person."""
        log_id = self.rig.decide(ref, *wanted)
        ids = [action.id for action in self.rig.entry(log_id).actions]
        with self.rig.db.transaction() as connection:
            actions.hold(connection, ids, reason="mode_approve")
        return [self.action(number) for number in ids]

    def action(self, number: int) -> StoredAction:
        with self.rig.db.read() as connection:
            return actions.get(connection, number)

    def kept(self) -> list[Ordered]:
        """Return what is known of comments with orders, newest first."""
        with self.rig.db.read() as connection:
            return list(commands.recent(connection, self.rig.widget))

    def is_paused(self) -> bool:
        with self.rig.db.read() as connection:
            return controls.paused(connection, self.rig.widget)

    def open_actions(self) -> int:
        with self.rig.db.read() as connection:
            states = actions.states(connection)
        return states[ActionState.PLANNED] + states[ActionState.SENT]


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with rig(tmp_path) as made:
        sandbox = made.sandbox
        for login, permission in (("kim", "write"), ("tri", "triage"), ("rea", "read"), ("helper[bot]", "write")):
            sandbox.add_account(login, is_bot=login.endswith("[bot]"))
            sandbox.add_collaborator(REPO, login, permission)
        sandbox.add_account("stranger")
        found = Counter(made)
        found.poll()
        yield found


@pytest.fixture
def ref(counter: Counter) -> IssueRef:
    """An issue that was seen before anybody ordered anything."""
    opened = counter.rig.open()
    counter.turn()
    counter.rig.sandbox.clear_ledger()
    return opened
