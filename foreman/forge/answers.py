"""What a forge is asked about and answers with, in Foreman's words, fully read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from foreman.model import Account, Issue
from foreman.values import dataclass


class Permission(StrEnum):
    """What an account may do on a repository, from the forge's permission endpoint, not from an association."""

    ADMIN = "admin"
    MAINTAIN = "maintain"
    WRITE = "write"
    TRIAGE = "triage"
    READ = "read"
    NONE = "none"

    @property
    def may_write(self) -> bool:
        """Whether this account's word settles an approval."""
        return self in (Permission.ADMIN, Permission.MAINTAIN, Permission.WRITE)


class Sign(StrEnum):
    """What our account can answer a comment with instead of words."""

    SEEN = "seen"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many requests an account has left, as the forge last told it.

    Attributes:
        limit: Requests in one window.
        remaining: What is left of them.
        reset_at: When the window ends and the next begins, by the forge's clock, aware UTC.
    """

    limit: int
    remaining: int
    reset_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoInfo:
    """A repository as the forge shows it.

    Attributes:
        id: Numeric id; another id under the same path is another repository.
        path: Path the forge answers with; differs when the repository was renamed.
        private: Not everybody may read it.
        archived: Nothing can be written.
        has_issues: Issues are switched on.
        may_write: The token may change issues there.
        disabled: The forge has locked it: nothing can be read or written.
        of_organization: GitHub only: its owner is an organization, not a person.
    """

    id: int
    path: str
    private: bool
    archived: bool
    has_issues: bool
    may_write: bool
    disabled: bool = False
    of_organization: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Answer to the cheap question whether anything happened on a repository.

    Attributes:
        changed: False for 304: nothing did since `etag`.
        etag: To send next time; empty when the forge gave none.
        issues: The newest page, newest change first; empty when not changed.
        complete: The page holds everything there is (fewer rows than a page takes).
    """

    changed: bool
    etag: str
    issues: tuple[Issue, ...]
    complete: bool


class ChangeKind(StrEnum):
    """What an entry of an issue's history says."""

    LABELED = "labeled"
    UNLABELED = "unlabeled"
    CLOSED = "closed"
    REOPENED = "reopened"
    RENAMED = "renamed"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    TRANSFERRED = "transferred"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of an issue's history.

    Attributes:
        id: The forge's id of the entry.
        kind: What happened.
        actor: Who did it; None for a deleted account or where the forge does not say.
        at: When, aware UTC.
        label: Which label, for the two label kinds.
        assignee: Which login, for the two assignment kinds.
    """

    id: int
    kind: ChangeKind
    actor: Account | None
    at: datetime
    label: str = ""
    assignee: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """That a label was put on an issue.

    Attributes:
        number: Of the issue.
        label: Which.
        actor: Who did it; None for a deleted account or where the forge does not say.
        at: When, aware UTC.
    """

    number: int
    label: str
    actor: Account | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A file as the list of its folder shows it.

    Attributes:
        path: From the repository's root.
        sha: Git's name for its content.
        size: Bytes; None where the forge does not tell.
    """

    path: str
    sha: str
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoFile:
    """A text file on a repository's default branch.

    Attributes:
        path: From the repository's root.
        text: Raw text.
        sha: Git's name for its content.
        url: Its page.
    """

    path: str
    text: str
    sha: str
    url: str


LONGEST_FILE = 262_144
"""Bytes of a file that is read, where nobody says otherwise."""
