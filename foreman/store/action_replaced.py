"""What waits for a person gives way to what the same agent decides anew, so that nobody approves the same thing twice.

A comment gives way to a comment, a label to labels, closing to closing or reopening, a person to a person. What the
newer decision is silent about goes on waiting: agents are told what waits, and need not say it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from foreman.model import ActionState, EventKind, RepoRef
from foreman.store.action_rows import NewAction, NewDecision, move, to_action
from foreman.store.logged import REPLACED, StoredAction
from foreman.store.tables import actions, is_state

_OLDER = select(actions).where(
    actions.c.repo == bindparam("repo"),
    actions.c.issue_id == bindparam("number"),
    actions.c.agent == bindparam("agent"),
    actions.c.log_id < bindparam("by"),
    is_state(actions.c.state, ActionState.HELD),
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
    taken = _taken(alive, stale=newer.event == EventKind.STALE.value)
    gone = [action for older in waiting.values() for action in _giving_way(older, taken)]
    for action in gone:
        detail = f"by a newer decision, entry {by}"
        move(connection, action, ActionState.DENIED, reason=REPLACED, detail=detail, settled_at=now, not_before=None)
    return tuple(action.id for action in gone)


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


def _taken(alive: Collection[NewAction], *, stale: bool) -> frozenset[str]:
    """Return what a decision decides: of a quiet issue it says nothing about what its labels were to be."""
    taken = {what for action in alive for what in _places(action.type, action.payload)}
    return frozenset(taken - {"add_label"} if stale else taken)


def _giving_way(older: Collection[StoredAction], taken: Collection[str]) -> list[StoredAction]:
    gone = {action.id for action in older if not _places(action.type, action.payload).isdisjoint(taken)}
    if any(action.type == "close" for action in older) and any(
        action.id in gone and action.type in _BELONG for action in older
    ):
        gone |= {action.id for action in older if action.type in _BELONG}
    return [action for action in older if action.id in gone]


def _places(kind: str, payload: dict[str, Any]) -> set[str]:
    """Return under which names an action is looked for in another decision."""
    if kind in _OF_STATE:
        return {"state"}
    if kind not in ("add_label", "remove_label"):
        return {kind}
    label = f"label {str(payload.get('label', '')).casefold()}"
    return {label, kind} if kind == "add_label" else {label}
