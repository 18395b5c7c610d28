"""A world whose clock the test moves, and a crew that can work with one protection removed or end at any transaction.

Nothing is patched: a crew is put together from the workshop's own parts, some exchanged for altered ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from foreman import router
from foreman.account import Account
from foreman.app.gate_secrets import LiveSecrets
from foreman.app.workshop import Workshop
from foreman.daemon import Daemon
from foreman.executor import Executor
from foreman.forge.base import ForgeWriter
from foreman.model import ActionState
from foreman.poller import Poller
from foreman.store import actions, inbox
from foreman.store.database import Database
from tests.durability import audit
from tests.rig import Clock
from tests.world import REPO, Kind, World, decision

SETTLE = 60.0


class Crash(BaseException):
    """The process ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    shop: Workshop
    account: Account
    daemon: Daemon

    def chores(self) -> None:
        """Do what a daemon does every five seconds."""
        now = self.shop.now()
        with self.shop.db.transaction() as connection:
            inbox.expire(connection, now=now)
            inbox.release_held(connection, now=now)
        self.account.tend()

    def end_before_transaction(self, count: int) -> None:
        """Let this crew end before its so-manieth write from now; whatever it asks of the database after fails too."""
        left = [count]

        def check(_: Connection) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise Crash

        self.shop.db.guard_with(check)


class Yard(World):
    """A world with a clock, in which an agent answers every issue with a label and a question."""

    def __init__(self, folder: Path, kind: Kind = "github") -> None:
        self.time = Clock()
        super().__init__(folder, clock=self.time, kind=kind)
        self.config["polling"]["settle_seconds"] = SETTLE
        self.config["agents"]["issue-triage"]["max_retries"] = 20
        self.agent.answer = self.honest

    @staticmethod
    def honest(task: dict[str, Any]) -> dict[str, Any]:
        """Answer; what was done before stands in the memory summary, and is not done again."""
        asked: list[dict[str, Any]] = [{"type": "add_label", "label": "bug"}]
        if "comment posted" not in task["context"]["memory_summary"]:
            asked.append({"type": "comment", "body": "Which version is that?"})
        return decision(task, *asked)

    def opened(self, count: int) -> list[int]:
        """Open so many issues."""
        return [self.forge.open_issue(REPO, title=f"It crashes {n}", author="kim") for n in range(count)]

    @contextmanager
    def crew(
        self,
        *,
        writer: Callable[[ForgeWriter], ForgeWriter] = lambda same: same,
        poller: type[Poller] = Poller,
        settle_seconds: float = SETTLE,
        workers: int = 2,
    ) -> Iterator[Crew]:
        """Put the daemon's parts together, on this world's clock."""
        with self.shop() as shop:
            connection = shop.connections[self.kind]
            db, now, stop = shop.db, shop.now, shop.stop
            executor = Executor(
                db=db,
                writer=writer(connection.writer),
                reader=connection.reader,
                bot=connection.bot,
                marker_secret=shop.marker_secret,
                now=now,
                settle_seconds=settle_seconds,
                stop=stop,
                recheck=shop.config.recheck,
                monotonic=self.time.monotonic,
            )
            account = Account(
                db=db,
                kind=connection.kind,
                bot=connection.bot,
                reader=connection.reader,
                poller=poller(
                    db=db,
                    reader=connection.reader,
                    bot=connection.bot,
                    plan=shop.config.plan_of,
                    route=router.route,
                    redact=LiveSecrets(shop.secrets).redact,
                    now=now,
                ),
                executor=executor,
                repos=lambda: tuple(plan.repo for plan in shop.config.plans),
                now=now,
                stop=stop,
                disconnect=connection.disconnect,
            )
            daemon = Daemon(
                db=db,
                accounts=[account],
                pipeline=shop.pipeline,
                agents=shop.agents,
                workers=workers,
                now=now,
                stop=stop,
            )
            yield Crew(shop=shop, account=account, daemon=daemon)

    def rest(self, crew: Crew, rounds: int = 40) -> None:
        """Work and let time pass until nothing waits any more."""
        for _ in range(rounds):
            waiting = crew.daemon.once().waiting
            # What is under way at the forge ends within the time an honest crew waits.
            self.forge.settle()
            if not waiting and not self.open_actions(crew.shop.db):
                return
            self.time.advance(SETTLE / 2)
            crew.chores()
        raise AssertionError(f"no rest after {rounds} rounds")

    def open_actions(self, db: Database) -> bool:
        """Return whether anything is planned or sent."""
        with db.read() as connection:
            return any(state_of(connection, state) for state in (ActionState.PLANNED, ActionState.SENT))

    def violations(self, numbers: list[int]) -> list[str]:
        """Return what the audit finds."""
        return audit.violations(self, numbers)


def state_of(connection: Connection, state: ActionState) -> int:
    """Return how many actions are in a state."""
    return actions.states(connection).get(state, 0)
