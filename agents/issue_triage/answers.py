"""Small pieces every decision of this agent is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from foreman.protocol import MAX_RATIONALE_CHARS, Action, AddComment, AddLabel, Decision, Task, Usage

Kind = Literal["label_and_respond", "close", "escalate", "skip"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A Decision without what belongs to the task.

    Attributes:
        kind: What is decided.
        rationale: Why, for the maintainer.
        actions: What is asked for.
        confidence: Between 0 and 1, None where there is nothing to be sure about.
    """

    kind: Kind
    rationale: str
    actions: tuple[Action, ...] = ()
    confidence: float | None = None

    def to(self, task: Task, *, usage: Usage | None = None) -> Decision:
        """Address it to a task."""
        return Decision(
            task_id=str(task.task_id),
            decision=self.kind,
            rationale=self.rationale[:MAX_RATIONALE_CHARS],
            confidence=self.confidence,
            actions=self.actions,
            usage=usage,
        )


def skip(rationale: str) -> Answer:
    """Do nothing and say why in the log."""
    return Answer("skip", rationale)


def comment(body: str) -> AddComment:
    """Say something."""
    return AddComment(type="comment", body=body)


def add_labels(names: tuple[str, ...]) -> tuple[AddLabel, ...]:
    """Put labels on."""
    return tuple(AddLabel(type="add_label", label=name) for name in names)


def may_add(task: Task, name: str) -> bool:
    """Return whether the label exists and the maintainer lets it be added."""
    return any(label.name == name and label.may_add for label in task.payload.labels)


def may_remove(task: Task, name: str) -> bool:
    """Return whether the label exists and the maintainer lets it be removed."""
    return any(label.name == name and label.may_remove for label in task.payload.labels)


PROJECT_ROLES = frozenset({"owner", "maintainer", "member", "collaborator"})
"""Roles of the people who run the project; what they say is nobody else's business to correct."""


def people_took_over(task: Task) -> bool:
    """Return whether somebody who runs the project wrote the issue or spoke on it."""
    issue = task.payload.issue
    return issue.author_role in PROJECT_ROLES or any(said.author_role in PROJECT_ROLES for said in issue.comments)
