"""What the modules of the action log share: its values, their mapping and hash, the counters, the legal moves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from foreman.errors import StoreError
from foreman.model import ActionState, IssueRef
from foreman.store.logged import StoredAction
from foreman.store.rows import issue_of
from foreman.store.tables import action_counts, actions
from foreman.values import dataclass

S = ActionState

MOVES: Mapping[ActionState, frozenset[ActionState]] = {
    S.PLANNED: frozenset({S.SENT, S.DONE, S.FAILED, S.UNKNOWN, S.HELD, S.DENIED, S.SHADOW}),
    S.SENT: frozenset({S.PLANNED, S.DONE, S.FAILED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.PLANNED, S.DONE, S.FAILED, S.DENIED, S.UNDONE}),
    S.HELD: frozenset({S.PLANNED, S.DENIED, S.FAILED, S.SHADOW}),
    S.DONE: frozenset({S.UNDONE}),
    S.FAILED: frozenset(),
    S.DENIED: frozenset(),
    S.SHADOW: frozenset(),
    S.UNDONE: frozenset(),
}
"""Where an action may go from where it is. `planned` to `done` is for what needed no request: it was so already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """An action to be logged.

    Attributes:
        type: `add_label`, `comment`, ….
        payload: What it does, JSON-ready, without the type.
        state: `planned`, or `held`, `denied`, `shadow` by the gate's verdict and the mode.
        reason: A name from the closed list of reasons; empty when planned.
        detail: One line for a person.
        not_before: When it may be done at the earliest; None for at once.
    """

    type: str
    payload: dict[str, Any]
    state: ActionState
    reason: str = ""
    detail: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """A decision to be logged with its actions.

    Attributes:
        issue: Where.
        task_id: UUID of the task; a task is logged at most once if it has actions.
        agent: Agent type.
        task_type: What the task is called.
        decision: The agent's word, or ours (`undo`, `refused`).
        rationale: The agent's own words: data, never read back into a task.
        confidence: From 0 to 1, None when not told.
        event: Why.
        attempt: Which run of the task.
        mode: How far Foreman might go.
        policy_version: Which policy judged.
        seen: What the decision was built on, JSON-ready.
        model: Model that answered; empty when none was asked.
        input_tokens: By the gateway's count.
        output_tokens: By the gateway's count.
        usd: Price, None when it is not known.
        duration_ms: From claim to decision.
        actions: In order.
        undoes: The entry it takes back, None for most.
        author_id: Who opened the issue; None takes what the issue's snapshot says.
        trace: `traceparent` of the task; empty when none was kept.
    """

    issue: IssueRef
    task_id: str
    agent: str
    task_type: str
    decision: str
    rationale: str = ""
    confidence: float | None = None
    event: str = ""
    attempt: int = 1
    mode: str = ""
    policy_version: str = ""
    seen: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal | None = None
    duration_ms: int = 0
    actions: tuple[NewAction, ...] = ()
    undoes: int | None = None
    author_id: int | None = None
    trace: str = ""


def to_action(row: Row[Any]) -> StoredAction:
    """Map a row of `actions`."""
    return StoredAction(
        id=row.id,
        log_id=row.log_id,
        issue=issue_of(row),
        agent=row.agent,
        position=row.position,
        type=row.type,
        payload=row.payload,
        key=row.key,
        state=ActionState(row.state),
        reason=row.reason,
        detail=row.detail,
        payload_hash=row.payload_hash,
        undo=row.undo,
        attempts=row.attempts,
        sent_at=row.sent_at,
        not_before=row.not_before,
        settled_at=row.settled_at,
        created_at=row.created_at,
        approved_by=row.approved_by,
    )


def key_of(task_id: str, position: int) -> str:
    """Return the marker key of an action: the same for the same place in the same task."""
    return hashlib.sha256(f"{task_id}|{position}".encode()).hexdigest()[:32]


def hash_of(issue: IssueRef, kind: str, payload: Mapping[str, Any], key: str) -> str:
    """Return what an approval covers: SHA-256 over canonical JSON of all that will be sent, and where."""
    whole = {"issue": str(issue), "type": kind, "payload": payload, "key": key}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


_COUNT = (
    update(action_counts)
    .where(action_counts.c.state == bindparam("counted"))
    .values(number=action_counts.c.number + bindparam("change"))
)
_FIRST = insert(action_counts)


def count(connection: Connection, changes: Mapping[ActionState, int]) -> None:
    """Move the counters."""
    for state, change in changes.items():
        if change and not connection.execute(_COUNT, {"counted": state.value, "change": change}).rowcount:
            connection.execute(_FIRST, {"state": state.value, "number": change})


_ONE = select(actions).where(actions.c.id == bindparam("action_id"))
_CHANGE = update(actions).where(actions.c.id == bindparam("action_id"))


def fetch(connection: Connection, action_id: int) -> StoredAction:
    """Return an action.

    Args:
        connection: To read from.
        action_id: Its id.

    Returns:
        The action.

    Raises:
        StoreError: There is none.
    """
    row = connection.execute(_ONE, {"action_id": action_id}).first()
    if row is None:
        raise StoreError(f"there is no action {action_id}")
    return to_action(row)


def move(connection: Connection, action: StoredAction, to: ActionState, **values: Any) -> None:
    """Change an action's state and columns.

    Args:
        connection: In a transaction, in which the action was read.
        action: The action.
        to: Its new state.
        **values: Further columns.

    Raises:
        ValueError: It may not go there from where it is.
    """
    if to not in MOVES[action.state]:
        raise ValueError(f"action {action.id} is {action.state} and cannot become {to}")
    change(connection, action.id, state=to.value, **values)
    count(connection, {action.state: -1, to: 1})


def change(connection: Connection, action_id: int, **values: Any) -> None:
    """Write columns of an action, whatever its state; to another state it goes by `move`."""
    connection.execute(_CHANGE, {"action_id": action_id, **values})


def unchanged(action: StoredAction) -> StoredAction:
    """Return the action when its row still is what was decided.

    Args:
        action: As read.

    Returns:
        The same.

    Raises:
        StoreError: Somebody changed the row.
    """
    if hash_of(action.issue, action.type, action.payload, action.key) != action.payload_hash:
        raise StoreError(f"action {action.id} is not what was decided: its row was changed; reject it and ask again")
    return action
