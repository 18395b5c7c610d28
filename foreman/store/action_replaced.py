"""What waits for a person gives way to what the same agent decides anew, so that nobody approves the same thing twice.

A comment gives way to a comment, a label to labels, closing to closing or reopening, a person to a person. What the
newer decision is silent about goes on waiting: agents are told what waits, and need not say it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from foreman.model import ActionState, EventKind, IssueRef, RepoRef
from foreman.store.action_rows import NewAction, NewDecision, move, to_action
from foreman.store.agreement import NOT_AGENTS
from foreman.store.logged import REPLACED, StoredAction
from foreman.store.tables import action_log, actions, is_state

_OLDER = select(actions).where(
    actions.c.repo == bindparam("repo"),
    actions.c.issue_id == bindparam("number"),
    actions.c.agent == bindparam("agent"),
    actions.c.log_id < bindparam("by"),
    is_state(actions.c.state, ActionState.HELD),
)
_WAITING = (
    select(actions, action_log.c.event)
    .join(action_log, action_log.c.id == actions.c.log_id)
    .where(is_state(actions.c.state, ActionState.HELD), actions.c.agent.not_in(NOT_AGENTS))
    .order_by(actions.c.log_id.desc(), actions.c.position)
)
_ALIVE = frozenset({ActionState.PLANNED, ActionState.HELD})
_OF_STATE = frozenset({"close", "reopen"})
_BELONG = frozenset({"comment", "close"})
"""In one decision the comment says why the issue is closed: neither goes without the other."""


def replace_held(connection: Connection, newer: NewDecision, *, by: int, now: datetime) -> tuple[int, ...]:
    """Refuse what waits of an agent's older decisions and has its like in the newer one. It is nobody's verdict.

    Args:
        connection: In the transaction that records the newer decision.
        newer: The newer decision; what of it is refused, or only thought of, takes nothing's place.
        by: Its entry.
        now: Current time, aware UTC.

    Returns:
        Ids of the actions that wait no more.
    """
    alive = [action for action in newer.actions if action.state in _ALIVE]
    if not alive:
        return ()
    about = {"repo": newer.issue.repo.key, "number": newer.issue.number, "agent": newer.agent, "by": by}
    waiting: defaultdict[int, list[StoredAction]] = defaultdict(list)
    for row in connection.execute(_OLDER, about):
        waiting[row.log_id].append(to_action(row))
    gone = _give_way(waiting.values(), _taken(alive, newer.event))
    _replace(connection, gone, by=by, now=now)
    return tuple(action.id for action in gone)


def replace_doubles(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    """Do the same for all that waits: a version that did not may have left the same thing waiting twice.

    Args:
        connection: In a transaction.
        now: Current time, aware UTC.

    Returns:
        Ids of the actions that wait no more.
    """
    decisions: defaultdict[tuple[IssueRef, str], dict[int, list[StoredAction]]] = defaultdict(dict)
    events: dict[int, str] = {}
    for row in connection.execute(_WAITING):
        action = to_action(row)
        decisions[action.issue, action.agent].setdefault(action.log_id, []).append(action)
        events[action.log_id] = row.event
    done: set[int] = set()
    for of_agent in decisions.values():
        for by, newer in of_agent.items():  # the newest first
            older = [waiting for log_id, waiting in of_agent.items() if log_id < by]
            gone = [action for action in _give_way(older, _taken(newer, events[by])) if action.id not in done]
            _replace(connection, gone, by=by, now=now)
            done |= {action.id for action in gone}
    return tuple(sorted(done))


def replaced(connection: Connection, repo: RepoRef, digest: str) -> StoredAction | None:
    """Return the action whose hash begins so if a newer decision replaced it while it waited.

    Args:
        connection: To read from.
        repo: Where.
        digest: Beginning of the hash that a person was shown.

    Returns:
        The newest of them; None for none.
    """
    was_shown = actions.c.payload_hash.startswith(digest, autoescape=True)
    here = (actions.c.repo == repo.key, is_state(actions.c.state, ActionState.DENIED), actions.c.reason == REPLACED)
    row = connection.execute(select(actions).where(*here, was_shown).order_by(actions.c.id.desc()).limit(1)).first()
    return None if row is None else to_action(row)


def _taken(alive: Collection[NewAction | StoredAction], event: str) -> frozenset[str]:
    """Return what a decision decides: about a quiet issue it says nothing of what its labels were to be."""
    taken = {what for action in alive for what in _places(action.type, action.payload)}
    return frozenset(taken - {"add_label"} if event == EventKind.STALE.value else taken)


def _give_way(waiting: Iterable[Collection[StoredAction]], taken: Collection[str]) -> list[StoredAction]:
    """Return of decisions that wait what has its like among what is taken."""
    gone: list[StoredAction] = []
    for older in waiting:
        alike = [action for action in older if not _places(action.type, action.payload).isdisjoint(taken)]
        if any(action.type in _BELONG for action in alike) and any(action.type == "close" for action in older):
            alike = [action for action in older if action in alike or action.type in _BELONG]
        gone += alike
    return gone


def _replace(connection: Connection, gone: Collection[StoredAction], *, by: int, now: datetime) -> None:
    for action in gone:
        detail = f"by the newer decision {by}"
        move(connection, action, ActionState.DENIED, reason=REPLACED, detail=detail, settled_at=now, not_before=None)


def _places(kind: str, payload: dict[str, Any]) -> set[str]:
    """Return under which names an action is looked for in another decision."""
    if kind in _OF_STATE:
        return {"state"}
    if kind not in ("add_label", "remove_label"):
        return {kind}
    label = f"label {str(payload.get('label', '')).casefold()}"
    return {label, kind} if kind == "add_label" else {label}
