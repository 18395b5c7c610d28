"""Two looks and what was read besides become events."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from foreman.changes.horizon import TRIAGE_LABEL, Horizon, added
from foreman.changes.keys import content_key, entry_key, event, stamp
from foreman.changes.looks import comment_digest, content_digest, is_new, known_from, same
from foreman.changes.record import arrived, by_people
from foreman.forge.base import Change, ChangeKind
from foreman.model import INSIDERS, Comment, Event, EventKind, Issue
from foreman.store.issues import Snapshot


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
        bots_count: What other bots say and do makes events.

    Returns:
        Events, oldest first. The same happening has the same key whenever it is found.
    """
    if issue.is_pull_request:
        return tuple(one for one in _opened(issue, horizon, bot_id) if one.kind in wanted)
    if same(before, issue):
        return ()
    history = tuple(history)
    found: list[Event] = []
    if before is None and horizon.is_new(issue):
        found += _opened(issue, horizon, bot_id)
    else:
        found += _edited(before, issue, bot_id)
        found += by_people(before, issue, history, horizon, bot_id=bot_id, bots_count=bots_count)
        heard = (comment for comment in comments if not comment.internal)
        spoken = [comment for comment in heard if bots_count or not comment.author.is_bot]
        found += _commented(before, issue, spoken, horizon, bot_id)
    if before is None:
        found += arrived(issue, history, horizon)
    kept = [one for one in found if one.kind in wanted] + _requested(before, issue, history, bot_id)
    return tuple(sorted(kept, key=lambda one: one.occurred_at))


def _opened(issue: Issue, horizon: Horizon, bot_id: int) -> list[Event]:
    kind = EventKind.PULL_REQUEST_OPENED if issue.is_pull_request else EventKind.OPENED
    # Nothing is kept of a pull request: its event's key alone tells that it is known, and its age that it never was.
    if issue.author.id == bot_id or (issue.is_pull_request and not _young(issue, horizon)):
        return []
    key = content_key(issue, kind, issue.created_at, str(issue.id))
    return [event(issue, kind, key, issue.created_at, issue.author.id)]


def _young(issue: Issue, horizon: Horizon) -> bool:
    # The newest thing at the first look may have been this very one.
    after = horizon.opened_from is None or issue.created_at > horizon.opened_from
    return after and horizon.counts(issue.created_at)


def _edited(before: Snapshot | None, issue: Issue, bot_id: int) -> list[Event]:
    digest = content_digest(issue.title, issue.body)
    if before is None or before.content_digest == digest or issue.author.id == bot_id:
        return []
    key = content_key(issue, EventKind.EDITED, issue.updated_at, digest)
    # The forge does not say who edited: the author, or anybody with rights.
    return [event(issue, EventKind.EDITED, key, issue.updated_at, None)]


def _commented(
    before: Snapshot | None, issue: Issue, comments: Iterable[Comment], horizon: Horizon, bot_id: int
) -> list[Event]:
    found = []
    for comment in comments:
        if comment.author.id == bot_id:
            continue
        if newly_said(before, issue, (comment,), horizon):
            key, at = f"{issue.ref}:commented:{comment.id}", comment.created_at
        elif before is not None and _was_edited(comment, before):
            key = f"{issue.ref}:commented:{comment.id}:{stamp(comment.updated_at)}:{comment_digest(comment)}"
            at = comment.updated_at
        else:
            continue
        found.append(event(issue, EventKind.COMMENTED, key, at, comment.author.id))
    return found


def newly_said(
    before: Snapshot | None, issue: Issue, comments: Iterable[Comment], horizon: Horizon
) -> tuple[Comment, ...]:
    """Return the comments that were not there at the last look; of an older issue, those since the first look at all.

    Args:
        before: The last look, None for none.
        issue: The issue now.
        comments: As `needs` asked for.
        horizon: From when on happenings count.

    Returns:
        Whoever wrote them, and edited ones too; none of an edit of an old one.
    """
    if issue.is_pull_request:
        return ()
    return tuple(
        comment
        for comment in comments
        if (horizon.counts(comment.created_at) if before is None else is_new(comment, before))
    )


def _was_edited(comment: Comment, before: Snapshot) -> bool:
    digest = dict(before.heard).get(comment.id)
    if digest is not None:
        return digest != comment_digest(comment)
    return comment.updated_at > comment.created_at and comment.updated_at >= known_from(before)


def _requested(before: Snapshot | None, issue: Issue, history: Iterable[Change], bot_id: int) -> list[Event]:
    if TRIAGE_LABEL not in issue.labels:
        return []
    entries = [change for change in history if change.kind is ChangeKind.LABELED and change.label == TRIAGE_LABEL]
    last = max(entries, key=lambda change: (change.at, change.id), default=None)
    if last is None or last.actor is None or last.actor.id == bot_id:
        return []
    # Put back since we took it off, or there already at a look that did not know whom it was from.
    if before is not None and TRIAGE_LABEL not in added(before, issue) and last.at < before.updated_at:
        return []
    # A template may label what a stranger opens, in the stranger's name: that is not asking.
    if last.actor.id == issue.author.id and issue.role not in INSIDERS:
        return []
    return [event(issue, EventKind.REQUESTED, entry_key(issue, EventKind.REQUESTED, last.id), last.at, last.actor.id)]
