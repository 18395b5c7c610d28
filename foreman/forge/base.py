"""The two ports to a forge, their meaning and their errors in words. Adapters map everything to `model`, fully read.

`ForgeReader` is held by whoever needs to look, `ForgeWriter` by the executor alone. Both raise only `ForgeError`s:

* 401 `ForgeAuthError`; a plain 403 as well (it is no rate limit); 404 `ForgeNotFound`; 410 `ForgeGone`, which GitLab
  never says: there what was deleted is not found;
* 301, 302, 307, 308 `ForgeMoved`, and GitLab's 405 for a moved project: no redirect is ever followed;
* 422 and other 4xx `ForgeRejected`, a locked conversation `ForgeLocked`;
* 429, and 403 that says so by Retry-After, an exhausted `x-ratelimit-remaining`, or its text, `ForgeRateLimited`;
* 5xx, time-outs, connections, bodies that are not the JSON they should be, `ForgeUnavailable`.

Nothing is retried inside an adapter. A write whose reply is not about what it was meant for raises `ForgeUnavailable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from foreman.forge.grants import Grants
from foreman.model import Account, Comment, ForgeKind, Issue, IssueRef, Label, Reaction, RepoRef
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


class ForgeReader(Protocol):
    """Looking at a forge. Safe to repeat."""

    @property
    def kind(self) -> ForgeKind:
        """Which forge this is."""

    @property
    def quota(self) -> Quota | None:
        """What is left of the account's requests; None before the first reply and where the forge does not tell."""

    @property
    def skew(self) -> timedelta:
        """How far the forge's clock is ahead of ours, to about a second; zero before the first reply."""

    def whoami(self) -> Account:
        """Return the token's owner."""

    def grants(self) -> Grants:
        """Return what the token may do, as far as the forge tells; asks only what no earlier reply has told."""

    def repository(self, repo: RepoRef) -> RepoInfo:
        """Return the repository's facts."""

    def owned(self, owner: str, *, nested: bool) -> tuple[RepoInfo, ...]:
        """Return the repositories of a user, organization or group that the account can see, oldest first.

        With `nested` those of its subgroups too, where the forge has such. An owner that is not there is
        `ForgeNotFound`.
        """

    def probe(self, repo: RepoRef, *, etag: str) -> Probe:
        """Ask whether anything changed, at no cost to the quota when nothing did."""

    def changed_since(self, repo: RepoRef, *, since: datetime) -> Iterator[Issue]:
        """Yield every issue and pull request updated at or after `since`, oldest change first, some more than once.

        Advances by `updated_at`, never by page number, so that rows which move while it reads are not missed.
        """

    def newest_open(self, repo: RepoRef, *, limit: int) -> tuple[Issue, ...]:
        """Return the newest open issues (no pull requests), newest first."""

    def issue(self, ref: IssueRef) -> Issue:
        """Return one issue. `ForgeMoved` when the answer is about another one."""

    def comments(self, ref: IssueRef, *, since: datetime | None = None) -> tuple[Comment, ...]:
        """Return all comments, oldest first; with `since` those updated at or after it."""

    def history(self, ref: IssueRef) -> tuple[Change, ...]:
        """Return what happened to the issue, oldest first, as far as `ChangeKind` has a word for it.

        One request on GitHub, three on GitLab, while a page holds it all.
        """

    def labellings(self, repo: RepoRef, *, page: int) -> tuple[tuple[Labelling, ...], bool] | None:
        """Return a page of the labels put on any issues, newest first, and whether more follow; one request.

        None, unasked, where the forge tells only of one issue at a time: see `labellings_of`.
        """

    def labellings_of(self, ref: IssueRef) -> tuple[Labelling, ...]:
        """Return every time a label was put on an issue, oldest first; one request while a page holds it all."""

    def reactions(self, ref: IssueRef, comment_id: int | None = None) -> tuple[Reaction, ...]:
        """Return the reactions to the issue itself, or to one of its comments, oldest first.

        They move no `updated_at`: nothing that is polled tells of them.
        """

    def labels(self, repo: RepoRef) -> tuple[Label, ...]:
        """Return every label that exists on the repository."""

    def permission(self, repo: RepoRef, account: Account) -> Permission:
        """Return what the account may do, by the permission endpoint; NONE when it is no collaborator."""

    def file(self, repo: RepoRef, path: str, *, most: int = LONGEST_FILE) -> RepoFile | None:
        """Return a file of the default branch; None when there is none, it is no text or longer than `most` bytes.

        Paths never come from an issue, and one that leads out of the repository is `ForgeRejected` unsent.
        """

    def files(self, repo: RepoRef, folder: str) -> tuple[ListedFile, ...]:
        """Return the files right in a folder of the default branch, empty for the root; nothing when it is not there.

        Links and subfolders are left out. A plain 403 says that the token may not read the repository's files.
        """


class ForgeWriter(Protocol):
    """Changing a forge. Each call is one write request, never repeated by the adapter."""

    def turn(self, repo: RepoRef) -> AbstractContextManager[None]:
        """Wait until a write may leave, and keep the way free for the block: a write in it goes out at once.

        On entering, `ForgeUnavailable` with `sent` False is raised when everything ends meanwhile.
        """

    def add_label(self, ref: IssueRef, label: str) -> None:
        """Put the label on the issue; nothing happens when it is there. The gate lets only existing labels through."""

    def remove_label(self, ref: IssueRef, label: str) -> None:
        """Take the label off; nothing happens when it is not there."""

    def post_comment(self, ref: IssueRef, body: str) -> int:
        """Post a comment and return its id."""

    def edit_comment(self, ref: IssueRef, comment_id: int, body: str) -> None:
        """Replace the text of a comment."""

    def delete_comment(self, ref: IssueRef, comment_id: int) -> None:
        """Delete a comment; nothing happens when it is gone."""

    def react(self, ref: IssueRef, comment_id: int, sign: Sign) -> None:
        """React to a comment with eyes, a thumb up or a thumb down; nothing happens when we did so before."""

    def edit_issue_body(self, ref: IssueRef, body: str) -> None:
        """Replace the text of an issue that the bot itself opened (its dashboard)."""

    def open_issue(self, repo: RepoRef, title: str, body: str) -> IssueRef:
        """Open an issue (the bot's dashboard)."""

    def close(self, ref: IssueRef, reason: str) -> None:
        """Close the issue with `completed`, `not_planned` or `duplicate`; nothing happens when it is closed.

        GitLab keeps no reason.
        """

    def reopen(self, ref: IssueRef) -> None:
        """Open the issue again; nothing happens when it is open."""

    def assign(self, ref: IssueRef, user: str) -> None:
        """Assign a login; nothing happens when it is assigned."""

    def unassign(self, ref: IssueRef, user: str) -> None:
        """Take an assignment back; nothing happens when there is none."""
