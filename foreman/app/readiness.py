"""What must be well for work to go on, one check each, always the same names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from foreman.app import room
from foreman.config.effective import RepoPlan
from foreman.model import ForgeKind, RepoRef
from foreman.server import Check
from foreman.store.breakers import BreakerState
from foreman.store.polls import LATE_INTERVALS, PollState
from foreman.values import dataclass

LATE_AT_LEAST = timedelta(minutes=1)
"""No poll is late before, however short its interval is: one slow request is no trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """How far the polls of one account are behind.

    Attributes:
        overdue: Repositories whose poll was due for more than three intervals, the longest first.
        failing: Repositories whose last polls failed, for more than three intervals.
        fine: How many are neither.
    """

    overdue: tuple[RepoRef, ...]
    failing: tuple[RepoRef, ...]
    fine: int


def lateness(
    plans: Sequence[RepoPlan], polled: Mapping[RepoRef, PollState], since: Mapping[RepoRef, datetime], now: datetime
) -> Late:
    """Look how far polls are behind.

    Args:
        plans: Of one account's repositories.
        polled: Where polling each stands.
        since: From when on each is looked after by this process; before that nothing was late.
        now: Current time, aware UTC.

    Returns:
        What is late. A poll that fails is put off by that, so it is not overdue.
    """
    overdue: list[tuple[timedelta, RepoRef]] = []
    failing, fine = [], 0
    for plan in plans:
        state, begun = polled.get(plan.repo), since.get(plan.repo, now)
        every = (state.interval_seconds if state else None) or plan.interval_seconds
        limit = max(LATE_AT_LEAST, timedelta(seconds=LATE_INTERVALS * every))
        lag = now - max(begun, state.next_poll_at if state and state.next_poll_at else begun)
        if lag > limit:
            overdue.append((lag, plan.repo))
        elif state is not None and state.failures and now - (state.last_ok_at or begun) > limit:
            failing.append(plan.repo)
        else:
            fine += 1
    overdue.sort(key=lambda one: (-one[0], one[1].key))
    return Late(overdue=tuple(repo for _, repo in overdue), failing=tuple(failing), fine=fine)


def polls(kind: ForgeKind, late: Late, polled: Mapping[RepoRef, PollState]) -> Check:
    """Judge a whole account: one repository that is gone is in `status`, and keeps nothing else from working."""
    name = f"polls:{kind.value}"
    if late.overdue:
        whole = len(late.overdue) + len(late.failing) + late.fine
        detail = (
            f"{len(late.overdue)} of {whole} repositories should have been polled long ago, {late.overdue[0]} first"
        )
        return Check(name=name, ok=False, detail=f"{detail}: too many for one account, or its forge is slow or away")
    if late.failing and not late.fine:
        first = late.failing[0]
        return Check(name=name, ok=False, detail=f"no repository can be read; {first}: {polled[first].last_error}")
    return Check(name=name, ok=True)


def account(kind: ForgeKind, states: Mapping[str, BreakerState]) -> Check:
    """Judge whether the forge takes the token, and whether its host answers."""
    refused = closed(f"account:{kind.value}", states.get(f"account:{kind.value}"))
    away = closed(refused.name, states.get(f"forge:{kind.value}"))
    return away if refused.ok else refused


def closed(name: str, state: BreakerState | None) -> Check:
    """Judge by a breaker: it is closed, or was never needed."""
    if state is None or not state.open:
        return Check(name=name, ok=True)
    return Check(name=name, ok=False, detail=state.reason or "it keeps failing")


def disk(places: Sequence[room.Place]) -> Check:
    """Judge whether there is room to write."""
    short = list(_short(places))
    return Check(name="disk", ok=not short, detail="; ".join(short))


def _short(places: Sequence[room.Place]) -> Iterator[str]:
    for place in places:
        if why := room.shortage(place):
            yield why
