from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from foreman.approvals import Dashboard
from foreman.approvals.news import Make, nothing
from foreman.config.effective import AgentPlan, Policy, RepoPlan
from foreman.model import ActionState, EventKind, ForgeKind, IssueRef, Mode, RepoRef
from foreman.store import actions, controls
from foreman.store.actions import LogEntry, StoredAction
from tests.rig import BOT, WIDGET, Rig, rig

OPS = RepoRef(ForgeKind.GITHUB, "acme/ops")
BECAUSE = "mode_approve"


def plan(repo: RepoRef = WIDGET, *, dashboard: str = OPS.path, **policy: Any) -> RepoPlan:
    agent = AgentPlan(
        agent="issue-triage",
        events=frozenset(EventKind),
        config={},
        policy=Policy(**({"mode": Mode.APPROVE, "dashboard": dashboard} | policy)),
    )
    return RepoPlan(repo=repo, enabled=True, interval_seconds=60, first_run=None, agents=(agent,))


@dataclass
class Office:
    """A rig with a dashboard, tended and written as the account's thread does it."""

    rig: Rig
    plans: tuple[RepoPlan, ...] = field(default_factory=lambda: (plan(),))
    news: Make = nothing

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew with what is in the database, as after a crash."""
        self.dashboard = Dashboard(
            db=self.rig.db,
            reader=self.rig.forge,
            writer=self.rig.forge,
            bot=self.rig.bot,
            marker_secret=self.rig.secret,
            plans=lambda: self.plans,
            now=self.rig.clock,
            settle_seconds=60,
            stop=self.rig.stop,
            news=self.news,
        )
        self.executor = self.rig.executor()

    def turn(self, seconds: float = 61) -> None:
        """Let time pass and do all that is due then."""
        self.rig.clock.advance(seconds)
        for _ in range(50):
            if not self.dashboard.tend() and not self.executor.step():
                return
        raise AssertionError("it never comes to rest")

    def hold(
        self, *wanted: tuple[str, dict[str, Any]], ref: IssueRef | None = None, **seen: Any
    ) -> list[StoredAction]:
        """Log a decision that waits for a person."""
        known = {"title": "It crashes", **seen}
        log_id = self.rig.decide(ref or self.rig.open(), *wanted, state=ActionState.PLANNED, **known)
        ids = [action.id for action in self.rig.entry(log_id).actions]
        with self.rig.db.transaction() as connection:
            actions.hold(connection, ids, reason=BECAUSE)
        return [self.action(number) for number in ids]

    def action(self, number: int) -> StoredAction:
        with self.rig.db.read() as connection:
            return actions.get(connection, number)

    def state(self, action: StoredAction) -> str:
        return self.action(action.id).state.value

    @property
    def number(self) -> int:
        (number,) = [issue.number for issue in self.rig.sandbox.issues(OPS.path)]
        return number

    @property
    def body(self) -> str:
        return self.rig.sandbox.issue(OPS.path, self.number).body

    def shown(self) -> list[str]:
        """Return the hashes on the page."""
        return re.findall(r"^\*\*`([0-9a-f]+)`\*\*", self.body, re.MULTILINE)

    def say(self, body: str, *, by: str = "kim", **options: Any) -> int:
        return self.rig.sandbox.comment(OPS.path, self.number, author=by, body=body, at=self.rig.clock(), **options)

    def approve(self, action: StoredAction, *, by: str = "kim") -> int:
        return self.say(f"@{BOT} approve {action.payload_hash[:8]}", by=by)

    def noted(self) -> list[LogEntry]:
        """Return what the log has of the dashboard, oldest first."""
        with self.rig.db.read() as connection:
            return list(reversed(actions.entries(connection, repo=OPS, limit=500)))

    def came_of_orders(self) -> list[tuple[str, str]]:
        """Return who ordered and what came of it."""
        return [
            (str(entry.seen["by"]), str(order["came"]))
            for entry in self.noted()
            for order in entry.seen.get("orders", ())
        ]

    def pause(self, scope: str) -> None:
        with self.rig.db.transaction() as connection:
            controls.pause(connection, scope, "kim", self.rig.clock())

    def resume(self, scope: str) -> None:
        with self.rig.db.transaction() as connection:
            controls.resume(connection, scope)

    def change(self, **policy: Any) -> None:
        """Put another policy into force."""
        agent = self.plans[0].agents[0]
        changed: Mapping[str, Any] = policy
        self.plans = (replace(self.plans[0], agents=(replace(agent, policy=replace(agent.policy, **changed)),)),)

    def effects(self) -> list[str]:
        return self.rig.effects()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with rig(tmp_path) as made:
        sandbox = made.sandbox
        sandbox.add_repo(OPS.path, private=True)
        sandbox.add_collaborator(OPS.path, BOT, "write")
        for login, permission in (("kim", "write"), ("tri", "triage"), ("rea", "read")):
            sandbox.add_collaborator(WIDGET.path, login, permission)
            sandbox.add_collaborator(OPS.path, login, "write")
        sandbox.add_account("stranger")
        sandbox.add_account("helper[bot]", is_bot=True)
        sandbox.add_collaborator(WIDGET.path, "helper[bot]", "write")
        yield Office(made)
