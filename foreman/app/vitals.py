"""How the daemon is doing, read from the store: the answers behind readiness and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from foreman import __version__
from foreman.config.effective import RepoPlan
from foreman.model import ForgeKind, RepoRef
from foreman.server import Check, Metric, Sample
from foreman.store import actions, breakers, controls, inbox, ladder, polls, usage
from foreman.store.breakers import BreakerState
from foreman.store.database import Database
from foreman.store.polls import PollState

POLLS_MISSED = 5
"""An account is not ready when none of its repositories could be read for so many intervals …"""

POLLS_LATE = timedelta(minutes=5)
"""… and for this long."""


class StoreVitals:
    """Implements `server.Vitals`."""

    def __init__(
        self,
        *,
        db: Database,
        plans: Callable[[], Sequence[RepoPlan]],
        agents: Sequence[str],
        stopping: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        """Keep what is asked.

        Args:
            db: The store.
            plans: What is configured now.
            agents: Agent types that are at work.
            stopping: Whether the end has begun.
            now: Current time, aware UTC.
        """
        self._db = db
        self._plans = plans
        self._agents = tuple(agents)
        self._stopping = stopping
        self._now = now
        self._started = now()

    def checks(self) -> Sequence[Check]:
        """Return what must be well for work to go on."""
        now, plans = self._now(), self._enabled()
        stopping = self._stopping()
        with self._db.read() as connection:
            states = {state.scope: state for state in breakers.all(connection)}
            polled = _by_repo(connection)
        found = [
            Check(name="daemon", ok=not stopping, detail="it is being stopped" if stopping else ""),
            Check(name="database", ok=True),  # just read
            _closed("writes", states.get("flood")),
        ]
        for kind in dict.fromkeys(plan.repo.forge for plan in plans):
            found.append(_closed(f"account:{kind.value}", states.get(f"account:{kind.value}")))
            found.append(_polling(kind, [plan for plan in plans if plan.repo.forge is kind], polled, now))
        found += [_closed(f"agent:{agent}", states.get(f"agent:{agent}")) for agent in self._agents]
        return found

    def metrics(self) -> Sequence[Metric]:
        """Return everything that is measured, as docs/operations.md lists it."""
        now, plans = self._now(), self._enabled()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        with self._db.read() as connection:
            items = inbox.counts(connection)
            oldest = inbox.oldest_ready(connection)
            states = actions.states(connection)
            polled = _by_repo(connection)
            down = ladder.steps(connection)
            # A step down fails nothing: it is measured by its own name, so that the alarm of this one stays silent.
            known = [state for state in breakers.all(connection) if not ladder.is_step(state)]
            pauses = controls.all(connection)
            spent = usage.totals(connection, midnight)
            writes = actions.writes_since(connection, None, now - timedelta(hours=1))
        rows = [(plan.repo.key, polled.get(plan.repo)) for plan in plans]
        return [
            Metric(
                name="foreman_build_info",
                help="Always 1; the version is the label.",
                samples=[Sample(value=1, labels={"version": __version__})],
            ),
            _one("foreman_start_time_seconds", "When the daemon started, Unix time.", self._started.timestamp()),
            Metric(
                name="foreman_inbox_items",
                help="Pieces of work by state.",
                samples=[Sample(value=number, labels={"state": state.value}) for state, number in items.items()],
            ),
            _one(
                "foreman_inbox_oldest_ready_seconds",
                "How long the oldest piece of ready work has been waiting; 0 when none is.",
                _age(oldest, now) if oldest else 0.0,
            ),
            Metric(
                name="foreman_actions",
                help="Logged actions by the state they are in now.",
                samples=[Sample(value=number, labels={"state": state.value}) for state, number in states.items()],
            ),
            _one("foreman_writes_last_hour", "Actions sent to forges in the last hour.", writes),
            _ages(
                "foreman_poll_age_seconds",
                "Since a repository was last read without trouble; not there before the first time.",
                [(repo, state.last_ok_at) for repo, state in rows if state is not None],
                now,
            ),
            _ages(
                "foreman_poll_lag_seconds",
                "How long a poll has been due; 0 while none is.",
                [(repo, state.next_poll_at) for repo, state in rows if state is not None],
                now,
            ),
            Metric(
                name="foreman_poll_failures",
                help="Polls in a row that failed.",
                samples=[Sample(value=state.failures if state else 0, labels={"repo": repo}) for repo, state in rows],
            ),
            Metric(
                name="foreman_breaker_open",
                help="1 while something is kept from being used because it fails, else 0.",
                samples=[Sample(value=int(state.open), labels={"scope": state.scope}) for state in known],
            ),
            Metric(
                name="foreman_stepped_down",
                help="1 for each type of action that waits for a person because people reversed too many.",
                samples=[Sample(value=1, labels={"repo": one.repo.key, "action": one.action_type}) for one in down],
            ),
            Metric(
                name="foreman_paused",
                help="1 for each pause a person ordered.",
                samples=[Sample(value=1, labels={"scope": pause.scope}) for pause in pauses if "#" not in pause.scope],
            ),
            *_usage(spent),
        ]

    def _enabled(self) -> list[RepoPlan]:
        return [plan for plan in self._plans() if plan.enabled]


def _usage(spent: Sequence[usage.UsageTotal]) -> list[Metric]:
    """Return what models cost since midnight UTC: gauges, since they fall back to nothing then."""
    labels = [{"repo": row.repo, "agent": row.agent, "provider": row.provider, "model": row.model} for row in spent]
    numbers: Mapping[str, tuple[str, list[float]]] = {
        "calls": ("Model calls since midnight UTC.", [row.calls for row in spent]),
        "failed": ("Model calls since midnight UTC that failed.", [row.failed for row in spent]),
        "unpriced": ("Model calls since midnight UTC whose price is not known.", [row.unpriced for row in spent]),
        "input_tokens": ("Tokens sent to models since midnight UTC.", [row.input_tokens for row in spent]),
        "output_tokens": ("Tokens that models wrote since midnight UTC.", [row.output_tokens for row in spent]),
        "usd": ("Known prices of model calls since midnight UTC, dollars.", [float(row.usd) for row in spent]),
    }
    return [
        Metric(
            name=f"foreman_model_{name}_today",
            help=text,
            samples=[Sample(value=value, labels=row) for value, row in zip(values, labels, strict=True)],
        )
        for name, (text, values) in numbers.items()
    ]


def _one(name: str, text: str, value: float) -> Metric:
    return Metric(name=name, help=text, samples=[Sample(value=value)])


def _ages(name: str, text: str, since: Iterable[tuple[str, datetime | None]], now: datetime) -> Metric:
    samples = [Sample(value=_age(moment, now), labels={"repo": repo}) for repo, moment in since if moment is not None]
    return Metric(name=name, help=text, samples=samples)


def _by_repo(connection: Connection) -> dict[RepoRef, PollState]:
    return {state.repo: state for state in polls.all(connection)}


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _closed(name: str, state: BreakerState | None) -> Check:
    if state is None or not state.open:
        return Check(name=name, ok=True)
    return Check(name=name, ok=False, detail=state.reason or "it keeps failing")


def _polling(kind: ForgeKind, plans: Sequence[RepoPlan], polled: Mapping[RepoRef, PollState], now: datetime) -> Check:
    """Judge a whole account: one repository that is gone is in `status`, and keeps nothing else from working."""
    name = f"polls:{kind.value}"
    late = []
    for plan in plans:
        state = polled.get(plan.repo)
        if state is None or not state.failures:
            return Check(name=name, ok=True)
        every = state.interval_seconds or plan.interval_seconds
        limit = max(POLLS_LATE, timedelta(seconds=POLLS_MISSED * every))
        if state.last_ok_at is not None and now - state.last_ok_at < limit:
            return Check(name=name, ok=True)
        late.append(state)
    if not late:
        return Check(name=name, ok=True)
    return Check(name=name, ok=False, detail=f"no repository can be read; {late[0].repo}: {late[0].last_error}")
