"""The only step that Foreman takes by itself: down, for one type of action in one repository.

    people reverse 5 of the last 20 (of closes: 3) -> such actions wait for a person -> a person lifts that

It is taken in the transaction that notes the reversal, is kept over a restart, and stands in the action log. Once it
is lifted, only what is decided after that counts: the same reversals never step down twice.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, select

from foreman.log import get_logger
from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store import agreement, breakers
from foreman.store.action_record import record
from foreman.store.action_rows import NewDecision, fetch, move
from foreman.store.tables import OPEN_STATES, actions, is_state
from foreman.values import dataclass

log = get_logger(__name__)

LAST = 20
"""Actions of a type that are looked at, the newest that nobody had approved."""

BOUND = 5
"""So many of them reversed, and the type steps down."""

BOUNDS = {"close": 3, "reopen": 3}
"""The same where a mistake is worse."""

AGENT = "ladder"
"""Under this name the log has the steps."""

DOWN = "step_down"
LIFTED = "step_lifted"
REASON = "stepped_down"
"""Why an action waits; `gate.reasons` explains it."""

_PREFIX = "ladder:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A type of action that waits for a person in one repository.

    Attributes:
        repo: Where.
        action_type: `add_label`, `close`, ….
        at: Since when, aware UTC.
        why: What people reversed, one line.
    """

    repo: RepoRef
    action_type: str
    at: datetime
    why: str


def watch(connection: Connection, repo: RepoRef, action_type: str, *, now: datetime) -> bool:
    """Step down where people reversed too much; called with every reversal.

    Args:
        connection: In a transaction.
        repo: Where.
        action_type: Of the action that was reversed.
        now: Current time, aware UTC.

    Returns:
        Whether this very reversal made it step down.
    """
    scope = _scope(repo, action_type)
    before = breakers.get(connection, scope)
    if before is not None and before.quarantined:
        return False
    since = now - agreement.WINDOW
    since = since if before is None else max(since, before.changed_at)
    told = agreement.written(connection, repo, since=since, only=action_type)
    last = [one for one in told if one.alone][:LAST]
    count = sum(one.reversed for one in last)
    if count < BOUNDS.get(action_type, BOUND):
        return False
    why = f"people reversed {count} of the last {len(last)}"
    breakers.quarantine(connection, scope, reason=why, now=now)
    held = _hold_planned(connection, repo, action_type, why)
    _note(connection, repo, DOWN, f"{action_type} waits for a person from now on: {why}", now=now)
    log.warning("stepped_down", repo=repo.key, action=action_type, reversed=count, of=len(last), held=held)
    return True


def down(connection: Connection, repo: RepoRef) -> frozenset[str]:
    """Return the types of action that wait for a person in a repository."""
    return frozenset(step.action_type for step in steps(connection) if step.repo == repo)


def steps(connection: Connection) -> tuple[Step, ...]:
    """Return every step that was taken and not lifted, by repository and type."""
    found = []
    for state in breakers.all(connection):
        if state.quarantined and is_step(state):
            repo, _, action_type = state.scope.removeprefix(_PREFIX).rpartition("!")
            found.append(
                Step(repo=RepoRef.parse(repo), action_type=action_type, at=state.changed_at, why=state.reason)
            )
    return tuple(found)


def is_step(state: breakers.BreakerState) -> bool:
    """Return whether this is a step, taken or lifted, rather than something that fails."""
    return state.scope.startswith(_PREFIX)


def lift(connection: Connection, repo: RepoRef, action_type: str, *, by: str, now: datetime) -> bool:
    """Let a type of action go by its configured mode again; what waits already goes on waiting.

    Args:
        connection: In a transaction.
        repo: Where, however its name was spelled for that.
        action_type: `add_label`, `close`, ….
        by: Who orders it.
        now: Current time, aware UTC.

    Returns:
        Whether it was down.
    """
    for step in steps(connection):
        if step.repo.key.lower() == repo.key.lower() and step.action_type == action_type:
            breakers.release(connection, _scope(step.repo, action_type), now=now)
            _note(connection, step.repo, LIFTED, f"{action_type} goes by its mode again, by {by}", now=now)
            return True
    return False


def _hold_planned(connection: Connection, repo: RepoRef, action_type: str, why: str) -> int:
    """Hold what was planned before, an announced close too, unless a person approved or ordered it."""
    planned = connection.execute(
        select(actions.c.id).where(
            actions.c.repo == repo.key,
            is_state(actions.c.state, *OPEN_STATES),
            actions.c.state == ActionState.PLANNED.value,
            actions.c.type == action_type,
            actions.c.approved_by.is_(None),
            actions.c.agent.not_in(agreement.NOT_AGENTS),
        )
    ).scalars()
    ids = list(planned)
    for action_id in ids:
        action = fetch(connection, action_id)
        move(connection, action, ActionState.HELD, reason=REASON, detail=why, not_before=None)
    return len(ids)


def _note(connection: Connection, repo: RepoRef, decision: str, rationale: str, *, now: datetime) -> None:
    record(
        connection,
        NewDecision(
            issue=IssueRef(repo, 0),
            task_id=str(uuid4()),
            agent=AGENT,
            task_type=AGENT,
            decision=decision,
            rationale=rationale,
        ),
        now=now,
    )


def _scope(repo: RepoRef, action_type: str) -> str:
    return f"{_PREFIX}{repo.key}!{action_type}"
