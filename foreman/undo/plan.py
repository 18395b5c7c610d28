"""Taking back what Foreman did: a plan to show first, then a decision of its own with the inverse actions.

Only our own doings are taken back. What a person changed since is left alone, and said so. The executor carries the
inverse actions out like any others; nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from foreman import checkpoint
from foreman.errors import ForgeMoved, ForgeNotFound
from foreman.forge.base import ForgeReader
from foreman.model import ActionState, EventKind, IssueRef, RepoRef
from foreman.store import actions, commands, ladder, memory
from foreman.store.actions import LogEntry, NewAction, NewDecision, StoredAction
from foreman.store.database import Database
from foreman.undo.takeback import Look, Nothing, Standing
from foreman.values import dataclass

DECISION = "undo"
"""Word in `action_log.decision`."""

AGENT = "foreman"
"""Who is named as the agent of what a person takes back."""

PAGE = 200
"""Log entries read at a time."""

_NOT_OURS = frozenset({"dashboard", commands.AGENT, ladder.AGENT})
_OPEN = frozenset({ActionState.PLANNED, ActionState.SENT, ActionState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoStep:
    """One action that can be taken back.

    Attributes:
        origin: What was done.
        inverse: What takes it back.
        text: One line for a person.
    """

    origin: StoredAction
    inverse: NewAction
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoLeft:
    """One action that stays.

    Attributes:
        origin: What was done.
        why: One line for a person.
    """

    origin: StoredAction
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPlan:
    """What would be taken back.

    Attributes:
        steps: Newest doing first.
        left: What is left alone.
        stopped: What was planned, was not done yet, and will not be: a close that was announced, for instance.
        issue_ids: The forge's id of each issue concerned: another issue under the same number is left alone.
    """

    steps: tuple[UndoStep, ...]
    left: tuple[UndoLeft, ...]
    stopped: tuple[StoredAction, ...] = ()
    issue_ids: Mapping[IssueRef, int]


def prepare(
    db: Database,
    reader: ForgeReader,
    *,
    bot_id: int,
    log_ids: Sequence[int] = (),
    since: datetime | None = None,
    repo: RepoRef | None = None,
    delete_comments: bool = False,
) -> UndoPlan:
    """Find out what can be taken back.

    Args:
        db: The action log.
        reader: The forge the doings are on; those on another one are left out.
        bot_id: Our own account there.
        log_ids: Decisions; a decision that took something back may be named as well.
        since: Or everything since then, aware UTC.
        repo: Of this repository only.
        delete_comments: Comments are deleted; else each becomes a note of one line.

    Returns:
        The plan. Nothing is changed yet.

    Raises:
        ForgeError: The forge did not answer.
        StoreError: There is no such decision.
    """
    with db.read() as connection:
        entries = select(connection, log_ids=log_ids, since=since, repo=repo)
        entries = tuple(entry for entry in entries if entry.issue.repo.forge is reader.kind)
        pending = {entry.id: _pending(connection, entry) for entry in entries}
    looks = {issue: _look(reader, issue) for issue in dict.fromkeys(e.issue for e in entries if _has_done(e))}
    taken = frozenset[int]().union(*pending.values())
    return plan(entries, looks, bot_id=bot_id, pending=taken, delete_comments=delete_comments)


def select(
    connection: Connection, *, log_ids: Sequence[int] = (), since: datetime | None = None, repo: RepoRef | None = None
) -> tuple[LogEntry, ...]:
    """Return the decisions meant, newest first.

    Args:
        connection: To read from.
        log_ids: By id.
        since: Or by time; what only took something back, kept the approvals issue, or was ordered, is left out.
        repo: Of this repository only.

    Returns:
        The decisions, each with all its actions.

    Raises:
        StoreError: There is no such decision.
    """
    if since is None:
        named = (actions.entry(connection, log_id) for log_id in sorted(set(log_ids), reverse=True))
        return tuple(entry for entry in named if repo is None or entry.issue.repo == repo)
    found: list[LogEntry] = []
    before: int | None = None
    while page := actions.entries(connection, repo=repo, since=since, limit=PAGE, before_id=before):
        found += [entry for entry in page if entry.undoes is None and entry.agent not in _NOT_OURS]
        before = min(entry.id for entry in page)
    return tuple(found)


def plan(
    entries: Iterable[LogEntry],
    looks: Mapping[IssueRef, Look | None],
    *,
    bot_id: int,
    pending: frozenset[int] = frozenset(),
    delete_comments: bool = False,
) -> UndoPlan:
    """Say what can be taken back. Pure.

    Args:
        entries: Decisions, newest first.
        looks: Each issue as it is now, None where it is gone.
        bot_id: Our own account.
        pending: Actions that are being taken back already.
        delete_comments: Comments are deleted; else each becomes a note of one line.

    Returns:
        The plan.
    """
    steps: list[UndoStep] = []
    left: list[UndoLeft] = []
    stopped: list[StoredAction] = []
    standing = {
        issue: Standing(look, bot_id=bot_id, delete_comments=delete_comments)
        for issue, look in looks.items()
        if look is not None
    }
    for entry in entries:
        for action in reversed(entry.actions):
            if action.state is ActionState.UNKNOWN:
                left.append(UndoLeft(origin=action, why="nobody knows whether it happened"))
            if action.state is ActionState.PLANNED and entry.undoes is None:
                stopped.append(action)
            if action.state is not ActionState.DONE:
                continue
            if action.id in pending:
                left.append(UndoLeft(origin=action, why="it is being taken back already"))
            elif entry.issue not in standing:
                left.append(UndoLeft(origin=action, why="the issue is gone"))
            else:
                found = standing[entry.issue].take_back(action)
                if isinstance(found, Nothing):
                    left.append(UndoLeft(origin=action, why=found.why))
                else:
                    steps.append(
                        UndoStep(origin=action, inverse=_inverse(found.type, found.payload, action), text=found.text)
                    )
    ids = {issue: look.issue.id for issue, look in looks.items() if look is not None}
    return UndoPlan(steps=tuple(steps), left=tuple(left), stopped=tuple(stopped), issue_ids=ids)


def enqueue(db: Database, undo: UndoPlan, *, by: str, now: datetime) -> tuple[int, ...]:
    """Log the inverse actions as planned, the executor does the rest; what was not done yet is refused.

    Args:
        db: The action log.
        undo: As it was shown to a person.
        by: That person.
        now: Current time, aware UTC.

    Returns:
        Ids of the new log entries, one for each decision of which something is taken back.
    """
    with db.transaction() as connection:
        logged = record(connection, undo, by=by, now=now)
    checkpoint.reach("undo.planned.committed")
    return logged


def record(connection: Connection, undo: UndoPlan, *, by: str, now: datetime) -> tuple[int, ...]:
    """Do what `enqueue` does, in a transaction that is open already."""
    for action in undo.stopped:
        if actions.get(connection, action.id).state is ActionState.PLANNED:  # it may have been done meanwhile
            actions.reject(connection, action.id, by=by, because="taken back before it was done", now=now)
            memory.refresh(connection, action.issue, now=now)
    logged = []
    for log_id in dict.fromkeys(step.origin.log_id for step in undo.steps):
        entry = actions.entry(connection, log_id)
        pending = _pending(connection, entry)
        standing = {action.id for action in entry.actions if action.state is ActionState.DONE} - pending
        steps = [step for step in undo.steps if step.origin.log_id == log_id and step.origin.id in standing]
        if not steps:
            continue
        decision = NewDecision(
            issue=entry.issue,
            task_id=str(uuid4()),
            agent=AGENT,
            task_type=DECISION,
            decision=DECISION,
            rationale=f"taken back by {by}",
            event=EventKind.REQUESTED.value,
            seen={"issue_id": undo.issue_ids[entry.issue], "by": by},
            actions=tuple(step.inverse for step in steps),
            undoes=log_id,
            author_id=entry.author_id,
            trace=entry.trace,
        )
        logged.append(actions.record(connection, decision, now=now))
    return tuple(logged)


def _inverse(kind: str, payload: dict[str, Any], origin: StoredAction) -> NewAction:
    return NewAction(type=kind, payload={**payload, "undoes": origin.id}, state=ActionState.PLANNED)


def _has_done(entry: LogEntry) -> bool:
    return any(action.state is ActionState.DONE for action in entry.actions)


def _pending(connection: Connection, entry: LogEntry) -> frozenset[int]:
    """Return which of a decision's actions are being taken back now."""
    takers = [actions.entry(connection, log_id) for log_id in entry.undone_by]
    return frozenset(action.payload["undoes"] for taker in takers for action in taker.actions if action.state in _OPEN)


def _look(reader: ForgeReader, issue: IssueRef) -> Look | None:
    try:
        return Look(issue=reader.issue(issue), comments=reader.comments(issue), history=reader.history(issue))
    except (ForgeNotFound, ForgeMoved):
        return None
