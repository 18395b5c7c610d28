"""What people put right of our work, out of an issue's history, its comments and our own log. Pure.

A person is who is neither we nor another bot, and whom the forge names. Where the last word was not a person's, or was
about something else than our doing, nothing was put right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from foreman.changes.horizon import TRIAGE_LABEL
from foreman.changes.looks import REMEMBERED
from foreman.forge.base import Change, ChangeKind
from foreman.model import Account, ActionState, Comment, Issue
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.commands import AGENT
from foreman.store.corrections import PutRight, value_of
from foreman.store.issues import Snapshot

GONE_AFTER = timedelta(minutes=10)
"""A comment younger than this that is not listed may only be too new for the copy of the data that was asked."""

_LABELS = frozenset({ChangeKind.LABELED, ChangeKind.UNLABELED})
_STATES = frozenset({ChangeKind.CLOSED, ChangeKind.REOPENED})


def put_right(
    issue: Issue,
    *,
    history: Sequence[Change] | None,
    comments: Sequence[Comment] | None,
    entries: Sequence[LogEntry],
    offered: Collection[str],
    bot_id: int,
    now: datetime,
) -> tuple[PutRight, ...]:
    """Tell what people put right on one issue.

    Args:
        issue: As it is now.
        history: All of it; None when it was not read.
        comments: All of them; None when they were not read, or not all.
        entries: Our decisions on it.
        offered: Labels that an agent may set here: that we did not set another says nothing.
        bot_id: Our own account.
        now: Current time, aware UTC.

    Returns:
        Everything that stands so now, whether it was told before or not.
    """
    entries = [entry for entry in entries if entry.agent != AGENT]
    done = [action for entry in entries for action in entry.actions if action.state is ActionState.DONE]
    found: list[PutRight] = []
    if history is not None and done:
        ordered = sorted(history, key=lambda change: (change.at, change.id))
        found += _removed(issue, ordered, done, bot_id)
        found += _reopened(issue, ordered, done, bot_id)
    if history is not None and entries:
        found += _added(issue, history, entries, offered, bot_id)
    if comments is not None:
        found += _deleted(comments, done, now)
    return tuple(found)


def is_missing(before: Snapshot | None, issue: Issue, entries: Sequence[LogEntry]) -> bool:
    """Tell whether a label we put on, or a close of ours, came and went between two looks, so that neither shows it.

    Args:
        before: The last look, None for none.
        issue: As it is now.
        entries: Our decisions on it.

    Returns:
        Whether the history has to say who took it back; never for what a look since then may have seen.
    """
    if before is None or before.updated_at == issue.updated_at:
        return False
    since = before.updated_at - REMEMBERED
    done = [action for entry in entries for action in entry.actions if action.state is ActionState.DONE]
    for action in done:
        if action.agent == AGENT or (action.sent_at or action.created_at) < since:
            continue
        label = action.payload.get("label")
        if action.type == "add_label" and label not in issue.labels and label not in before.labels:
            return True
        if action.type == "close" and issue.state == before.state == "open":
            return True
    return False


def _removed(issue: Issue, ordered: list[Change], done: list[StoredAction], bot_id: int) -> Iterator[PutRight]:
    ours = {action.payload["label"]: action for action in sorted(done, key=_age) if action.type == "add_label"}
    for label, action in ours.items():
        about = [change for change in ordered if change.kind in _LABELS and change.label == label]
        person = _who(about[-1].actor, bot_id) if about else None
        if label in issue.labels or person is None or about[-1].kind is not ChangeKind.UNLABELED:
            continue
        before = next((change for change in reversed(about) if change.kind is ChangeKind.LABELED), None)
        if before is not None and _is_ours(before, bot_id):
            yield _about(action, "removed", person)


def _reopened(issue: Issue, ordered: list[Change], done: list[StoredAction], bot_id: int) -> Iterator[PutRight]:
    closed = max((action for action in done if action.type == "close"), key=_age, default=None)
    about = [change for change in ordered if change.kind in _STATES]
    if closed is None or issue.state != "open" or len(about) < 2 or about[-1].kind is not ChangeKind.REOPENED:
        return
    person = _who(about[-1].actor, bot_id)
    before = next((change for change in reversed(about) if change.kind is ChangeKind.CLOSED), None)
    if person is not None and before is not None and _is_ours(before, bot_id):
        yield _about(closed, "reopened", person)


def _added(
    issue: Issue, history: Sequence[Change], entries: Sequence[LogEntry], offered: Collection[str], bot_id: int
) -> Iterator[PutRight]:
    decided = [entry for entry in entries if entry.undoes is None and _was_asked(entry)]
    meant = {action.payload["label"] for entry in decided for action in entry.actions if action.type == "add_label"}
    last = {change.label: change for change in history if change.kind in _LABELS}
    for label, change in last.items():
        if change.kind is not ChangeKind.LABELED or label not in issue.labels or label not in offered:
            continue
        person = _who(change.actor, bot_id)
        without = any(label not in entry.seen.get("labels", (label,)) for entry in decided)
        if person is not None and without and label not in meant and label != TRIAGE_LABEL:
            yield PutRight(kind="added", action_type="add_label", value=label, by=person.login, action_id=None)


def _deleted(comments: Sequence[Comment], done: list[StoredAction], now: datetime) -> Iterator[PutRight]:
    there = {comment.id for comment in comments}
    for action in done:
        comment_id = action.undo.get("comment_id")
        if action.type != "comment" or not comment_id or comment_id in there:
            continue
        if (action.sent_at or action.created_at) <= now - GONE_AFTER:
            yield _about(action, "comment_deleted", None)


def _about(action: StoredAction, kind: str, person: Account | None) -> PutRight:
    by = person.login if person else ""
    return PutRight(kind=kind, action_type=action.type, value=value_of(action.payload), by=by, action_id=action.id)


def _was_asked(entry: LogEntry) -> bool:
    """Return whether an agent decided: what the gate skips before that takes no time."""
    return entry.decision in {"label_and_respond", "close", "escalate"} or (
        entry.decision == "skip" and (entry.confidence is not None or entry.duration_ms > 0)
    )


def _who(account: Account | None, bot_id: int) -> Account | None:
    is_person = account is not None and account.id not in (0, bot_id) and not account.is_bot
    return account if is_person else None


def _is_ours(change: Change, bot_id: int) -> bool:
    return change.actor is not None and change.actor.id == bot_id


def _age(action: StoredAction) -> int:
    return action.id
