"""A writer that writes nothing and remembers what it was asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from typing import Any

from foreman.forge.base import Sign
from foreman.model import IssueRef, RepoRef
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentWrite:
    """One write that was not sent.

    Attributes:
        operation: Name of the `ForgeWriter` method.
        ref: Which issue; number 0 for a new one.
        arguments: The method's other arguments by name.
    """

    operation: str
    ref: IssueRef
    arguments: dict[str, Any] = field(default_factory=dict)


class DryRunWriter:
    """Implements `ForgeWriter` without a forge."""

    def __init__(self) -> None:
        """Start with nothing written."""
        self._writes: list[UnsentWrite] = []

    @property
    def writes(self) -> tuple[UnsentWrite, ...]:
        """What would have been sent, in order."""
        return tuple(self._writes)

    def turn(self, repo: RepoRef) -> AbstractContextManager[None]:
        """Nothing is sent, and nobody waits."""
        del repo
        return nullcontext()

    def add_label(self, ref: IssueRef, label: str) -> None:
        """Note it."""
        self._note("add_label", ref, label=label)

    def remove_label(self, ref: IssueRef, label: str) -> None:
        """Note it."""
        self._note("remove_label", ref, label=label)

    def post_comment(self, ref: IssueRef, body: str) -> int:
        """Note it and return 0, which is no comment's id."""
        self._note("post_comment", ref, body=body)
        return 0

    def edit_comment(self, ref: IssueRef, comment_id: int, body: str) -> None:
        """Note it."""
        self._note("edit_comment", ref, comment_id=comment_id, body=body)

    def delete_comment(self, ref: IssueRef, comment_id: int) -> None:
        """Note it."""
        self._note("delete_comment", ref, comment_id=comment_id)

    def react(self, ref: IssueRef, comment_id: int, sign: Sign) -> None:
        """Note it."""
        self._note("react", ref, comment_id=comment_id, sign=sign)

    def edit_issue_body(self, ref: IssueRef, body: str) -> None:
        """Note it."""
        self._note("edit_issue_body", ref, body=body)

    def open_issue(self, repo: RepoRef, title: str, body: str) -> IssueRef:
        """Note it and return number 0, which is no issue's."""
        ref = IssueRef(repo, 0)
        self._note("open_issue", ref, title=title, body=body)
        return ref

    def close(self, ref: IssueRef, reason: str) -> None:
        """Note it."""
        self._note("close", ref, reason=reason)

    def reopen(self, ref: IssueRef) -> None:
        """Note it."""
        self._note("reopen", ref)

    def assign(self, ref: IssueRef, user: str) -> None:
        """Note it."""
        self._note("assign", ref, user=user)

    def unassign(self, ref: IssueRef, user: str) -> None:
        """Note it."""
        self._note("unassign", ref, user=user)

    def _note(self, operation: str, ref: IssueRef, **arguments: object) -> None:
        self._writes.append(UnsentWrite(operation=operation, ref=ref, arguments=arguments))
