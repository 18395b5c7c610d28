"""What the log holds, as values: decisions, their actions, what people made of them. No database is needed for these.

Commands that only show something import this and `plain`, and not what reads and writes everything else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from foreman.model import ActionState, IssueRef, Reaction
from foreman.values import dataclass

HASH_CHARS = 8
"""How much of a payload's hash people see and type."""

REPLACED = "replaced"
"""Why an action waits no more for which a newer decision has another; `gate.reasons` explains it."""

LEAST = timedelta(hours=72)
"""The shortest time for objections to a close that was announced, whatever its row says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAction:
    """An action as logged.

    Attributes:
        id: Row id.
        log_id: The decision it belongs to.
        issue: Where.
        agent: Agent type.
        position: Its place in the decision, from 0.
        type: `add_label`, ….
        payload: What it does.
        key: 32 hex digits, unique; goes into the marker of a comment.
        state: Where it stands.
        reason: Why it stands there.
        detail: One line for a person.
        payload_hash: SHA-256 over issue, type, payload and key: what an approval covers.
        undo: What taking it back needs.
        attempts: How often it was sent.
        sent_at: When it was last sent.
        not_before: When it may be tried or looked at again.
        settled_at: When its state became final.
        created_at: When it was decided.
        approved_by: The person who let it pass, None when nobody had to.
    """

    id: int
    log_id: int
    issue: IssueRef
    agent: str
    position: int
    type: str
    payload: dict[str, Any]
    key: str
    state: ActionState
    reason: str
    detail: str
    payload_hash: str
    undo: dict[str, Any]
    attempts: int
    sent_at: datetime | None
    not_before: datetime | None
    settled_at: datetime | None
    created_at: datetime
    approved_by: str | None

    @property
    def replaced(self) -> str:
        """By what it was replaced while it waited for a person, in words; empty when it was not."""
        return f"was replaced {self.detail}" if self.reason == REPLACED else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A decision as logged.

    Attributes:
        id: Row id.
        issue: Where.
        task_id: UUID of the task.
        agent: Agent type.
        task_type: What the task is called.
        decision: What was decided.
        rationale: The agent's own words: escape before printing.
        confidence: From 0 to 1, None when not told.
        event: Why.
        attempt: Which run of the task.
        mode: How far Foreman might go.
        policy_version: Which policy judged.
        author_id: Who opened the issue, None when not known.
        seen: What the decision was built on.
        model: Model that answered; empty when none was asked.
        input_tokens: By the gateway's count.
        output_tokens: By the gateway's count.
        usd: Price, None when not known.
        duration_ms: From claim to decision.
        undoes: The entry it takes back.
        undone_by: Entries that take this one back.
        timestamp: When, aware UTC, whole seconds.
        actions: In order.
        trace: `traceparent` of the task; empty when none was kept.
    """

    id: int
    issue: IssueRef
    task_id: str
    agent: str
    task_type: str
    decision: str
    rationale: str
    confidence: float | None
    event: str
    attempt: int
    mode: str
    policy_version: str
    author_id: int | None
    seen: dict[str, Any]
    model: str
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    duration_ms: int
    undoes: int | None
    undone_by: tuple[int, ...]
    timestamp: datetime
    actions: tuple[StoredAction, ...]
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One thing a person put right.

    Attributes:
        id: Row id.
        issue: Where.
        kind: `rejected`, `undone`, `removed`, `added`, `reopened`, `comment_deleted`, `thumbs_down`,
            `thumbs_down_withdrawn`.
        action_type: Of which kind of action: `add_label`, ….
        value: The label or login; of a comment the day it was posted; empty for others.
        by: Who.
        because: In the person's own words; empty when none.
        action_id: The action, None where none of ours is concerned.
        at: When, aware UTC.
    """

    id: int
    issue: IssueRef
    kind: str
    action_type: str
    value: str
    by: str
    because: str
    action_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A reaction that was seen.

    Attributes:
        issue: Where.
        comment_id: To which comment of ours, by the forge's id.
        reaction: As the forge told it.
        seen_at: When we first saw it, aware UTC.
        gone_at: Since when it is known to have been taken back; None while it stands.
    """

    issue: IssueRef
    comment_id: int
    reaction: Reaction
    seen_at: datetime
    gone_at: datetime | None


def is_delayed(action: StoredAction) -> bool:
    """Return whether an action is a close that is announced first and waits for objections."""
    return action.type == "close" and action.payload.get("reason") == "duplicate"


def is_announced(action: StoredAction) -> bool:
    """Return whether an action is such a close and waits now."""
    return is_delayed(action) and action.state is ActionState.PLANNED and action.not_before is not None


def grace_of(action: StoredAction) -> timedelta:
    """Return how long objections to such a close are waited for."""
    hours = action.payload.get("grace_hours")
    return max(LEAST, timedelta(hours=hours)) if isinstance(hours, int) else LEAST


def closes_at(action: StoredAction) -> datetime | None:
    """Return when an announced close is done at the earliest; None where none was announced.

    After a restart its row may be due at once, because it is looked at then to see how long it still waits.
    """
    if not is_announced(action) or action.not_before is None:
        return None
    return max(action.not_before, action.created_at + grace_of(action))
