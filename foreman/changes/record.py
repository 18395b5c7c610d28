"""What an issue's history says about people: labels, state, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence

from foreman.changes.horizon import BY_HISTORY, TRIAGE_LABEL, Horizon
from foreman.changes.keys import entry_key, event
from foreman.forge.base import Change, ChangeKind
from foreman.model import Event, EventKind, Issue
from foreman.store.issues import Snapshot

_KINDS = {word: kind for kind, word in BY_HISTORY.items()}
_OPPOSITES = {
    ChangeKind.LABELED: ChangeKind.UNLABELED,
    ChangeKind.UNLABELED: ChangeKind.LABELED,
    ChangeKind.CLOSED: ChangeKind.REOPENED,
    ChangeKind.REOPENED: ChangeKind.CLOSED,
}


def by_people(
    before: Snapshot | None,
    issue: Issue,
    history: Sequence[Change],
    horizon: Horizon,
    *,
    bot_id: int,
    bots_count: bool,
) -> list[Event]:
    """Return an event for each label, and for the state, on which a person had the last word since the last look.

    Args:
        before: The last look, None for none.
        issue: The issue now.
        history: All of it, our own doings too: they tell that a person changed something back.
        horizon: From when on happenings count.
        bot_id: Our own account.
        bots_count: What other bots do makes events too.

    Returns:
        Events, in no order.
    """
    subjects: dict[str, list[Change]] = {}
    for change in sorted(history, key=_order):
        if change.kind in _KINDS and change.label != TRIAGE_LABEL:
            subjects.setdefault(change.label, []).append(change)
    found = []
    for entries in subjects.values():
        last = next((change for change in reversed(entries) if _holds(change, issue.labels, issue.state)), None)
        if last is None or _is_machine(last, bot_id=bot_id, bots_count=bots_count):
            continue
        if _is_news(last, entries, before, horizon):
            kind = _KINDS[last.kind]
            actor = last.actor.id if last.actor else None
            found.append(event(issue, kind, entry_key(issue, kind, last.id), last.at, actor))
    return found


def arrived(issue: Issue, history: Sequence[Change], horizon: Horizon) -> list[Event]:
    """Return the event of an issue, never seen here before, that came from another repository."""
    moves = [change for change in history if change.kind is ChangeKind.TRANSFERRED]
    last = max(moves, key=_order, default=None)
    if last is None or not (horizon.is_new(issue) or horizon.counts(last.at)):
        return []
    actor = last.actor.id if last.actor else None
    return [event(issue, EventKind.TRANSFERRED, entry_key(issue, EventKind.TRANSFERRED, last.id), last.at, actor)]


def _is_machine(change: Change, *, bot_id: int, bots_count: bool) -> bool:
    actor = change.actor
    return actor is not None and (actor.id == bot_id or (actor.is_bot and not bots_count))


def _is_news(last: Change, entries: Sequence[Change], before: Snapshot | None, horizon: Horizon) -> bool:
    """Return whether what made one label, or the state, what it is now happened since the last look."""
    if before is None:
        return horizon.counts(last.at)
    if not _holds(last, before.labels, before.state):
        return True
    # As it was: unless it was changed and changed back in between.
    return last.at >= before.updated_at and any(
        change.kind is _OPPOSITES[last.kind] and change.at >= before.updated_at for change in entries
    )


def _holds(change: Change, labels: Sequence[str], state: str) -> bool:
    match change.kind:
        case ChangeKind.LABELED:
            return change.label in labels
        case ChangeKind.UNLABELED:
            return change.label not in labels
        case ChangeKind.CLOSED:
            return state == "closed"
        case _:
            return state == "open"


def _order(change: Change) -> tuple[object, int]:
    return change.at, change.id
