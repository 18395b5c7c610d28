"""What is kept of one issue beside its decisions: memory, corrections, reactions, events. In SQL; see `plain`."""

from __future__ import annotations

import sqlite3

from foreman.model import Account, Event, EventKind, IssueRef, Reaction, ReactionKind, RepoRef
from foreman.store import plain
from foreman.store.logged import Correction, Opinion

_HERE = "WHERE repo = ? AND issue_id = ?"


def summary(raw: sqlite3.Connection, issue: IssueRef) -> str:
    """Return what is remembered of an issue, empty for nothing."""
    return plain.one(raw, f"SELECT summary FROM memory_summary {_HERE}", _key(issue)) or ""  # noqa: S608


def summaries(raw: sqlite3.Connection, repo: RepoRef) -> tuple[tuple[IssueRef, str], ...]:
    """Return what is remembered of a repository's issues, by number."""
    wanted = "SELECT repo, issue_id, summary FROM memory_summary WHERE repo = ? ORDER BY issue_id"
    return tuple((plain.issue_of(row), row["summary"]) for row in plain.rows(raw, wanted, (repo.key,)))


def corrections(raw: sqlite3.Connection, issue: IssueRef) -> tuple[Correction, ...]:
    """Return an issue's corrections, oldest first."""
    found = plain.rows(raw, f"SELECT * FROM corrections {_HERE} ORDER BY id", _key(issue))  # noqa: S608
    return tuple(
        Correction(
            id=row["id"],
            issue=issue,
            kind=row["kind"],
            action_type=row["action_type"],
            value=row["value"],
            by=row["by"],
            because=row["because"],
            action_id=row["action_id"],
            at=plain.at(row["at"]),
        )
        for row in found
    )


def opinions(raw: sqlite3.Connection, issue: IssueRef) -> tuple[Opinion, ...]:
    """Return the reactions that were ever seen on an issue, oldest first."""
    found = plain.rows(raw, f"SELECT * FROM reactions {_HERE} ORDER BY at, reaction_id", _key(issue))  # noqa: S608
    return tuple(
        Opinion(
            issue=issue,
            comment_id=row["comment_id"],
            reaction=Reaction(
                id=row["reaction_id"],
                author=Account(login=row["login"], id=row["account_id"], is_bot=bool(row["is_bot"])),
                kind=ReactionKind(row["kind"]),
                at=plain.at(row["at"]),
            ),
            seen_at=plain.at(row["seen_at"]),
            gone_at=plain.moment(row["gone_at"]),
        )
        for row in found
    )


def events(raw: sqlite3.Connection, issue: IssueRef) -> tuple[Event, ...]:
    """Return an issue's events, oldest first."""
    found = plain.rows(raw, f"SELECT * FROM events {_HERE} ORDER BY occurred_at, seen_at", _key(issue))  # noqa: S608
    return tuple(
        Event(
            key=row["key"],
            issue=issue,
            kind=EventKind(row["kind"]),
            occurred_at=plain.at(row["occurred_at"]),
            actor_id=row["actor_id"],
        )
        for row in found
    )


def _key(issue: IssueRef) -> tuple[str, int]:
    return (issue.repo.key, issue.number)
