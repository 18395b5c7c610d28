"""Actions that are given up, wait for a person, or were judged by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from foreman.errors import StoreError
from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store import corrections
from foreman.store.action_rows import fetch, move, to_action, unchanged
from foreman.store.logged import REPLACED, StoredAction
from foreman.store.tables import actions, is_state

_OLDER = select(actions).where(
    actions.c.repo == bindparam("repo"),
    actions.c.issue_id == bindparam("number"),
    actions.c.agent == bindparam("agent"),
    actions.c.log_id < bindparam("by"),
    is_state(actions.c.state, ActionState.HELD),
)


def cancel(
    connection: Connection, action_ids: Sequence[int], *, state: ActionState, reason: str, now: datetime
) -> None:
    """Give actions up that were not sent.

    Args:
        connection: In a transaction.
        action_ids: Planned or held ones.
        state: What they become: `denied`, `failed` or `shadow`.
        reason: Why.
        now: Current time, aware UTC.

    Raises:
        ValueError: One was sent already, or is settled.
    """
    for action_id in action_ids:
        action = fetch(connection, action_id)
        if action.state not in (ActionState.PLANNED, ActionState.HELD):
            raise ValueError(f"action {action_id} is {action.state} and cannot be cancelled")
        move(connection, action, state, reason=reason, settled_at=now, not_before=None)


def replace_held(connection: Connection, issue: IssueRef, agent: str, *, by: int, now: datetime) -> tuple[int, ...]:
    """Refuse what still waits for a person of an agent's older decisions about an issue. Nobody judged it so.

    Args:
        connection: In the transaction that records the newer decision.
        issue: Where.
        agent: Whose; what others or people want done there goes on waiting.
        by: Entry of the newer decision.
        now: Current time, aware UTC.

    Returns:
        Ids of the actions.
    """
    about = {"repo": issue.repo.key, "number": issue.number, "agent": agent, "by": by}
    found = [to_action(row) for row in connection.execute(_OLDER, about)]
    for action in found:
        detail = f"by a newer decision, entry {by}"
        move(connection, action, ActionState.DENIED, reason=REPLACED, detail=detail, settled_at=now, not_before=None)
    return tuple(action.id for action in found)


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


def hold(connection: Connection, action_ids: Sequence[int], *, reason: str, detail: str = "") -> None:
    """Let planned actions wait for a person; raises ValueError for others."""
    for action_id in action_ids:
        action = fetch(connection, action_id)
        move(connection, action, ActionState.HELD, reason=reason, detail=detail or action.detail, not_before=None)


def release(connection: Connection, action_ids: Sequence[int]) -> None:
    """Plan held actions again because the reason to hold them has gone; raises ValueError for others."""
    for action_id in action_ids:
        action = fetch(connection, action_id)
        if action.state is not ActionState.HELD:
            raise ValueError(f"action {action_id} is {action.state}, not held")
        move(connection, action, ActionState.PLANNED, reason="")


def approve(
    connection: Connection, action_id: int, *, by: str, now: datetime, payload_hash: str | None = None
) -> None:
    """Let a held action pass, exactly as it was shown.

    Args:
        connection: In a transaction.
        action_id: A held action.
        by: Who approves.
        now: Current time, aware UTC; from when it may be sent.
        payload_hash: Of what the person saw; None when it was read in this very transaction.

    Raises:
        ValueError: It is not held.
        StoreError: It is not what the person saw.
    """
    action = unchanged(fetch(connection, action_id))
    if action.state is not ActionState.HELD:
        raise ValueError(f"action {action_id} is {action.state}, not held")
    if payload_hash is not None and payload_hash != action.payload_hash:
        raise StoreError(f"action {action_id} is not the one that was shown; look at it again")
    move(connection, action, ActionState.PLANNED, approved_by=by, reason="", not_before=now)


def reject(connection: Connection, action_id: int, *, by: str, because: str = "", now: datetime) -> None:
    """Refuse an action that was not sent yet, and remember that as a correction.

    Args:
        connection: In a transaction.
        action_id: A held action, or a planned one: a close that was announced, for instance.
        by: Who refuses.
        because: The person's own words.
        now: Current time, aware UTC.

    Raises:
        ValueError: It was sent, or is settled.
    """
    action = fetch(connection, action_id)
    if action.state not in (ActionState.HELD, ActionState.PLANNED):
        raise ValueError(f"action {action_id} is {action.state} and cannot be refused")
    detail = because or action.detail
    move(connection, action, ActionState.DENIED, reason="rejected", detail=detail, settled_at=now, not_before=None)
    _remember(connection, action, "rejected", by=by, because=because, now=now)


def mark_undone(
    connection: Connection, action_ids: Sequence[int], *, by: str, reason: str = "taken back", now: datetime
) -> None:
    """Note that done actions were taken back, and remember that as a correction.

    Args:
        connection: In a transaction.
        action_ids: Done (or unknown) actions.
        by: Who took them back.
        reason: Why, one line.
        now: Current time, aware UTC.

    Raises:
        ValueError: One was not done.
    """
    for action_id in action_ids:
        action = fetch(connection, action_id)
        move(connection, action, ActionState.UNDONE, reason=reason, settled_at=now, not_before=None)
        _remember(connection, action, "undone", by=by, because=reason, now=now)


def _remember(
    connection: Connection, action: StoredAction, kind: str, *, by: str, because: str, now: datetime
) -> None:
    corrections.add(
        connection,
        issue=action.issue,
        kind=kind,
        action_type=action.type,
        value=corrections.value_of(action.payload),
        by=by,
        because=because,
        action_id=action.id,
        now=now,
    )
