"""What happened to an issue between two looks at it. Pure: no I/O, no clock.

Who did it is not in a forge's list of issues: `needs` says what has to be read besides, at most two requests, and only
where somebody waits for the answer. Our own doings make no events.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from foreman.forge.base import Change, ChangeKind
from foreman.model import INSIDERS, Comment, Event, EventKind, Issue
from foreman.store.issues import Snapshot

TRIAGE_LABEL = "foreman:triage"
"""Whoever may label asks with it for one more run (docs: "On the forge")."""

_BY_HISTORY = {
    EventKind.LABELED: ChangeKind.LABELED,
    EventKind.UNLABELED: ChangeKind.UNLABELED,
    EventKind.CLOSED: ChangeKind.CLOSED,
    EventKind.REOPENED: ChangeKind.REOPENED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """From when on happenings count, by the forge's own times.

    Attributes:
        opened_from: An issue never seen before is a new one when it was created then or later; None: whenever.
        since: What happened to an older issue never seen before counts from then on; None: always.
    """

    opened_from: datetime | None
    since: datetime | None

    def is_new(self, issue: Issue) -> bool:
        """Return whether an issue never seen before was opened after the first look at its repository."""
        return self.opened_from is None or issue.created_at >= self.opened_from

    def counts(self, at: datetime) -> bool:
        """Return whether something that happened to an issue never seen before counts."""
        return self.since is None or at >= self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be read before two looks can be compared.

    Attributes:
        comments: The comments are needed.
        comments_since: Those updated since then; None for all.
        history: The history is needed.
    """

    comments: bool = False
    comments_since: datetime | None = None
    history: bool = False


def content_digest(title: str, body: str) -> str:
    """Return a digest of what the author wrote."""
    return hashlib.sha256(json.dumps([title, body]).encode()).hexdigest()


def snapshot(issue: Issue, before: Snapshot | None, comments: Iterable[Comment] = ()) -> Snapshot:
    """Return what to keep of this look.

    Args:
        issue: The issue now.
        before: The last look, None for none.
        comments: Comments that were read.

    Returns:
        What the next look is compared with.
    """
    last = before.last_comment_id if before else 0
    return Snapshot(
        issue=issue.ref,
        forge_id=issue.id,
        updated_at=issue.updated_at,
        content_digest=content_digest(issue.title, issue.body),
        labels=tuple(sorted(issue.labels)),
        state=issue.state,
        author_id=issue.author.id,
        comment_count=issue.comment_count,
        last_comment_id=max([last, *(comment.id for comment in comments)]),
        confidential=issue.confidential,
    )


def same(before: Snapshot | None, issue: Issue) -> bool:
    """Return whether a look shows nothing that the last one did not."""
    return before is not None and before == snapshot(issue, before)


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
    # By time: the last look may have read one that the issue's number did not count yet. By id within one second: the
    # comment that was the issue's last change then is among those that are read now.
    known = (before.updated_at, before.last_comment_id)
    new = sum(1 for comment in comments if (comment.created_at, comment.id) > known)
    return new < issue.comment_count - before.comment_count


def needs(before: Snapshot | None, issue: Issue, *, horizon: Horizon, wanted: Collection[EventKind]) -> Needs:
    """Say what must be read to tell what happened and who did it.

    Args:
        before: The last look, None for none.
        issue: The issue now.
        horizon: From when on happenings count.
        wanted: Kinds of event that anybody waits for.

    Returns:
        At most two requests' worth.
    """
    if issue.is_pull_request or same(before, issue):
        return Needs()
    asked_for = TRIAGE_LABEL in _added(before, issue)
    if before is None:
        if horizon.is_new(issue):
            return Needs(history=asked_for)
        if not horizon.counts(issue.updated_at):
            return Needs()
        return Needs(
            comments=EventKind.COMMENTED in wanted and issue.comment_count > 0,
            comments_since=horizon.since,
            history=asked_for or any(kind in wanted for kind in _BY_HISTORY),
        )
    differs = {
        EventKind.LABELED: bool(_added(before, issue)),
        EventKind.UNLABELED: bool(_removed(before, issue)),
        EventKind.CLOSED: before.state != issue.state and issue.state == "closed",
        EventKind.REOPENED: before.state != issue.state and issue.state == "open",
    }
    # When nothing shows, but its time moved, somebody may have edited a comment.
    shows = any(differs.values()) or before.content_digest != content_digest(issue.title, issue.body)
    said = before.comment_count != issue.comment_count or not shows
    return Needs(
        comments=EventKind.COMMENTED in wanted and said and issue.comment_count > 0,
        comments_since=before.updated_at,
        history=asked_for or any(differs[kind] and kind in wanted for kind in _BY_HISTORY),
    )


def compare(
    before: Snapshot | None,
    issue: Issue,
    *,
    horizon: Horizon,
    bot_id: int,
    comments: Iterable[Comment] = (),
    history: Iterable[Change] = (),
    wanted: Collection[EventKind] = tuple(EventKind),
    bots_count: bool = True,
) -> tuple[Event, ...]:
    """Tell what happened between two looks.

    Args:
        before: The last look, None for none.
        issue: The issue now.
        horizon: From when on happenings count.
        bot_id: Our own account: what it did makes no event.
        comments: As `needs` asked for.
        history: As `needs` asked for.
        wanted: Kinds of event that anybody waits for; a request by label is always one.
        bots_count: Comments by other bots make events.

    Returns:
        Events, oldest first. The same happening has the same key whenever it is found.
    """
    if issue.is_pull_request or same(before, issue):
        return ()
    history = [change for change in history if change.actor is None or change.actor.id != bot_id]
    found: list[Event] = []
    if before is None and horizon.is_new(issue):
        if issue.author.id != bot_id:
            key = _key(issue, EventKind.OPENED, issue.created_at, str(issue.id))
            found.append(_event(issue, EventKind.OPENED, key, issue.created_at, issue.author.id))
    else:
        found += _edited(before, issue, bot_id)
        found += _by_history(before, issue, history, horizon)
        spoken = [comment for comment in comments if bots_count or not comment.author.is_bot]
        found += _commented(before, issue, spoken, horizon, bot_id)
    kept = [event for event in found if event.kind in wanted] + _requested(before, issue, history)
    return tuple(sorted(kept, key=lambda event: event.occurred_at))


def stale(issue: Issue, *, last_human_at: datetime, after: timedelta, now: datetime) -> Event | None:
    """Tell whether nobody has said or done anything for too long, once per period.

    Args:
        issue: An open issue.
        last_human_at: When a person last did something there.
        after: How long is too long, and how long one period is.
        now: Current time, aware UTC.

    Returns:
        The event, None when it is not stale.
    """
    periods = (now - last_human_at) // after if after > timedelta(0) else 0
    if issue.is_pull_request or issue.state != "open" or periods < 1:
        return None
    key = _key(issue, EventKind.STALE, last_human_at, f"{after.total_seconds()}|{periods}")
    return _event(issue, EventKind.STALE, key, last_human_at + periods * after, None)


def _added(before: Snapshot | None, issue: Issue) -> set[str]:
    return set(issue.labels) - set(before.labels if before else ())


def _removed(before: Snapshot, issue: Issue) -> set[str]:
    return set(before.labels) - set(issue.labels)


def _edited(before: Snapshot | None, issue: Issue, bot_id: int) -> list[Event]:
    digest = content_digest(issue.title, issue.body)
    if before is None or before.content_digest == digest or issue.author.id == bot_id:
        return []
    key = _key(issue, EventKind.EDITED, issue.updated_at, digest)
    # The forge does not say who edited: the author, or anybody with rights.
    return [_event(issue, EventKind.EDITED, key, issue.updated_at, None)]


def _by_history(before: Snapshot | None, issue: Issue, history: list[Change], horizon: Horizon) -> list[Event]:
    """Return label and state events by people: at most one of each kind, the newest entry that still holds."""
    found = []
    for kind, word in _BY_HISTORY.items():
        entries = [change for change in history if change.kind is word and _holds(change, before, issue, horizon)]
        if entries:
            last = max(entries, key=lambda change: (change.at, change.id))
            actor = last.actor.id if last.actor else None
            found.append(_event(issue, kind, f"{issue.ref}:{kind}:{last.id}", last.at, actor))
    return found


def _holds(change: Change, before: Snapshot | None, issue: Issue, horizon: Horizon) -> bool:
    if before is None and not horizon.counts(change.at):
        return False
    if change.label == TRIAGE_LABEL:
        return False
    match change.kind:
        case ChangeKind.LABELED:
            return change.label in _added(before, issue)
        case ChangeKind.UNLABELED:
            return change.label not in issue.labels and (before is None or change.label in before.labels)
        case ChangeKind.CLOSED:
            return issue.state == "closed" and (before is None or before.state != "closed")
        case ChangeKind.REOPENED:
            return issue.state == "open" and (before is None or before.state != "open")
        case _:
            return False


def _commented(
    before: Snapshot | None, issue: Issue, comments: Iterable[Comment], horizon: Horizon, bot_id: int
) -> list[Event]:
    found = []
    for comment in comments:
        if comment.author.id == bot_id or not _is_news(comment, before, horizon):
            continue
        digest = hashlib.sha256(comment.body.encode("utf-8", "surrogatepass")).hexdigest()
        edited = before is not None and comment.id <= before.last_comment_id
        key = f"{issue.ref}:commented:{comment.id}"
        if edited:
            key += f":{_stamp(comment.updated_at)}:{digest[:16]}"
        at = comment.updated_at if edited else comment.created_at
        found.append(_event(issue, EventKind.COMMENTED, key, at, comment.author.id))
    return found


def _is_news(comment: Comment, before: Snapshot | None, horizon: Horizon) -> bool:
    if before is None:
        return horizon.counts(comment.created_at)
    if comment.id <= before.last_comment_id:
        return comment.updated_at > comment.created_at and comment.updated_at >= before.updated_at
    # Comments that were there at the last look but were not read then are not news.
    return comment.created_at >= before.updated_at


def _requested(before: Snapshot | None, issue: Issue, history: list[Change]) -> list[Event]:
    if TRIAGE_LABEL not in _added(before, issue):
        return []
    entries = [change for change in history if change.kind is ChangeKind.LABELED and change.label == TRIAGE_LABEL]
    last = max(entries, key=lambda change: (change.at, change.id), default=None)
    if last is None or last.actor is None:
        return []
    # A template may label what a stranger opens, in the stranger's name: that is not asking.
    if last.actor.id == issue.author.id and issue.role not in INSIDERS:
        return []
    key = f"{issue.ref}:{EventKind.REQUESTED}:{last.id}"
    return [_event(issue, EventKind.REQUESTED, key, last.at, last.actor.id)]


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _key(issue: Issue, kind: EventKind, at: datetime, content: str) -> str:
    return f"{issue.ref}:{kind}:{_stamp(at)}:{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _event(issue: Issue, kind: EventKind, key: str, at: datetime, actor_id: int | None) -> Event:
    return Event(key=key, issue=issue.ref, kind=kind, occurred_at=at, actor_id=actor_id)
