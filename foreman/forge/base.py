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
from typing import Protocol

from foreman.forge.answers import (
    LONGEST_FILE,
    Change,
    ChangeKind,
    Labelling,
    ListedFile,
    Permission,
    Probe,
    Quota,
    RepoFile,
    RepoInfo,
    Sign,
)
from foreman.forge.grants import Grants
from foreman.model import Account, Comment, ForgeKind, Issue, IssueRef, Label, Reaction, RepoRef

__all__ = (
    "LONGEST_FILE",
    "Change",
    "ChangeKind",
    "ForgeReader",
    "ForgeWriter",
    "Labelling",
    "ListedFile",
    "Permission",
    "Probe",
    "Quota",
    "RepoFile",
    "RepoInfo",
    "Sign",
)


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
