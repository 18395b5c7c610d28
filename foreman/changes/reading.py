"""What must be read beside a row of the list to tell what happened and who did it: at most two requests."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from foreman.changes.horizon import BY_HISTORY, TRIAGE_LABEL, Horizon, added, removed
from foreman.changes.looks import content_digest, known_from, same
from foreman.model import EventKind, Issue
from foreman.store.issues import Snapshot
from foreman.values import dataclass


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


def needs(
    before: Snapshot | None,
    issue: Issue,
    *,
    horizon: Horizon,
    wanted: Collection[EventKind],
    ours: bool = False,
    missing: bool = False,
    orders: bool = False,
) -> Needs:
    """Say what must be read to tell what happened and who did it.

    Args:
        before: The last look, None for none.
        issue: The issue now.
        horizon: From when on happenings count.
        wanted: Kinds of event that anybody waits for.
        ours: We have decided something there, so that it matters what people change about it.
        missing: Something we did since the last look does not show (`is_missing`).
        orders: Comments may order something, whoever waits for them.

    Returns:
        At most two requests' worth.
    """
    if issue.is_pull_request or same(before, issue):
        return Needs()
    if before is None:
        return _of_stranger(issue, horizon, wanted, orders)
    return _of_known(before, issue, wanted, ours, missing, orders)


def _of_stranger(issue: Issue, horizon: Horizon, wanted: Collection[EventKind], orders: bool) -> Needs:
    asked_for = TRIAGE_LABEL in issue.labels
    if horizon.is_new(issue):
        # One that came from another repository has its move behind it.
        moved = EventKind.TRANSFERRED in wanted and issue.updated_at > issue.created_at
        return Needs(comments=orders and issue.comment_count > 0, history=asked_for or moved)
    if not horizon.counts(issue.updated_at):
        return Needs()
    return Needs(
        comments=(EventKind.COMMENTED in wanted or orders) and issue.comment_count > 0,
        comments_since=horizon.since,
        history=asked_for or any(kind in wanted for kind in (*BY_HISTORY, EventKind.TRANSFERRED)),
    )


def _of_known(
    before: Snapshot, issue: Issue, wanted: Collection[EventKind], ours: bool, missing: bool, orders: bool
) -> Needs:
    differs = {
        EventKind.LABELED: bool(added(before, issue)),
        EventKind.UNLABELED: bool(removed(before, issue)),
        EventKind.CLOSED: before.state != issue.state and issue.state == "closed",
        EventKind.REOPENED: before.state != issue.state and issue.state == "open",
    }
    moved = before.updated_at != issue.updated_at
    shows = any(differs.values()) or before.content_digest != content_digest(issue.title, issue.body)
    counted = before.comment_count != issue.comment_count
    # When nothing shows, but its time moved, somebody may have edited a comment, or taken a label off and put it back.
    hidden = moved and not shows and not counted
    fewer = ours and issue.comment_count < before.comment_count
    heard = EventKind.COMMENTED in wanted or orders
    spoken = heard and (counted or not shows) and issue.comment_count > 0
    corrected = any(differs[kind] for kind in (EventKind.LABELED, EventKind.UNLABELED, EventKind.REOPENED))
    return Needs(
        comments=spoken or fewer,
        comments_since=None if fewer else known_from(before),
        history=(TRIAGE_LABEL in issue.labels and (moved or differs[EventKind.LABELED]))
        or any(kind in wanted and (differs[kind] or hidden) for kind in BY_HISTORY)
        or (ours and corrected)
        or missing,
    )
