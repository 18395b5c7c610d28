"""What is kept of a look at an issue, and whether another one shows anything else.

A forge may tell whole seconds, give ids in another order than times, and read from machines that disagree about the
time by minutes. So comments are known by id and content, as far back as that reaches; and a look within the second of
the issue's last change is not the last word on that second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from foreman.model import Comment, ForgeKind, Issue
from foreman.store.issues import Snapshot

REMEMBERED = timedelta(minutes=15)
"""How far behind an issue's last change its comments are known one by one: as far as a poll reaches back."""

MOST_REMEMBERED = 200
"""Comments known one by one; of more in that time the newest."""

SETTLES = {ForgeKind.GITHUB: timedelta(seconds=3), ForgeKind.GITLAB: timedelta(seconds=63)}
"""After so long nothing more happens under the time of an issue's last change: GitHub tells whole seconds, GitLab's
`updated_at` stands still for a minute though comments are written and edited; the clocks are known to two seconds."""


def content_digest(title: str, body: str) -> str:
    """Return a digest of what the author wrote."""
    return hashlib.sha256(json.dumps([title, body]).encode()).hexdigest()


def comment_digest(comment: Comment) -> str:
    """Return a short digest of what a comment says."""
    return hashlib.sha256(comment.body.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def snapshot(
    issue: Issue,
    before: Snapshot | None,
    comments: Collection[Comment] | None = None,
    *,
    since: datetime | None = None,
    settled: bool = True,
) -> Snapshot:
    """Return what to keep of this look.

    Args:
        issue: The issue now.
        before: The last look, None for none.
        comments: Those `needs` asked for, None when they were not read.
        since: From when on they were read; None for all, or for those since the last look.
        settled: Nothing more can happen within the second of the issue's last change.

    Returns:
        What the next look is compared with.
    """
    read_from = since or (known_from(before) if before else None)
    heard_from, heard = _heard(issue, before, comments, read_from)
    return Snapshot(
        issue=issue.ref,
        forge_id=issue.id,
        updated_at=issue.updated_at,
        content_digest=content_digest(issue.title, issue.body),
        labels=tuple(sorted(issue.labels)),
        state=issue.state,
        author_id=issue.author.id,
        comment_count=issue.comment_count,
        confidential=issue.confidential,
        settled=settled,
        heard_from=heard_from,
        heard=heard,
    )


def settled(issue: Issue, before: Snapshot | None, looked_at: datetime) -> bool:
    """Tell whether the time of an issue's last change was over when it was looked at.

    It matters where there are comments: one that is edited within that time changes nothing else that is listed.

    Args:
        issue: As listed.
        before: The last look, None for none.
        looked_at: When, by the forge's clock.

    Returns:
        False when more may have happened since, under the same time; a clock that is behind is believed once only.
    """
    if issue.comment_count == 0 or looked_at - issue.updated_at >= SETTLES[issue.ref.repo.forge]:
        return True
    return looked_at < issue.updated_at and before is not None and before.updated_at == issue.updated_at


def unchanged(before: Snapshot, issue: Issue) -> bool:
    """Return whether a row of the list is the one that was seen last."""
    now = snapshot(issue, before)
    return before == replace(now, settled=before.settled)


def same(before: Snapshot | None, issue: Issue) -> bool:
    """Return whether a look shows nothing that the last one did not, and nothing can hide behind it."""
    return before is not None and before.settled and unchanged(before, issue)


def lag(before: Snapshot | None, issue: Issue, comments: Iterable[Comment]) -> bool:
    """Tell whether comments that were read cannot be all of those the issue has got since the last look.

    A forge's list of comments may come from a copy of its data that is behind the one that listed the issue.

    Args:
        before: The last look, None for none.
        issue: The issue now.
        comments: All that were written or changed since that look.

    Returns:
        Whether to read them again later; False when nobody looked before.
    """
    if before is None:
        return False
    # The last look may have read one that the issue's number did not count yet.
    new = sum(1 for comment in comments if is_new(comment, before) or comment.created_at > before.updated_at)
    return new < issue.comment_count - before.comment_count


def is_new(comment: Comment, before: Snapshot) -> bool:
    """Return whether a comment was not there, or not shown, at the last look, whatever its id."""
    return comment.created_at >= known_from(before) and comment.id not in dict(before.heard)


def known_from(before: Snapshot) -> datetime:
    """Return from when on the comments of an issue are known one by one."""
    return before.heard_from or before.updated_at


def _heard(
    issue: Issue, before: Snapshot | None, comments: Collection[Comment] | None, read_from: datetime | None
) -> tuple[datetime | None, tuple[tuple[int, str], ...]]:
    window = issue.updated_at - REMEMBERED
    if comments is None:
        if before is not None:
            return before.heard_from, before.heard
        # Of one that has comments nobody reads, those to come are told from those that are there by time alone.
        return (issue.updated_at, ()) if issue.comment_count else (issue.created_at - REMEMBERED, ())
    since = max(window, read_from) if read_from else window
    newest = sorted(comments, key=lambda comment: comment.updated_at, reverse=True)
    if len(newest) > MOST_REMEMBERED:
        since = max(since, newest[MOST_REMEMBERED].updated_at)
    return since, tuple(
        sorted((comment.id, comment_digest(comment)) for comment in newest if comment.updated_at >= since)
    )
