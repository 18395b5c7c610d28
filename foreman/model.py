"""Foreman's own words for what is on a forge and what is done about it: frozen values, no I/O.

What comes from outside is checked where it enters (`protocol`, `config`, the forge adapters); here it is trusted.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from foreman.patterns import late
from foreman.values import dataclass


class ForgeKind(StrEnum):
    """Which product a repository lives on."""

    GITHUB = "github"
    GITLAB = "gitlab"


class Role(StrEnum):
    """What an author is to the repository, by the forge's own fields. `unknown` is never treated as harmless."""

    OWNER = "owner"
    MAINTAINER = "maintainer"
    MEMBER = "member"
    COLLABORATOR = "collaborator"
    CONTRIBUTOR = "contributor"
    NONE = "none"
    BOT = "bot"
    UNKNOWN = "unknown"


INSIDERS = frozenset({Role.OWNER, Role.MAINTAINER, Role.MEMBER, Role.COLLABORATOR})
"""Authors whose issues Foreman leaves alone unless told otherwise."""


class EventKind(StrEnum):
    """What happened to an issue."""

    OPENED = "opened"
    EDITED = "edited"
    REOPENED = "reopened"
    CLOSED = "closed"
    LABELED = "labeled"
    UNLABELED = "unlabeled"
    COMMENTED = "commented"
    STALE = "stale"
    REQUESTED = "requested"
    TRANSFERRED = "transferred"
    PULL_REQUEST_OPENED = "pull_request.opened"


class Mode(StrEnum):
    """How far Foreman may go; ordered from strict to free."""

    SHADOW = "shadow"
    APPROVE = "approve"
    AUTO = "auto"


class ActionState(StrEnum):
    """Where one action stands. Only `planned` and `sent` are open; `held` waits for a person."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HELD = "held"
    DENIED = "denied"
    SHADOW = "shadow"
    UNDONE = "undone"


class InboxState(StrEnum):
    """Where one piece of work stands."""

    READY = "ready"
    CLAIMED = "claimed"
    HELD = "held"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


_GITHUB_PATH = late(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_GITLAB_PATH = late(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,20}")


@dataclass(frozen=True, slots=True, order=True)
class RepoRef:
    """A repository.

    Attributes:
        forge: Where it lives.
        path: `owner/name` on GitHub, `group/sub/project` on GitLab.
    """

    forge: ForgeKind
    path: str

    def __post_init__(self) -> None:
        """Refuse a path that could be read as something else in a URL.

        Raises:
            ValueError: The path does not have the forge's shape.
        """
        if not self.is_path(self.forge, self.path):
            raise ValueError(f"not a {self.forge} repository: {self.path[:120]!r}")

    @staticmethod
    def is_path(forge: ForgeKind, path: str) -> bool:
        """Return whether a path has the forge's shape, so that it cannot be read as something else in a URL."""
        shape = _GITHUB_PATH if forge is ForgeKind.GITHUB else _GITLAB_PATH
        return shape.fullmatch(path) is not None and not any(part in {".", ".."} for part in path.split("/"))

    @property
    def key(self) -> str:
        """Name in the database and on the command line: `owner/repo` or `gitlab:group/project`."""
        return self.path if self.forge is ForgeKind.GITHUB else f"gitlab:{self.path}"

    @property
    def owner(self) -> str:
        """Everything before the last slash."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Everything after the last slash."""
        return self.path.rpartition("/")[2]

    @classmethod
    def parse(cls, key: str) -> RepoRef:
        """Read what `key` wrote.

        Args:
            key: `owner/repo` or `gitlab:group/project`.

        Returns:
            The repository.

        Raises:
            ValueError: It is neither.
        """
        head, colon, rest = key.partition(":")
        if not colon:
            return cls(ForgeKind.GITHUB, key)
        if head not in ForgeKind.__members__.values():
            raise ValueError(f"not a repository: {key[:120]!r}")
        return cls(ForgeKind(head), rest)

    def __str__(self) -> str:
        """Render as the key."""
        return self.key


@dataclass(frozen=True, slots=True, order=True)
class IssueRef:
    """An issue, or (number 0) the repository itself.

    Attributes:
        repo: The repository.
        number: The number a person sees (GitHub number, GitLab iid).
    """

    repo: RepoRef
    number: int

    @classmethod
    def parse(cls, key: str) -> IssueRef:
        """Read `owner/repo#12` or `gitlab:group/project#12`.

        Args:
            key: The reference.

        Returns:
            The issue.

        Raises:
            ValueError: It has another shape.
        """
        path, hash_sign, number = key.rpartition("#")
        if not hash_sign or not (number.isascii() and number.isdigit()) or len(number) > 12 or int(number) == 0:
            raise ValueError(f"not an issue: {key[:120]!r}")
        return cls(RepoRef.parse(path), int(number))

    def __str__(self) -> str:
        """Render as `owner/repo#12`."""
        return f"{self.repo.key}#{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody on a forge.

    Attributes:
        login: Current name; names change hands, so decisions go by `id`.
        id: The forge's numeric id; 0 for a deleted account ("ghost").
        is_bot: The forge itself calls it a bot or app.
    """

    login: str
    id: int
    is_bot: bool = False


class ReactionKind(StrEnum):
    """What a reaction says, as far as anybody asks."""

    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A reaction to an issue or comment.

    Attributes:
        id: The forge's id.
        author: Whose.
        kind: What it says.
        at: When it was given, aware UTC.
    """

    id: int
    author: Account
    kind: ReactionKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on an issue.

    Attributes:
        id: The forge's id.
        author: Who wrote it.
        role: What the author is to the repository.
        body: Raw text.
        created_at: Aware UTC.
        updated_at: Aware UTC.
        thumbs_up: Reactions of this kind; None where the forge does not tell.
        thumbs_down: Reactions of this kind; None where the forge does not tell.
        internal: GitLab only: not for everybody who sees the issue. The adapter leaves the body empty.
    """

    id: int
    author: Account
    role: Role
    body: str
    created_at: datetime
    updated_at: datetime
    thumbs_up: int | None = None
    thumbs_down: int | None = None
    internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as the forge shows it.

    Attributes:
        ref: Which one.
        id: The forge's global id; tells a number that moved from one that did not.
        title: Raw text.
        body: Raw text; empty when there is none.
        author: Who opened it.
        role: What the author is to the repository.
        state: `open` or `closed`.
        state_reason: The forge's word for why it was closed; empty when none.
        locked: Whether the conversation is locked.
        labels: Names, in the forge's order.
        assignees: Logins.
        comment_count: As the forge counts.
        created_at: Aware UTC.
        updated_at: Aware UTC.
        url: Page for people.
        is_pull_request: GitHub lists pull requests among the issues.
        confidential: GitLab only.
        thumbs_up: Reactions of this kind to the issue itself.
        thumbs_down: Reactions of this kind to the issue itself.
        milestone: Title of the milestone it is planned for; empty for none.
        closed_at: Aware UTC; None while it is open, and where the forge did not say.
        duplicate_of: Number of the issue that it was closed as a duplicate of, where the list tells; GitLab only.
    """

    ref: IssueRef
    id: int
    title: str
    body: str
    author: Account
    role: Role
    state: str
    state_reason: str = ""
    locked: bool = False
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    comment_count: int = 0
    created_at: datetime
    updated_at: datetime
    url: str = ""
    is_pull_request: bool = False
    confidential: bool = False
    thumbs_up: int = 0
    thumbs_down: int = 0
    milestone: str = ""
    closed_at: datetime | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label that exists on a repository.

    Attributes:
        name: Exact name.
        description: Text for people; empty when none.
    """

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an issue, found by polling.

    Attributes:
        key: Unique for ever: the same happening found twice has the same key.
        issue: Where.
        kind: What.
        occurred_at: The forge's time of it, aware UTC.
        actor_id: Numeric id of who did it, None where the forge does not say.
    """

    key: str
    issue: IssueRef
    kind: EventKind
    occurred_at: datetime
    actor_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One agent that gets an event.

    Attributes:
        agent: Agent type: `issue-triage`.
        task_type: What its tasks are called: `issue.triage`.
    """

    agent: str
    task_type: str


@dataclass(frozen=True, slots=True)
class Allow:
    """The action may be carried out."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The action is refused for good.

    Attributes:
        reason: A name from the closed list in `gate.reasons`.
        detail: One line for a person: what exactly.
    """

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """The action waits for a person.

    Attributes:
        reason: A name from the closed list in `gate.reasons`.
        detail: One line for a person: what exactly.
    """

    reason: str
    detail: str = ""


Verdict = Allow | Deny | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one action that was tried.

    Attributes:
        state: `done`, `failed`, `unknown`, or `planned` when it may be tried again later.
        reason: One line for a person.
        undo: What taking it back needs: ids and earlier values, JSON-ready.
        retry_at: For `planned`: not before, aware UTC.
    """

    state: ActionState
    reason: str = ""
    undo: dict[str, Any] = field(default_factory=dict)
    retry_at: datetime | None = None
