"""The shapes of GitHub's JSON, as far as they are used."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from foreman.forge.base import ChangeKind
from foreman.forge.rows import Count, Id, Row, Text, Time, read

__all__ = ["Id", "Text", "Time", "read"]
"""Passed on from `rows`; the classes below are meant besides."""


class UserRow(Row):
    """Somebody."""

    login: Text
    id: Id
    type: str = "User"


class LabelRow(Row):
    """A label, on the repository or on an issue."""

    name: Text
    description: Text | None = None
    url: str = ""


class ThumbsRow(Row):
    """How many reacted to something, as far as anybody asks."""

    up: Count = Field(default=0, alias="+1")
    down: Count = Field(default=0, alias="-1")


class ReactionRow(Row):
    """One reaction."""

    id: Id
    user: UserRow | None = None
    content: str
    created_at: Time


class MilestoneRow(Row):
    """What an issue is planned for."""

    title: Text


class IssueRow(Row):
    """An issue or pull request."""

    id: Id
    number: Id
    title: Text
    body: Text | None = None
    user: UserRow | None = None
    author_association: str | None = None
    state: Literal["open", "closed"]
    state_reason: str | None = None
    locked: bool = False
    labels: tuple[LabelRow | Text, ...] = ()
    assignees: tuple[UserRow, ...] | None = ()
    comments: Count = 0
    created_at: Time
    updated_at: Time
    closed_at: Time | None = None
    milestone: MilestoneRow | None = None
    html_url: str = ""
    repository_url: str
    pull_request: dict[str, Any] | None = None
    reactions: ThumbsRow | None = None


class CommentRow(Row):
    """A comment."""

    id: Id
    body: Text | None = None
    user: UserRow | None = None
    author_association: str | None = None
    created_at: Time
    updated_at: Time
    issue_url: str
    reactions: ThumbsRow | None = None


class EventRow(Row):
    """An entry of an issue's history."""

    id: Id
    event: ChangeKind
    actor: UserRow | None = None
    assigner: UserRow | None = None
    assignee: UserRow | None = None
    label: LabelRow | None = None
    created_at: Time


class AboutRow(Row):
    """The issue that an entry of a repository's history is about."""

    number: Id
    repository_url: str


class LabellingRow(Row):
    """An entry of a repository's history that says that a label was put on; of a deleted issue there is none."""

    issue: AboutRow | None = None
    actor: UserRow | None = None
    label: LabelRow
    created_at: Time


class PermissionsRow(Row):
    """What the token may do."""

    admin: bool = False
    maintain: bool = False
    push: bool = False
    triage: bool = False


class RepoRow(Row):
    """A repository."""

    id: Id
    full_name: str
    private: bool = Field(strict=True)
    archived: bool = False
    has_issues: bool = True
    disabled: bool = False
    owner: UserRow | None = None
    permissions: PermissionsRow = PermissionsRow()


class ContentRow(Row):
    """A file, or an entry of a folder."""

    type: str
    path: Text
    sha: str
    size: Count = 0
    encoding: str = ""
    content: str = ""
    html_url: str | None = None


class PermissionRow(Row):
    """What an account may do."""

    permission: str
    role_name: str = ""
    user: UserRow | None = None
