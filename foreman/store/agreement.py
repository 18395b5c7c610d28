"""How often people agreed with what was done: counted by type of action out of the log and the corrections.

What was done and stands is *kept*. What a person took back, took off, opened again, deleted or refused is *reversed*.
Where nothing is written (shadow) a label counts as kept when people put the same one on, and as reversed when they
put others on or closed the issue without it; there is nothing to compare other actions with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, true

from foreman.model import ActionState, RepoRef
from foreman.store import commands
from foreman.store.tables import action_log, actions, corrections, is_state, issues
from foreman.values import dataclass

WINDOW = timedelta(days=90)
"""What is older says nothing about today's configuration."""

LATEST = 50
"""So many actions of a type are counted, the newest."""

REVERSALS = frozenset({"rejected", "undone", "removed", "reopened", "comment_deleted"})
"""Corrections by which a person reverses an action. Anybody may give a thumb down: that counts for nothing here."""

NOT_AGENTS = ("foreman", "dashboard", commands.AGENT, "ladder")
"""Under these names the log has what was taken back, ordered, or done about the log itself."""

_ROWS = 500
"""Read of each state, the newest."""

_OBJECTED = "close_objected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What people said of one action, by deed.

    Attributes:
        type: `add_label`, `comment`, ….
        reversed: A person reversed it; else it stands.
        alone: It was done without a person's approval.
        at: When it was decided, aware UTC.
        log_id: Of the decision.
    """

    type: str
    reversed: bool
    alone: bool
    at: datetime
    log_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often people agreed with one type of action in one repository.

    Attributes:
        action_type: `add_label`, `comment`, ….
        kept: Actions that stand.
        reversed: Actions that a person reversed.
        since: When the oldest of these was decided, aware UTC.
        shadow: Nothing was written: compared with what people did.
    """

    action_type: str
    kept: int
    reversed: int
    since: datetime
    shadow: bool = False

    @property
    def counted(self) -> int:
        """How many there were."""
        return self.kept + self.reversed

    @property
    def share(self) -> float:
        """How many of them stand, 0 to 1."""
        return self.kept / self.counted


def of_repo(connection: Connection, repo: RepoRef, *, now: datetime) -> tuple[Agreement, ...]:
    """Count what is known of a repository.

    Args:
        connection: To read from.
        repo: Which.
        now: Current time, aware UTC.

    Returns:
        By type of action; what was done before what was only thought of.
    """
    since = now - WINDOW
    return (*_counted(written(connection, repo, since=since)), *_counted(_imagined(connection, repo, since), True))


def written(connection: Connection, repo: RepoRef, *, since: datetime, only: str = "") -> tuple[Told, ...]:
    """Return what people said of what was really done, or would have been but for them.

    Args:
        connection: To read from.
        repo: Which.
        since: Decided not before this, aware UTC.
        only: This type of action; empty for all.

    Returns:
        The newest first.
    """
    act = actions.c
    refused = or_(act.reason == "rejected", act.reason.startswith(_OBJECTED))
    kind = true() if not only else act.type == only
    rows = [
        *_rows(connection, repo, since, ActionState.DONE, kind),
        *_rows(connection, repo, since, ActionState.UNDONE, kind),
        *_rows(connection, repo, since, ActionState.DENIED, kind, refused),
    ]
    ids, labels = _reversed(connection, repo, since)
    found = []
    for row in rows:
        is_reversed = row.state != ActionState.DONE.value or row.id in ids
        if not is_reversed and row.type == "add_label":
            later = labels.get((row.issue_id, row.payload["label"]), ())
            is_reversed = any(at >= row.created_at for at in later)
        alone = row.approved_by is None and row.state != ActionState.DENIED.value
        found.append(Told(type=row.type, reversed=is_reversed, alone=alone, at=row.created_at, log_id=row.log_id))
    return tuple(sorted(found, key=lambda told: (told.at, told.log_id), reverse=True))


def _rows(
    connection: Connection, repo: RepoRef, since: datetime, state: ActionState, *more: ColumnElement[bool]
) -> Iterator[Row[Any]]:
    act = actions.c
    wanted = (
        select(act.id, act.log_id, act.issue_id, act.type, act.payload, act.state, act.reason, act.approved_by)
        .add_columns(act.created_at)
        .where(act.repo == repo.key, is_state(act.state, state), act.created_at >= since)
        .where(act.agent.not_in(NOT_AGENTS), *more)
        .order_by(act.created_at.desc())
        .limit(_ROWS)
    )
    for row in connection.execute(wanted):
        if not row.payload.get("chore"):  # no agent asked for that
            yield row


def _reversed(
    connection: Connection, repo: RepoRef, since: datetime
) -> tuple[frozenset[int], dict[tuple[int, str], list[datetime]]]:
    """Return what was reversed: by action, and by issue and label where the order of a person names no action."""
    rows = connection.execute(
        select(corrections).where(
            corrections.c.repo == repo.key, corrections.c.kind.in_(sorted(REVERSALS)), corrections.c.at >= since
        )
    )
    ids: set[int] = set()
    labels: defaultdict[tuple[int, str], list[datetime]] = defaultdict(list)
    for row in rows:
        if row.action_id is not None:
            ids.add(row.action_id)
        elif row.kind == "removed":
            labels[row.issue_id, row.value].append(row.at)
    return frozenset(ids), labels


def _imagined(connection: Connection, repo: RepoRef, since: datetime) -> Iterator[Told]:
    """Compare labels that were only thought of with those that the issues have now, as last seen."""
    act = actions.c
    here = and_(issues.c.repo == act.repo, issues.c.issue_id == act.issue_id)
    rows = connection.execute(
        select(act.log_id, act.type, act.payload, act.created_at, issues.c.labels, issues.c.state, action_log.c.seen)
        .join(issues, here)
        .join(action_log, action_log.c.id == act.log_id)
        .where(act.repo == repo.key, is_state(act.state, ActionState.SHADOW), act.created_at >= since)
        .where(act.type == "add_label", act.agent.not_in(NOT_AGENTS))
        .order_by(act.created_at.desc())
        .limit(_ROWS)
    )
    for row in rows:
        label, then = row.payload.get("label"), set(row.seen.get("labels", ()))
        there = label in row.labels
        if there or row.state == "closed" or set(row.labels) - then:
            yield Told(type=row.type, reversed=not there, alone=False, at=row.created_at, log_id=row.log_id)


def _counted(told: Iterable[Told], shadow: bool = False) -> Iterator[Agreement]:
    by_type: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        if len(by_type[one.type]) < LATEST:
            by_type[one.type].append(one)
    for kind in sorted(by_type):
        of_kind = by_type[kind]
        bad = sum(one.reversed for one in of_kind)
        yield Agreement(action_type=kind, kept=len(of_kind) - bad, reversed=bad, since=of_kind[-1].at, shadow=shadow)
