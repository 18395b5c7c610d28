"""How the daemon is doing: the answers behind readiness and metrics. What each means is beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from foreman import counting
from foreman.app import gauges, readiness, room
from foreman.config.effective import RepoPlan
from foreman.errors import StoreError
from foreman.model import RepoRef
from foreman.server import Check, Metric, Sample
from foreman.store import breakers, polls
from foreman.store.database import Database
from foreman.store.polls import PollState
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What only the running daemon itself can tell.

    Attributes:
        stopping: Whether the end has begun.
        hanging: Which part does not go on; empty when all do.
        trouble: What the database refuses its loops just now; empty for nothing.
    """

    stopping: Callable[[], bool]
    hanging: Callable[[], str] = lambda: ""
    trouble: Callable[[], str] = lambda: ""


class StoreVitals:
    """Implements `server.Vitals`."""

    def __init__(
        self,
        *,
        db: Database,
        plans: Callable[[], Sequence[RepoPlan]],
        agents: Sequence[str],
        life: Life,
        now: Callable[[], datetime],
        counted: counting.Counters = counting.OF_PROCESS,
    ) -> None:
        """Keep what is asked.

        Args:
            db: The store.
            plans: What is configured now.
            agents: Agent types that are at work; read anew each time.
            life: The daemon's own word.
            now: Current time, aware UTC.
            counted: What happened since the start.
        """
        self._db = db
        self._plans = plans
        self._agents = agents
        self._life = life
        self._now = now
        self._counted = counted
        self._started = now()
        self._places = room.places(db.path)
        self._since: dict[RepoRef, datetime] = {}

    def checks(self) -> Sequence[Check]:
        """Return what must be well for work to go on; of a database that cannot be read nothing else is known."""
        own = self._own()
        plans = self._enabled()
        try:
            with self._db.read() as connection:
                return [*own, *self._kept(connection, plans, _polled(connection))]
        except StoreError as error:
            return [*own, Check(name="database", ok=False, detail=str(error))]

    def metrics(self) -> Sequence[Metric]:
        """Return everything that is measured, as docs/operations.md lists it."""
        own, plans = self._own(), self._enabled()
        with self._db.read() as connection:
            polled = _polled(connection)
            checks = [*own, *self._kept(connection, plans, polled)]
            kept = gauges.kept(
                connection, plans=plans, polled=polled, agents=self._agents, since=self._since, now=self._now()
            )
        return [
            *gauges.own(started=self._started),
            Metric(
                name="foreman_ready",
                help="1 for each part that readiness looks at and that is well, else 0.",
                samples=[Sample(value=int(check.ok), labels={"check": check.name}) for check in checks],
            ),
            *kept,
            *gauges.disk(self._places, self._db.path),
            *gauges.counted(self._counted),
        ]

    def _own(self) -> list[Check]:
        """Return what can be told without the database."""
        why = "it is being stopped" if self._life.stopping() else self._life.hanging()
        return [Check(name="daemon", ok=not why, detail=why), readiness.disk(self._places)]

    def _kept(
        self, connection: Connection, plans: Sequence[RepoPlan], polled: Mapping[RepoRef, PollState]
    ) -> Iterator[Check]:
        """Yield what the database tells."""
        now, trouble = self._now(), self._life.trouble()
        states = {state.scope: state for state in breakers.all(connection)}
        yield Check(name="database", ok=not trouble, detail=trouble)
        yield readiness.closed("writes", states.get("flood"))
        for kind in dict.fromkeys(plan.repo.forge for plan in plans):
            mine = [plan for plan in plans if plan.repo.forge is kind]
            yield readiness.account(kind, states)
            yield readiness.polls(kind, readiness.lateness(mine, polled, self._since, now), polled)
        for agent in self._agents:
            yield readiness.closed(f"agent:{agent}", states.get(f"agent:{agent}"))

    def _enabled(self) -> list[RepoPlan]:
        """Return what is looked after, and note since when: what a reload has just brought is not late yet."""
        now, plans = self._now(), [plan for plan in self._plans() if plan.enabled]
        self._since = {plan.repo: self._since.get(plan.repo, now) for plan in plans}
        return plans


def _polled(connection: Connection) -> dict[RepoRef, PollState]:
    return {state.repo: state for state in polls.all(connection)}
