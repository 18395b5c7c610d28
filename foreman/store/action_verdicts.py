"""Actions that are given up, wait for a person, or were judged by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from foreman.errors import StoreError
from foreman.model import ActionState
from foreman.store import corrections
from foreman.store.action_rows import fetch, move, unchanged
from foreman.store.logged import StoredAction


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
