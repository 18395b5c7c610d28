"""What Foreman remembers of an issue: facts of its own log, one line each.

Nothing an agent or a stranger wrote goes in but names of labels and people, cut and cleaned: prose that comes back as
memory is how one poisoned issue steers later ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from foreman.model import ActionState, IssueRef, RepoRef
from foreman.store import controls, corrections, issues, mirror, mirror_reading, plain_issue, priors, project_files
from foreman.store.action_log import LogEntry, entries
from foreman.store.commands import AGENT
from foreman.store.logged import Correction, StoredAction
from foreman.store.rows import driver, put
from foreman.store.tables import memory_summary, meta
from foreman.values import dataclass

MAX_CHARS = 2_000
"""Longest summary, characters; the oldest lines go first."""

_ENTRIES = 40  # more lines than ever fit
_WORD_CHARS = 50
_UNCLEAN = re.compile(r"[^\w .:/@+#-]+")

_DONE = {
    "add_label": "label {} added",
    "remove_label": "label {} removed",
    "comment": "comment posted",
    "close": "issue closed",
    "reopen": "issue reopened",
    "assign": "{} assigned",
    "edit_comment": "comment changed",
    "delete_comment": "comment withdrawn",
    "unassign": "{} unassigned",
}
_NOT_DONE = {
    ActionState.PLANNED: "not done yet",
    ActionState.SENT: "not settled yet",
    ActionState.FAILED: "failed",
    ActionState.UNKNOWN: "sent, outcome not known",
    ActionState.HELD: "waits for a person",
    ActionState.DENIED: "refused",
    ActionState.SHADOW: "not done (shadow)",
}
_THUMBS = {"thumbs_down": "gave a thumbs-down", "thumbs_down_withdrawn": "took back a thumbs-down"}
_KINDS = {"rejected": "rejected", "undone": "took back", "removed": "removed", "added": "added"}
_KINDS |= {"reopened": "overturned", "comment_deleted": "deleted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of one issue.

    Attributes:
        issue: Which; number 0 is the repository itself.
        summary: Lines of facts.
        updated_at: When it was last written, aware UTC.
    """

    issue: IssueRef
    summary: str
    updated_at: datetime


def summary(connection: Connection, issue: IssueRef) -> str:
    """Return what is remembered of an issue, empty for nothing."""
    return plain_issue.summary(driver(connection), issue)


def of_repo(connection: Connection, repo: RepoRef, *, limit: int = 1000) -> tuple[Memory, ...]:
    """Return what is remembered of a repository's issues, by number."""
    rows = connection.execute(
        select(memory_summary)
        .where(memory_summary.c.repo == repo.key)
        .order_by(memory_summary.c.issue_id)
        .limit(limit)
    )
    return tuple(
        Memory(issue=IssueRef(repo, row.issue_id), summary=row.summary, updated_at=row.updated_at) for row in rows
    )


def refresh(connection: Connection, issue: IssueRef, *, now: datetime) -> str:
    """Write down anew what is remembered of an issue, from the log alone.

    Args:
        connection: In a transaction, the same that changed the log.
        issue: The issue.
        now: Current time, aware UTC.

    Returns:
        The summary, at most `MAX_CHARS` characters.
    """
    text = _told(connection, issue)
    key = {"repo": issue.repo.key, "issue_id": issue.number}
    if text:
        put(connection, memory_summary, key, {"summary": text, "updated_at": now})
    return text


def before(connection: Connection, entry: LogEntry) -> str:
    """Return what was remembered of an issue when a decision on it was made, from the log alone.

    Of what was decided earlier it tells what has become of it by now.

    Args:
        connection: To read from.
        entry: The decision.

    Returns:
        The summary, at most `MAX_CHARS` characters; without what was forgotten since.
    """
    return _told(connection, entry.issue, entry)


def forget(connection: Connection, what: IssueRef | RepoRef, *, now: datetime) -> int:
    """Forget an issue or a whole repository, with what is kept of its text; the log stays.

    What came before is not remembered again.

    Args:
        connection: In a transaction.
        what: Issue or repository.
        now: Current time, aware UTC.

    Returns:
        How many summaries went.
    """
    here = memory_summary.c.repo == (what.repo.key if isinstance(what, IssueRef) else what.key)
    wanted = delete(memory_summary).where(here)
    if isinstance(what, IssueRef):
        wanted = wanted.where(memory_summary.c.issue_id == what.number)
    controls.meta_set(connection, _forgotten_key(what), now.isoformat())
    if isinstance(what, IssueRef):
        mirror.forget(connection, what)
    else:
        mirror_reading.forget(connection, what, now=now)
        priors.forget(connection, what)
        project_files.forget(connection, what)
    return connection.execute(wanted).rowcount


def export(connection: Connection) -> Iterator[dict[str, Any]]:
    """Give everything that is remembered, JSON-ready: summaries, then corrections.

    Args:
        connection: To read from, until the last one was taken.

    Yields:
        One thing remembered, with its `kind`, and whether its issue is confidential.
    """
    confidential = issues.confidential(connection)
    for row in connection.execute(select(memory_summary).order_by(memory_summary.c.repo, memory_summary.c.issue_id)):
        yield {
            "kind": "summary",
            "repo": row.repo,
            "issue_id": row.issue_id,
            "confidential": (row.repo, row.issue_id) in confidential,
            "summary": row.summary,
            "updated_at": row.updated_at.isoformat(),
        }
    for fix in corrections.everything(connection):
        yield {
            "kind": "correction",
            "repo": fix.issue.repo.key,
            "issue_id": fix.issue.number,
            "confidential": (fix.issue.repo.key, fix.issue.number) in confidential,
            "correction": fix.kind,
            "action_type": fix.action_type,
            "value": fix.value,
            "by": fix.by,
            "because": fix.because,
            "at": fix.at.isoformat(),
        }


def _forgotten_key(what: IssueRef | RepoRef) -> str:
    return f"forgotten:{what}"


_KEPT = select(meta.c.value).where(meta.c.key.in_(bindparam("keys", expanding=True)))


def forgotten_at(connection: Connection, issue: IssueRef) -> datetime | None:
    """Return when an issue, or its whole repository, was last to be forgotten; None for never."""
    keys = [_forgotten_key(what) for what in (issue, issue.repo)]
    found = connection.execute(_KEPT, {"keys": keys}).scalars()
    return max((datetime.fromisoformat(text) for text in found if text), default=None)


def _told(connection: Connection, issue: IssueRef, until: LogEntry | None = None) -> str:
    since = forgotten_at(connection, issue)
    earlier = until.id if until else None
    logged = entries(connection, issue=issue, since=since, limit=_ENTRIES, before_id=earlier)
    corrected = [
        fix
        for fix in corrections.of_issue(connection, issue)
        if (since is None or fix.at >= since) and (until is None or fix.at < until.timestamp)
    ]
    lines = [(entry.timestamp, 0, entry.id, _line(entry)) for entry in logged if not _is_answer(entry)]
    lines += [(fix.at.replace(microsecond=0), 1, fix.id, _correction_line(fix)) for fix in corrected[-_ENTRIES:]]
    return _bounded([line for _, _, _, line in sorted(lines)])


def _is_answer(entry: LogEntry) -> bool:
    """Return whether nothing was done but answering a comment."""
    return entry.agent == AGENT and all(action.type in ("react", "comment") for action in entry.actions)


def _line(entry: LogEntry) -> str:
    what = "; ".join(_phrase(action) for action in entry.actions if action.type != "react")
    why = f" ({_word(entry.event)})" if entry.event else ""
    head = f"{entry.timestamp:%Y-%m-%d} {_word(entry.agent)}{why}: {_word(entry.decision)}"
    return f"{head}: {what}." if what else f"{head}."


def _phrase(action: StoredAction) -> str:
    if action.state in (ActionState.DONE, ActionState.UNDONE):
        done = _DONE.get(action.type, _word(action.type)).format(_word(corrections.value_of(action.payload)))
        return done if action.state is ActionState.DONE else f"{done}, taken back since"
    if action.replaced:
        return f"{_word(action.type)} replaced by a newer decision"
    reason = f" ({_word(action.reason)})" if action.state is ActionState.DENIED and action.reason else ""
    return f"{_word(action.type)} {_NOT_DONE[action.state]}{reason}"


def _correction_line(fix: Correction) -> str:
    who = _word(fix.by) or "a person"
    if fix.kind in _THUMBS:
        posted = f" of {_word(fix.value)}" if fix.value else ""
        return f"{fix.at:%Y-%m-%d} {who} {_THUMBS[fix.kind]} to our comment{posted}."
    value = f" {_word(fix.value)}" if fix.value and fix.action_type.endswith(("label", "assign")) else ""
    return f"{fix.at:%Y-%m-%d} {who} {_KINDS.get(fix.kind, _word(fix.kind))}: {_word(fix.action_type)}{value}."


def _word(text: str) -> str:
    return _UNCLEAN.sub(" ", text).strip()[:_WORD_CHARS]


def _bounded(lines: list[str]) -> str:
    kept: list[str] = []
    room = MAX_CHARS
    for line in reversed(lines):
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join(reversed(kept))
