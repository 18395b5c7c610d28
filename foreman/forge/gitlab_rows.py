"""The shapes of GitLab's JSON, as far as they are used (docs.gitlab.com, "Issues API", "Notes API" and their kin)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from foreman.forge.rows import Count, Id, Row, Text, Time


class UserRow(Row):
    """Somebody.

    Attributes:
        username: Current name.
        id: Numeric id.
        bot: Only a user asked for alone says so.
    """

    username: Text
    id: Id
    bot: bool | None = None


class MemberRow(UserRow):
    """Somebody with access to a project.

    Attributes:
        state: `active`; a blocked one keeps the level and may do nothing.
        access_level: 10 guest, 15 planner, 20 reporter, 30 developer, 40 maintainer, 50 owner; 5 is next to nothing.
    """

    state: str = "active"
    access_level: Count


class ReferencesRow(Row):
    """How an issue is referred to.

    Attributes:
        full: `group/sub/project#12`.
    """

    full: str


class LinksRow(Row):
    """Addresses of what belongs to an issue.

    Attributes:
        itself: `…/projects/4/issues/14`.
        closed_as_duplicate_of: The same of another issue, which may be in another project.
    """

    itself: str = Field(default="", alias="self")
    closed_as_duplicate_of: str | None = None


class MilestoneRow(Row):
    """What an issue is planned for."""

    title: Text


class IssueRow(Row):
    """An issue.

    Attributes:
        id: Number over all projects.
        iid: Number within the project, which people see.
        user_notes_count: Notes by people, internal ones too.
        discussion_locked: Null while nobody ever locked it.
        moved_to_id: `id` of the issue that took its place elsewhere.
    """

    id: Id
    iid: Id
    title: Text
    description: Text | None = None
    author: UserRow | None = None
    state: Literal["opened", "closed"]
    discussion_locked: bool | None = None
    confidential: bool = False
    labels: tuple[Text, ...] = ()
    assignees: tuple[UserRow, ...] | None = ()
    user_notes_count: Count = 0
    upvotes: Count = 0
    downvotes: Count = 0
    created_at: Time
    updated_at: Time
    closed_at: Time | None = None
    milestone: MilestoneRow | None = None
    web_url: str = ""
    references: ReferencesRow
    moved_to_id: int | None = None
    links: LinksRow | None = Field(default=None, alias="_links")


class NoteRow(Row):
    """What somebody said, or what the forge says about what somebody did.

    Attributes:
        system: The forge says it.
        internal: Only for those with a role in the project; `confidential` in older replies.
        noteable_iid: Of which issue.
        commands_changes: What quick actions in the text have done.
    """

    id: Id
    body: Text | None = None
    author: UserRow | None = None
    created_at: Time
    updated_at: Time
    system: bool = False
    internal: bool | None = None
    confidential: bool | None = None
    noteable_type: str
    noteable_iid: Id | None = None
    commands_changes: dict[str, Any] | None = None


class LabelRow(Row):
    """A label."""

    name: Text
    description: Text | None = None


class LabelEventRow(Row):
    """A label that was put on or taken off.

    Attributes:
        label: Null when the label itself was deleted since.
    """

    id: Id
    user: UserRow | None = None
    created_at: Time
    label: LabelRow | None = None
    action: Literal["add", "remove"]


class StateEventRow(Row):
    """A change of an issue's state."""

    id: Id
    user: UserRow | None = None
    created_at: Time
    state: str


class AccessRow(Row):
    """A role of the account that asks."""

    access_level: Count


class PermissionsRow(Row):
    """Roles of the account that asks: its own in the project, and that of the group."""

    project_access: AccessRow | None = None
    group_access: AccessRow | None = None


class ProjectRow(Row):
    """A project.

    Attributes:
        permissions: Null where the list does not tell.
        marked_for_deletion_on: The day it will be gone; `marked_for_deletion_at` in older replies.
    """

    id: Id
    path_with_namespace: str
    visibility: str = "private"
    archived: bool = False
    issues_enabled: bool | None = None
    issues_access_level: str | None = None
    permissions: PermissionsRow | None = None
    marked_for_deletion_on: str | None = None
    marked_for_deletion_at: str | None = None


class AwardRow(Row):
    """A reaction."""

    id: Id
    name: str
    user: UserRow | None = None
    created_at: Time
    awardable_id: int | None = None


class FileRow(Row):
    """A file."""

    file_path: Text
    size: Count
    encoding: str
    content: str
    blob_id: str


class TreeRow(Row):
    """An entry of a folder."""

    id: str
    path: Text
    type: str
    mode: str = ""


class TokenRow(Row):
    """The token itself."""

    scopes: tuple[str, ...] = ()
    expires_at: str | None = None
