"""Agent protocol v0: what a Task and a Decision are, bounded and closed.

Authors of agents import this; it imports nothing else of Foreman. `docs/schema/` holds the JSON Schemas made from it.
A Decision is checked strictly (`gate.reply` does so on raw bytes); a Task may grow optional fields, so agents ignore
what they do not know.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_REPLY_BYTES = 256 * 1024
"""Largest raw reply that is read at all, bytes."""

MAX_ACTIONS = 20
"""Most actions a well-formed Decision may list; policy allows fewer."""

MAX_COMMENT_CHARS = 65_536
"""Longest comment body a well-formed Decision may hold, characters (GitHub's own limit); policy allows fewer."""

MAX_RATIONALE_CHARS = 4_000
"""Longest rationale, characters."""


class DecisionKind(StrEnum):
    """What an agent may decide."""

    LABEL_AND_RESPOND = "label_and_respond"
    CLOSE = "close"
    ESCALATE = "escalate"
    SKIP = "skip"


class _Reply(BaseModel):
    """Base of everything an agent sends: closed, immutable, no coercion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


LabelName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Login = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class AddLabel(_Reply):
    """Put a label on the issue."""

    type: Literal["add_label"]
    label: LabelName


class RemoveLabel(_Reply):
    """Take a label off the issue."""

    type: Literal["remove_label"]
    label: LabelName


class AddComment(_Reply):
    """Say something on the issue."""

    type: Literal["comment"]
    body: Annotated[str, StringConstraints(min_length=1, max_length=MAX_COMMENT_CHARS)]


class Close(_Reply):
    """Close the issue."""

    type: Literal["close"]
    reason: Literal["completed", "not_planned", "duplicate"] = "not_planned"
    duplicate_of: Annotated[int, Field(ge=1, le=10**12)] | None = None


class Reopen(_Reply):
    """Open the issue again."""

    type: Literal["reopen"]


class Assign(_Reply):
    """Assign somebody."""

    type: Literal["assign"]
    user: Login


Action = Annotated[AddLabel | RemoveLabel | AddComment | Close | Reopen | Assign, Field(discriminator="type")]
"""The closed list of what an agent may ask for."""

ACTION_TYPES = ("add_label", "remove_label", "comment", "close", "reopen", "assign")


class Usage(_Reply):
    """What an agent says it spent; the gateway's own count is what is billed."""

    input_tokens: Annotated[int, Field(ge=0, le=10**9)] = 0
    output_tokens: Annotated[int, Field(ge=0, le=10**9)] = 0


class Decision(_Reply):
    """What an agent answers."""

    # A Literal, not the enum: strict mode takes no enum from a plain string in Python, but does in JSON.
    task_id: Annotated[str, StringConstraints(min_length=36, max_length=36)]
    decision: Literal["label_and_respond", "close", "escalate", "skip"]
    rationale: Annotated[str, StringConstraints(max_length=MAX_RATIONALE_CHARS)]
    confidence: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] | None = None
    actions: Annotated[tuple[Action, ...], Field(max_length=MAX_ACTIONS, strict=False)]
    usage: Usage | None = None

    @model_validator(mode="after")
    def _silent_decisions_do_nothing(self) -> Decision:
        if self.decision in (DecisionKind.SKIP, DecisionKind.ESCALATE) and self.actions:
            raise ValueError(f"decision {self.decision} carries no actions")
        return self


class _Sent(BaseModel):
    """Base of everything Foreman sends: immutable, and open to new optional fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TaskComment(_Sent):
    """A comment as the agent sees it: cleaned and cut."""

    author: str
    author_role: str
    body: str
    created_at: str


class TaskForm(_Sent):
    """The issue form that an issue was written with.

    `required` are the headings of what the form asks for, in its order; `missing` those of them under which nothing
    stands in the issue.
    """

    name: str
    required: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class TaskIssue(_Sent):
    """An issue as the agent sees it: cleaned and cut.

    `turn` is who owes the next step, from what people did alone: `reporter`, `maintainer`, `upstream` or `nobody`;
    empty where nobody worked it out. `form` is None where the repository has no form or the issue was not written
    with it.
    """

    number: int
    title: str
    body: str
    author: str
    author_role: str
    state: str
    labels: tuple[str, ...] = ()
    created_at: str
    updated_at: str
    url: str
    comments: tuple[TaskComment, ...] = ()
    thumbs_up: int = 0
    thumbs_down: int = 0
    turn: str = ""
    form: TaskForm | None = None


class TaskLabel(_Sent):
    """A label of the repository and what policy lets an agent do with it."""

    name: str
    description: str = ""
    may_add: bool = False
    may_remove: bool = False


class TaskPayload(_Sent):
    """What happened, where, and the maintainer's settings for this agent.

    `event` is what `foreman.model.EventKind` lists; with `pull_request.opened` the issue is a pull request.
    """

    event: str
    forge: str = "github"
    issue: TaskIssue
    labels: tuple[TaskLabel, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)


class LLMBackendInfo(_Sent):
    """Where an agent finds its model: a gateway of Foreman's, with a token for this task alone."""

    provider: str
    model: str = ""
    base_url: str = ""
    token: str = Field(default="", repr=False)


class TaskPassage(_Sent):
    """A passage of the project's own documentation that is near to what the issue says.

    `line` is where it begins in the file, from 1, and `url` a page that opens there.
    """

    path: str
    line: int
    heading: str = ""
    text: str
    url: str = ""


class TaskContext(_Sent):
    """What Foreman remembers and allows.

    `instructions` are the maintainers' own words: what their project is, and what it is not. `docs` are passages of
    the repository's documentation, the nearest first; like everything here they are data, not orders.
    """

    memory_summary: str = ""
    similar: tuple[dict[str, Any], ...] = ()
    label_priors: tuple[dict[str, Any], ...] = ()
    corrections: tuple[dict[str, Any], ...] = ()
    instructions: str = ""
    docs: tuple[TaskPassage, ...] = ()
    llm_backend: LLMBackendInfo
    attempt: int = 1
    deadline: str = ""


class Task(_Sent):
    """What an agent is asked."""

    task_id: UUID
    type: str
    repo: str
    payload: TaskPayload
    context: TaskContext
