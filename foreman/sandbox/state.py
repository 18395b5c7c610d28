"""What there is on the sandbox forge: accounts, repositories, issues. No dialect, no HTTP, no clock.

Issues and what hangs on them are frozen and replaced whole, so an earlier version costs one reference. That is what
lets a fault show a reader the past.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

PERMISSIONS = ("none", "read", "triage", "write", "maintain", "admin")
"""From nothing to everything."""
ROLES = {
    "guest": "read",
    "planner": "triage",
    "reporter": "triage",
    "developer": "write",
    "maintainer": "maintain",
    "owner": "admin",
}
"""GitLab's words for them."""


class NoSuchThing(LookupError):
    """A repository, issue or comment that is not there was named by a caller in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody with a login.

    Attributes:
        id: Numeric id.
        login: Current name.
        kind: `User`, `Bot` or `Organization`.
        token: What logs it in.
        created_at: Aware UTC.
        revoked: The token is refused.
        scopes: What the token is good for, in GitLab's words.
        about_token: Headers in which GitHub's replies tell about the token.
    """

    id: int
    login: str
    kind: str
    token: str
    created_at: datetime
    revoked: bool = False
    scopes: tuple[str, ...] = ("api",)
    about_token: tuple[tuple[str, str], ...] = (("X-OAuth-Scopes", "repo"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label of a repository.

    Attributes:
        id: Numeric id.
        name: Compared without case.
        description: Text for people.
        color: Six hex digits.
    """

    id: int
    name: str
    description: str = ""
    color: str = "ededed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What somebody thinks of an issue or comment, in one picture.

    Attributes:
        id: Numeric id.
        login: Whose.
        content: In GitHub's words: `+1`, `-1`, `laugh`, ….
        at: Aware UTC.
    """

    id: int
    login: str
    content: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment.

    Attributes:
        id: Numeric id.
        author: Login.
        body: Raw text.
        created_at: Aware UTC.
        updated_at: Aware UTC.
        internal: Only for people who may triage; GitLab alone has such.
        reactions: Oldest first.
    """

    id: int
    author: str
    body: str
    created_at: datetime
    updated_at: datetime
    internal: bool = False
    reactions: tuple[Reaction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of an issue's history.

    Attributes:
        id: Numeric id.
        kind: `labeled`, `unlabeled`, `closed`, `reopened`, `renamed`, `locked`, `unlocked`, `assigned`, `unassigned`,
            `transferred`; on GitLab `described`, `confidential`, `visible` and `moved` as well.
        actor: Login.
        at: Aware UTC.
        subject: The label, the assignee, the reason, or the new title.
        before: The earlier title.
    """

    id: int
    kind: str
    actor: str
    at: datetime
    subject: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue or pull request, whole.

    Attributes:
        id: Numeric id, unlike the number.
        number: What people see.
        title: Raw text.
        body: Raw text; None when never given.
        author: Login.
        state: `open` or `closed`.
        state_reason: Why; empty when none.
        labels: Names in the order they came.
        assignees: Logins.
        locked: Whether the conversation is locked.
        confidential: Only for its author, its assignees and people who may triage; GitLab alone has such.
        is_pull_request: Whether it is one.
        comments: Oldest first.
        changes: Oldest first.
        reactions: To the issue itself, oldest first.
        created_at: Aware UTC.
        updated_at: Aware UTC.
        updated_by: Login of whoever changed more than comments last; kept for GitLab only.
        milestone: Title; empty for none.
        closed_at: Aware UTC or None.
        closed_by: Login; empty when open.
        deleted: Gone for good.
        moved_to: Repository id and number after a transfer.
        duplicate_of: Number of the issue that it was closed as a duplicate of; GitLab alone keeps it.
    """

    id: int
    number: int
    title: str
    body: str | None
    author: str
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str = ""
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    locked: bool = False
    confidential: bool = False
    is_pull_request: bool = False
    comments: tuple[Comment, ...] = ()
    changes: tuple[Change, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    milestone: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    updated_by: str = ""
    deleted: bool = False
    moved_to: tuple[int, int] | None = None
    duplicate_of: int | None = None

    @property
    def gone(self) -> bool:
        """Whether it is no longer here."""
        return self.deleted or self.moved_to is not None


@dataclass(slots=True, kw_only=True)
class Repo:
    """A repository.

    Attributes:
        id: Numeric id; survives a new name.
        path: `owner/name`; on GitLab `group/any/depth/name`.
        created_at: Aware UTC.
        private: Only collaborators see it.
        archived: Nothing can be written.
        disabled: The forge's staff have locked it.
        has_issues: Issues are switched on.
        labels: In the order they were made.
        collaborators: Login to permission, in one of `PERMISSIONS` or `ROLES`.
        associations: Login to association, where it is not what the permission says.
        issues: By number.
        files: Path to content in base64, of the default branch.
    """

    id: int
    path: str
    created_at: datetime
    private: bool = False
    archived: bool = False
    disabled: bool = False
    has_issues: bool = True
    labels: list[Label] = field(default_factory=list)
    collaborators: dict[str, str] = field(default_factory=dict)
    associations: dict[str, str] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Login of the owner, on GitLab of the topmost group."""
        return self.path.partition("/")[0]

    def label(self, name: str) -> Label | None:
        """Return the label of this name, without regard to case."""
        return next((label for label in self.labels if label.name.lower() == name.lower()), None)

    def permission(self, login: str | None) -> str:
        """Return what somebody may do here: one of `PERMISSIONS`."""
        if login is not None and login.lower() == self.owner.lower():
            return "admin"
        granted = self.collaborators.get(login or "", "none" if self.private else "read")
        return ROLES.get(granted, granted)

    def may(self, login: str | None, permission: str) -> bool:
        """Tell whether somebody has at least this permission."""
        return PERMISSIONS.index(self.permission(login)) >= PERMISSIONS.index(permission)

    def association(self, login: str) -> str:
        """Return GitHub's word for what an author is to the repository."""
        if login.lower() == self.owner.lower():
            return "OWNER"
        if login in self.associations:
            return self.associations[login]
        if login not in self.collaborators:
            return "NONE"
        return "MEMBER" if self.permission(login) in ("admin", "maintain") else "COLLABORATOR"


def whole(at: datetime) -> datetime:
    """Cut a time to whole seconds of UTC, as the forge tells it."""
    return at.astimezone(UTC).replace(microsecond=0)
