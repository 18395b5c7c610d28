"""Writing a decision and its actions down, before anything is sent."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from foreman.store import issues
from foreman.store.action_rows import NewDecision, count, hash_of, key_of
from foreman.store.inbox_rows import ensure_turn
from foreman.store.rows import inserted_id
from foreman.store.tables import action_log, actions

_DECISION = insert(action_log)
_ACTIONS = insert(actions)


def record(connection: Connection, decision: NewDecision, *, now: datetime) -> int:
    """Log a decision and its actions.

    Args:
        connection: In a transaction.
        decision: The decision.
        now: Current time, aware UTC.

    Returns:
        The `action_log` id.

    Raises:
        StoreError: This task's actions were logged before.
    """
    where: dict[str, Any] = {"repo": decision.issue.repo.key, "issue_id": decision.issue.number}
    author_id = decision.author_id
    if author_id is None:
        snapshot = issues.get(connection, decision.issue)
        author_id = None if snapshot is None else snapshot.author_id
    added = connection.execute(
        _DECISION,
        dict(
            where,
            task_type=decision.task_type,
            decision=decision.decision,
            rationale=decision.rationale,
            actions=[{**action.payload, "type": action.type} for action in decision.actions],
            timestamp=now,
            task_id=decision.task_id,
            agent=decision.agent,
            event=decision.event,
            attempt=decision.attempt,
            mode=decision.mode,
            policy_version=decision.policy_version,
            confidence=decision.confidence,
            author_id=author_id,
            seen=decision.seen,
            model=decision.model,
            input_tokens=decision.input_tokens,
            output_tokens=decision.output_tokens,
            usd=decision.usd,
            duration_ms=decision.duration_ms,
            undoes=decision.undoes,
            trace=decision.trace,
        ),
    )
    log_id = inserted_id(added)
    if not decision.actions:
        return log_id
    ensure_turn(connection, decision.issue.repo.key)
    rows = []
    for position, action in enumerate(decision.actions):
        key = key_of(decision.task_id, position)
        rows.append(
            {
                **where,
                "log_id": log_id,
                "agent": decision.agent,
                "position": position,
                "type": action.type,
                "payload": action.payload,
                "key": key,
                "payload_hash": hash_of(decision.issue, action.type, action.payload, key),
                "state": action.state.value,
                "reason": action.reason,
                "detail": action.detail,
                "undo": {},
                "attempts": 0,
                "not_before": action.not_before,
                "created_at": now,
            }
        )
    connection.execute(_ACTIONS, rows)
    count(connection, Counter(action.state for action in decision.actions))
    return log_id
