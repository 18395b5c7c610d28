"""Documents of decisions and actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal, TypedDict

from foreman.cli.documents.schema import Printed
from foreman.model import ActionState, ForgeKind, IssueRef
from foreman.store.action_log import LogEntry
from foreman.store.inbox_rows import Attempt
from foreman.store.logged import StoredAction


class Action(Printed):
    """One action of a decision.

    Attributes:
        explanation: The reason in words, and what to do about it; empty where there is none.
    """

    of: ClassVar[type] = StoredAction
    explanation: str


class Decision(Printed):
    """One decision whole.

    Attributes:
        actions: In the order in which they are done.
        trace: Which trace the task is, 32 hex digits; empty where none was sent.
    """

    of: ClassVar[type] = LogEntry
    actions: list[Action]
    trace: str


class Opinion(TypedDict):
    """What somebody said about a comment of ours by a reaction."""

    action: int
    by: str
    kind: str
    at: datetime
    gone_at: datetime | None


class Change(TypedDict):
    """The smallest change that would have taken an objection away: of an action, or of the whole decision (null)."""

    action: int | None
    kind: Literal["approve", "order", "config", "fact"]
    key: str
    op: str
    value: Any
    words: str


class Moment(TypedDict):
    """One line of a decision's story."""

    at: datetime
    action: int | None
    what: str


class Explanation(Printed):
    """One decision whole, with what came of it.

    Attributes:
        reactions: What people said about the comments.
        draft: What may be told to a reporter in private; empty where there is nothing.
        changes: What would have changed what was refused, held or only thought of.
        timeline: What happened, oldest first.
    """

    of: ClassVar[type] = Decision
    reactions: list[Opinion]
    draft: str
    changes: list[Change]
    timeline: list[Moment]


class Held(TypedDict):
    """An action that a person spoke about, or may."""

    id: int
    decision_id: int
    issue: IssueRef
    agent: str
    type: str
    payload: Mapping[str, Any]
    hash: str
    state: ActionState
    reason: str
    detail: str
    approved_by: str | None
    decided_at: datetime
    not_before: datetime | None


class Waiting(Held):
    """An action that waits for a person, and why."""

    explanation: str


class Dead(TypedDict):
    """A task that gave up."""

    id: int
    issue: IssueRef
    agent: str
    event: str
    wanted_since: datetime
    reason: str
    story: list[Attempt]


class Judged(TypedDict):
    """An action that an agent wants, with the verdict on it."""

    type: str
    payload: Mapping[str, Any]
    verdict: Literal["allow", "deny", "hold"]
    reason: str
    detail: str
    would_be: ActionState


class Thought(TypedDict):
    """What an agent would do about an issue."""

    issue: IssueRef
    title: str
    agent: str
    mode: str
    decision: str
    rationale: str
    confidence: float | None
    actions: list[Judged]
    model: str
    model_calls: int
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    hidden: Mapping[str, int]
    duration_ms: int


class DryRun(TypedDict):
    """Of `triage --dry-run`."""

    issue: IssueRef
    dry_run: Literal[True]
    decisions: list[Thought]


class Retry(TypedDict):
    """Of `retry`; `waiting` and `dropped` say why something was not finished."""

    decisions: list[Decision]
    waiting: str
    dropped: str


class Triage(Retry):
    """Of `triage`; `waiting` and `dropped` say why something was not finished."""

    issue: IssueRef
    dry_run: Literal[False]


class Step(TypedDict):
    """What is done to take an action back."""

    issue: IssueRef
    decision_id: int
    action_id: int
    undoes: str
    type: str
    payload: Mapping[str, Any]
    text: str


class Stopped(TypedDict):
    """An action that was not done yet, and will not be."""

    issue: IssueRef
    decision_id: int
    action_id: int
    type: str


class Left(Stopped):
    """An action that stays, and why."""

    why: str


class Undo(TypedDict):
    """Of `undo`; `carried_out` is null where only the plan was asked for."""

    steps: list[Step]
    left: list[Left]
    stopped: list[Stopped]
    carried_out: list[Held] | None


class Demo(TypedDict):
    """Of `demo`."""

    folder: Path
    config: Path
    forge: ForgeKind
    writes: int
    log_agrees_with_forge: bool
    decisions: list[Decision]
