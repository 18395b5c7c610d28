"""How an issue lies in the mirror, there and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from foreman.model import IssueRef
from foreman.store import mirror_text
from foreman.store.mirror_text import CleanIssue
from foreman.store.rows import issue_of
from foreman.values import dataclass

_MOST_LABELS = 100  # GitHub's own limit on an issue


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorIssue:
    """An issue as it was last seen.

    Attributes:
        issue: Which.
        forge_id: The forge's global id.
        title: Without secrets; empty for a confidential issue.
        body: Without secrets, at most `mirror_text.MAX_BODY_CHARS` characters; empty for a confidential issue.
        labels: Names.
        state: `open` or `closed`.
        state_reason: The forge's word for why it was closed.
        author_id: Numeric id of who opened it.
        author_role: What the author is to the repository.
        is_pull_request: Never: they are not kept.
        confidential: Only few may read it.
        comment_count: As the forge counts.
        thumbs_up: Reactions of this kind.
        milestone: Its title; empty for none.
        assignees: Logins.
        created_at: Aware UTC.
        updated_at: Aware UTC.
        closed_at: Aware UTC; None while it is open, and where the forge did not say.
        duplicate_of: Number of its original, where the forge's list tells.
    """

    issue: IssueRef
    forge_id: int
    title: str
    body: str
    labels: tuple[str, ...]
    state: str
    state_reason: str
    author_id: int
    author_role: str
    is_pull_request: bool = False
    confidential: bool
    comment_count: int
    thumbs_up: int
    milestone: str
    assignees: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    duplicate_of: int | None = None


def values_of(issue: CleanIssue) -> dict[str, Any]:
    """Return the columns of an issue, but for its name."""
    return {
        "forge_id": issue.id,
        "title": "" if issue.confidential else mirror_text.bounded(issue.title, mirror_text.MAX_TITLE_CHARS),
        "body": "" if issue.confidential else mirror_text.bounded(issue.body, mirror_text.MAX_BODY_CHARS),
        "labels": list(issue.labels[:_MOST_LABELS]),
        "state": issue.state,
        "state_reason": issue.state_reason,
        "author_id": issue.author.id,
        "author_role": issue.role.value,
        "confidential": issue.confidential,
        "comment_count": issue.comment_count,
        "thumbs_up": issue.thumbs_up,
        "milestone": issue.milestone[: mirror_text.MAX_TITLE_CHARS],
        "assignees": list(issue.assignees[:_MOST_LABELS]),
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
        "closed_at": issue.closed_at,
        "duplicate_of": issue.duplicate_of,
    }


def kept(row: Row[Any]) -> MirrorIssue:
    """Return the issue of a row."""
    return MirrorIssue(
        issue=issue_of(row),
        labels=tuple(row.labels),
        assignees=tuple(row.assignees),
        **{name: getattr(row, name) for name in _PLAIN},
    )


_PLAIN = (
    "forge_id",
    "title",
    "body",
    "state",
    "state_reason",
    "author_id",
    "author_role",
    "confidential",
    "comment_count",
    "thumbs_up",
    "milestone",
    "created_at",
    "updated_at",
    "closed_at",
    "duplicate_of",
)
