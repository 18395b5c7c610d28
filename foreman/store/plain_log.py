"""Reading the action log: one decision whole, lists newest first, what waits. In SQL itself; see `plain`."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, cast

from foreman.errors import StoreError
from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store import plain
from foreman.store.logged import LogEntry, StoredAction, is_delayed

_ROWS_PER_ENTRY = 20
"""Most actions of one decision (`protocol.MAX_ACTIONS`): how many rows may stand for one entry."""


def entry(raw: sqlite3.Connection, log_id: int) -> LogEntry:
    """Return a decision whole; raises StoreError when there is none."""
    found = plain.rows(raw, "SELECT * FROM action_log WHERE id = ?", (log_id,))
    if not found:
        raise StoreError(f"there is no decision {log_id} in the log")
    return _whole(raw, found)[0]


def seen(raw: sqlite3.Connection, log_id: int) -> dict[str, Any]:
    """Return what a decision was made on; raises StoreError when there is none."""
    found = raw.execute("SELECT seen FROM action_log WHERE id = ?", (log_id,)).fetchone()
    if found is None:
        raise StoreError(f"there is no decision {log_id} in the log")
    return cast("dict[str, Any]", json.loads(found[0]))


def entries(
    raw: sqlite3.Connection,
    *,
    repo: RepoRef | None = None,
    issue: IssueRef | None = None,
    since: datetime | None = None,
    status: ActionState | None = None,
    limit: int = 50,
    before_id: int | None = None,
) -> tuple[LogEntry, ...]:
    """Return decisions, newest first.

    Args:
        raw: The driver's connection.
        repo: Of this repository only.
        issue: Of this issue only.
        since: Not older than this, aware UTC.
        status: With at least one action in this state only.
        limit: At most so many.
        before_id: Older than this entry only: the next page.

    Returns:
        The decisions, each with all its actions.
    """
    where, values = _about(repo, issue)
    if since is not None:
        where.append("timestamp >= ?")
        values.append(plain.seconds(since))
    if before_id is not None:
        moment = plain.one(raw, "SELECT timestamp FROM action_log WHERE id = ?", (before_id,))
        if moment is None:
            return ()
        where.append("timestamp <= ? AND (timestamp < ? OR id < ?)")
        values += [moment, moment, before_id]
    if status is not None:
        ids = _with_status(raw, status, repo, issue, since, before_id, limit)
        if not ids:
            return ()
        where.append(f"id IN ({plain.marks(ids)})")
        values += ids
    condition = " AND ".join(where or ["1"])
    query = f"SELECT * FROM action_log WHERE {condition} ORDER BY timestamp DESC, id DESC LIMIT ?"  # noqa: S608
    return _whole(raw, plain.rows(raw, query, (*values, limit)))


def held(raw: sqlite3.Connection, repo: RepoRef | None = None) -> tuple[StoredAction, ...]:
    """Return the actions that wait for a person, oldest first.

    Args:
        raw: The driver's connection.
        repo: Of this repository only.

    Returns:
        The actions.
    """
    where, values = _about(repo, None)
    condition = " AND ".join(["state = ?", *where])
    query = f"SELECT * FROM actions WHERE {condition} ORDER BY created_at, log_id, position"  # noqa: S608
    return tuple(map(to_action, plain.rows(raw, query, (ActionState.HELD.value, *values))))


def announced(
    raw: sqlite3.Connection, *, repo: RepoRef | None = None, issue: IssueRef | None = None
) -> tuple[StoredAction, ...]:
    """Return every close that was announced and waits for its time to come, the next one first.

    Args:
        raw: The driver's connection.
        repo: Of this repository only.
        issue: Of this issue only.

    Returns:
        The actions.
    """
    where, values = _about(repo, issue)
    # The state is written out: a partial index is taken only where the statement repeats its condition.
    condition = " AND ".join(["type = 'close'", "state = 'planned'", "not_before IS NOT NULL", *where])
    query = f"SELECT * FROM actions WHERE {condition} ORDER BY not_before, id"  # noqa: S608
    return tuple(action for action in map(to_action, plain.rows(raw, query, values)) if is_delayed(action))


def _about(repo: RepoRef | None, issue: IssueRef | None) -> tuple[list[str], list[object]]:
    if issue is not None:
        return ["repo = ? AND issue_id = ?"], [issue.repo.key, issue.number]
    return (["repo = ?"], [repo.key]) if repo is not None else ([], [])


def _with_status(
    raw: sqlite3.Connection,
    status: ActionState,
    repo: RepoRef | None,
    issue: IssueRef | None,
    since: datetime | None,
    before_id: int | None,
    limit: int,
) -> list[int]:
    where, values = _about(repo, issue)
    where.append("state = ?")
    values.append(status.value)
    if since is not None:
        where.append("created_at >= ?")
        values.append(plain.micros(since.replace(microsecond=0)))
    if before_id is not None:
        moment = plain.one(raw, "SELECT created_at FROM actions WHERE log_id = ?", (before_id,))
        where.append("log_id != ?")
        values.append(before_id)
        if moment is not None:
            where.append("created_at <= ?")
            values.append(moment)
    query = f"SELECT log_id FROM actions WHERE {' AND '.join(where)} ORDER BY created_at DESC, log_id DESC LIMIT ?"  # noqa: S608
    found: dict[int, None] = {}
    with closing(raw.cursor()) as cursor:
        cursor.row_factory = None
        for (log_id,) in cursor.execute(query, (*values, limit * _ROWS_PER_ENTRY)):
            found[log_id] = None
            if len(found) == limit:
                break
    return list(found)


def _whole(raw: sqlite3.Connection, found: Sequence[sqlite3.Row]) -> tuple[LogEntry, ...]:
    if not found:
        return ()
    ids = [row["id"] for row in found]
    of_entry: defaultdict[int, list[StoredAction]] = defaultdict(list)
    wanted = f"SELECT * FROM actions WHERE log_id IN ({plain.marks(ids)}) ORDER BY log_id, position"  # noqa: S608
    for row in plain.rows(raw, wanted, ids):
        of_entry[row["log_id"]].append(to_action(row))
    takers: defaultdict[int, list[int]] = defaultdict(list)
    undoing = f"SELECT undoes, id FROM action_log WHERE undoes IN ({plain.marks(ids)}) ORDER BY id"  # noqa: S608
    for undone, taker in plain.rows(raw, undoing, ids):
        takers[undone].append(taker)
    return tuple(_entry(row, tuple(takers[row["id"]]), tuple(of_entry[row["id"]])) for row in found)


def _entry(row: sqlite3.Row, undone_by: tuple[int, ...], actions: tuple[StoredAction, ...]) -> LogEntry:
    return LogEntry(
        id=row["id"],
        issue=plain.issue_of(row),
        task_id=row["task_id"],
        agent=row["agent"],
        task_type=row["task_type"],
        decision=row["decision"],
        rationale=row["rationale"],
        confidence=row["confidence"],
        event=row["event"],
        attempt=row["attempt"],
        mode=row["mode"],
        policy_version=row["policy_version"],
        author_id=row["author_id"],
        seen=plain.loaded(row["seen"]),
        model=row["model"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        usd=plain.dollars(row["usd"]),
        duration_ms=row["duration_ms"],
        undoes=row["undoes"],
        undone_by=undone_by,
        timestamp=plain.at(row["timestamp"]),
        actions=actions,
        trace=row["trace"],
    )


def to_action(row: sqlite3.Row) -> StoredAction:
    """Map a row of `actions`."""
    return StoredAction(
        id=row["id"],
        log_id=row["log_id"],
        issue=plain.issue_of(row),
        agent=row["agent"],
        position=row["position"],
        type=row["type"],
        payload=plain.loaded(row["payload"]),
        key=row["key"],
        state=ActionState(row["state"]),
        reason=row["reason"],
        detail=row["detail"],
        payload_hash=row["payload_hash"],
        undo=plain.loaded(row["undo"]),
        attempts=row["attempts"],
        sent_at=plain.moment(row["sent_at"]),
        not_before=plain.moment(row["not_before"]),
        settled_at=plain.moment(row["settled_at"]),
        created_at=plain.at(row["created_at"]),
        approved_by=row["approved_by"],
    )
