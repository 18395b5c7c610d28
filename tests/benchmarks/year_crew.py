"""The daemon's side of the year: a process of its own, put together as `foreman run` does, on the year's clock.

Reads an order a line: what time it is, what a person asks for, and whether there is work to be done. Answers each with
a line of JSON. The log goes where a daemon's goes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from foreman import log, undo
from foreman.app.account_parts import account_for
from foreman.app.workshop import Workshop, workshop
from foreman.config.load import load
from foreman.daemon import Drained
from foreman.errors import ConfigError, ForgeError
from foreman.model import ActionState, RepoRef
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions, controls, inbox, ladder
from tests.benchmarks.soak_crew import resident
from tests.durability.yard import state_of
from tests.rig import Clock

REFUSED_START = 3
"""Exit status when a forge or its token is in the way, which may be over the next time."""

BY = "maintainer"


class Watch(Clock):
    """Shows what it is told."""

    def set(self, now: datetime, monotonic: float) -> None:
        """Show another time; the two need not move together."""
        self._now, self._monotonic = now, monotonic


class People:
    """What people order at the command line, done by what the commands call."""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.orders: dict[str, Callable[..., object]] = {
            "reload": shop.config.reload,
            "pause": self.pause,
            "resume": self.resume,
            "judge": self.judge,
            "take_back": self.take_back,
            "look_after": self.look_after,
            "learn": self.learn,
        }

    def pause(self, where: str) -> None:
        with self.shop.db.transaction() as connection:
            controls.pause(connection, _scope(where), BY, self.shop.now())

    def resume(self, where: str) -> bool:
        with self.shop.db.transaction() as connection:
            return controls.resume(connection, _scope(where))

    def judge(self, every: int) -> dict[str, int]:
        """Approve what is held, but refuse one in so many, and what was decided anew since."""
        with self.shop.db.transaction() as connection:
            held = actions.held(connection)
            newest = {action.issue: action.log_id for action in sorted(held, key=lambda action: action.log_id)}
            refused = {action.id for number, action in enumerate(held) if number % every == every - 1}
            refused |= {action.id for action in held if action.log_id != newest[action.issue]}
            for action in held:
                if action.id in refused:
                    actions.reject(connection, action.id, by=BY, because="not so", now=self.shop.now())
                else:
                    actions.approve(connection, action.id, by=BY, now=self.shop.now())
        return {"approved": len(held) - len(refused), "rejected": len(refused)}

    def take_back(self, repo: str) -> int:
        """Take the newest decision back of which something was done; returns how many entries that made."""
        ref = RepoRef.parse(repo)
        with self.shop.db.read() as connection:
            found = actions.entries(connection, repo=ref, limit=50)
        done = [e.id for e in found if e.undoes is None and any(a.state is ActionState.DONE for a in e.actions)]
        there = self.shop.connections[ref.forge]
        try:
            plan = undo.prepare(self.shop.db, there.reader, bot_id=there.bot.id, log_ids=done[:1])
        except ForgeError:
            return 0
        return len(undo.enqueue(self.shop.db, plan, by=BY, now=self.shop.now()))

    def look_after(self) -> dict[str, int]:
        """Do what `foreman status` asks for: lift what stepped down, approve what waits, retry what gave up."""
        now, db = self.shop.now(), self.shop.db
        with db.transaction() as connection:
            steps = [
                (plan.repo, kind) for plan in self.shop.config.plans for kind in ladder.down(connection, plan.repo)
            ]
            for repo, kind in steps:
                ladder.lift(connection, repo, kind, by=BY, now=now)
            dead = [entry.item.id for entry in inbox.dead(connection)]
            inbox.retry(connection, dead, now)
        return {"lifted": len(steps), "retried": len(dead), **self.judge(1_000_000)}

    def learn(self) -> bool:
        """Train what is due, as the daemon does once a minute."""
        return bool(self.shop.daemon._learn and self.shop.daemon._learn())


def _scope(where: str) -> str:
    return RepoRef.parse(where).key if where else controls.EVERYTHING


def put_on(shop: Workshop, clock: Watch) -> None:
    """Give the daemon accounts that measure by the year's clock, too: a limit is not waited out in real seconds."""
    accounts = {
        kind: account_for(
            connection,
            current=shop.config,
            db=shop.db,
            redact=str,
            marker_secret=shop.marker_secret,
            settle_seconds=shop.config.config.polling.settle_seconds,
            now=clock,
            stop=shop.stop,
            monotonic=clock.monotonic,
        )
        for kind, connection in shop.connections.items()
    }
    shop.daemon._labour.accounts = tuple(accounts.values())


def step(shop: Workshop) -> None:
    """Do everything that is due."""
    shop.agents.tend()
    shop.daemon._labour.tend()
    for account in shop.daemon._labour.accounts:
        account.poll_due()
    shop.daemon.drain(Drained())
    if shop.daemon._tidy is not None:
        shop.daemon._tidy()


def state(shop: Workshop) -> dict[str, Any]:
    """Return what is left to be done, and what this process holds."""
    with shop.db.read() as connection:
        waiting = inbox.waiting_count(connection) + (inbox.oldest_ready(connection) is not None)
        under_way = sum(state_of(connection, each) for each in (ActionState.PLANNED, ActionState.SENT))
        held = state_of(connection, ActionState.HELD)
    return {
        "waiting": waiting,
        "under_way": under_way,
        "held": held,
        "shut": [account.name for account in shop.daemon._labour.accounts if account.shut],
        "rss": resident(),
        "files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "threads": threading.active_count(),
        "children": [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()],
    }


def main() -> int:
    """Work until the input ends."""
    source, clock, secrets = Path(sys.argv[1]), Watch(), KnownSecrets()
    first = json.loads(sys.stdin.readline())
    clock.set(datetime.fromisoformat(first["now"]), first["monotonic"])
    log.configure("info", "json", secrets)
    try:
        with workshop(load(source), settings=Settings.read(), secrets=secrets, source=source, now=clock) as shop:
            put_on(shop, clock)
            shop.daemon.recover()
            people = People(shop)
            print(json.dumps({"schema": _schema()}), flush=True)
            for line in sys.stdin:
                order = json.loads(line)
                clock.set(datetime.fromisoformat(order["now"]), order["monotonic"])
                answers = [people.orders[name](*arguments) for name, *arguments in order["do"]]
                if order["work"]:
                    step(shop)
                print(json.dumps({"answers": answers, **state(shop)}), flush=True)
            shop.agents.stop(timeout_seconds=5)
    except (ForgeError, ConfigError) as error:
        print(str(error), file=sys.stderr)
        return REFUSED_START
    return 0


def _schema() -> str:
    from foreman.store import revisions

    return revisions.HEAD


if __name__ == "__main__":
    sys.exit(main())
