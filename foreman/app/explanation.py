"""What `foreman explain` adds to a decision of the log: its time line, and what would have changed each verdict."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime

from foreman.gate.levers import Kind, Lever, Refused, in_words, levers
from foreman.gate.reasons import Reason
from foreman.model import ActionState
from foreman.store import plain_issue, plain_log
from foreman.store.logged import HASH_CHARS, LogEntry, Opinion, StoredAction
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that would have changed a verdict; computed from the rule, never in an agent's words.

    Attributes:
        action: Id of the action; None where it would have had an agent asked at all.
        lever: What must be changed.
        words: The same in a line for a person.
    """

    action: int | None
    lever: Lever
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened in the life of a decision.

    Attributes:
        at: When, aware UTC.
        action: Id of the action it is about; None for the whole decision.
        what: A few words.
    """

    at: datetime
    action: int | None
    what: str


def changes(entry: LogEntry) -> tuple[Change, ...]:
    """Say for everything that was refused, held or only thought of what would have changed that.

    Args:
        entry: A decision.

    Returns:
        Action by action, the smallest change first.
    """
    found: list[Change] = []
    if not entry.actions:
        reason, _, detail = entry.rationale.partition(": ")
        refused = Refused(reason=reason, detail=detail, payload={}, repo=entry.issue.repo.key)
        found += [Change(action=None, lever=lever, words=in_words(lever)) for lever in levers(refused)]
    for action in entry.actions:
        approve = f"foreman approve {action.id}:{action.payload_hash[:HASH_CHARS]}"
        for lever in _of(action, entry):
            if lever.kind is not Kind.APPROVE or action.state is ActionState.HELD:
                found.append(Change(action=action.id, lever=lever, words=in_words(lever, approve=approve)))
    return tuple(found)


def _of(action: StoredAction, entry: LogEntry) -> Iterator[Lever]:
    reasons = [action.reason] if action.reason in set(Reason) else []
    if action.state is ActionState.HELD and not reasons:
        reasons.append(Reason.MODE_APPROVE)
    if action.state is ActionState.SHADOW and Reason.MODE_SHADOW not in reasons:
        reasons.append(Reason.MODE_SHADOW)
    for reason in reasons:
        yield from levers(
            Refused(
                reason=reason,
                detail=action.detail,
                action_type=action.type,
                payload=action.payload,
                confidence=entry.confidence,
                repo=entry.issue.repo.key,
            )
        )


def may_have_draft(entry: LogEntry) -> bool:
    """Tell whether a decision may be one for which `redirect` has a draft; most are not, by their row alone."""
    reported = any(action.reason == Reason.SECURITY_REPORT for action in entry.actions)
    return not entry.seen.get("confidential") and (reported or entry.decision == "escalate")


def timeline(raw: sqlite3.Connection, entry: LogEntry, opinions: Sequence[Opinion] = ()) -> tuple[Moment, ...]:
    """Tell what happened, from the event to what people made of it.

    Args:
        raw: The driver's connection.
        entry: A decision.
        opinions: Reactions to comments on its issue.

    Returns:
        The first first.
    """
    key = entry.seen.get("event_key")
    found = [
        Moment(at=event.occurred_at, action=None, what=f"{event.kind.value} on the forge")
        for event in plain_issue.events(raw, entry.issue)
        if event.key == key
    ]
    written_at = entry.seen.get("written_at")
    if written_at:
        at = datetime.fromisoformat(str(written_at))
        found.append(Moment(at=at, action=None, what=f"ordered on the forge by {entry.seen.get('by', '?')}"))
    found.append(Moment(at=entry.timestamp, action=None, what="decided" if not written_at else "written down"))
    for action in entry.actions:
        found += _of_action(action, opinions)
    ours = {action.id for action in entry.actions}
    for fix in plain_issue.corrections(raw, entry.issue):
        if fix.action_id in ours:
            who = f" by {fix.by}" if fix.by else ""
            found.append(Moment(at=fix.at, action=fix.action_id, what=f"{fix.kind.replace('_', ' ')}{who}"))
    for later in entry.undone_by:
        at = plain_log.entry(raw, later).timestamp
        found.append(Moment(at=at, action=None, what=f"taken back by decision {later}"))
    return tuple(sorted(found, key=lambda moment: moment.at))


def _of_action(action: StoredAction, opinions: Sequence[Opinion]) -> Iterator[Moment]:
    by = f", approved by {action.approved_by}" if action.approved_by else ""
    if action.sent_at is not None:
        tries = f" (try {action.attempts})" if action.attempts > 1 else ""
        yield Moment(at=action.sent_at, action=action.id, what=f"sent{tries}{by}")
    if action.settled_at is not None:
        yield Moment(at=action.settled_at, action=action.id, what=action.state.value)
    mine = action.undo.get("comment_id") if action.type == "comment" else None
    for one in opinions:
        if mine is not None and one.comment_id == mine:
            kind = one.reaction.kind.value.replace("_", " ")
            yield Moment(at=one.reaction.at, action=action.id, what=f"{kind} from {one.reaction.author.login}")
