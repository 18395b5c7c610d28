"""Did a request that was sent happen? Asked of the forge, after a crash or a lost reply, before anything is repeated.

A forge has no keys that would make a repetition harmless. So we wait until it must have finished and must show what it
did, and look. The two assumptions are the constants here; outside them a comment is not repeated, a person is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from foreman.errors import ForgeNotFound
from foreman.executor.sending import already, undo_of
from foreman.forge.base import Change, ChangeKind, ForgeReader, Sign
from foreman.gate import marker
from foreman.model import Account, ReactionKind
from foreman.store.actions import StoredAction
from foreman.values import dataclass

FINISHES_WITHIN = timedelta(seconds=10)
"""D: a forge ends a request within this time or drops it. GitHub, "Timeouts" in its REST documentation: a request that
takes more than 10 seconds to process is terminated."""

LISTS_WITHIN = timedelta(seconds=30)
"""L: what was written shows in a read within this time. Assumed; GitHub documents no bound for its replicas."""

HIDDEN_FOR = 4 * LISTS_WITHIN
"""How long after a decision its issue may be missing, as on a copy of the data that lags behind, before that is
believed."""

LOST = "the reply was lost"
"""Reason of a `sent` action whose request left, in time, without an answer."""

OVERDUE = "the forge held the request too long"
"""Reason of a `sent` action whose request was out for longer than D: when it ends is anybody's guess."""

SENDS = 3
"""How often one action may leave us with a reply that got lost. Then a person is asked."""

CLOCK_SKEW = timedelta(minutes=15)
"""How far the forge's clock may be behind ours: what it did in our request may carry an earlier time."""

NEWEST = 100
"""Newest open issues among which one that we opened is looked for."""

_SIGNS = {
    Sign.SEEN: ReactionKind.OTHER,
    Sign.DONE: ReactionKind.THUMBS_UP,
    Sign.REFUSED: ReactionKind.THUMBS_DOWN,
}
_OPPOSITES = {
    ChangeKind.LABELED: ChangeKind.UNLABELED,
    ChangeKind.CLOSED: ChangeKind.REOPENED,
    ChangeKind.ASSIGNED: ChangeKind.UNASSIGNED,
}
_OPPOSITES |= {other: kind for kind, other in _OPPOSITES.items()}
_KINDS = {
    "add_label": ChangeKind.LABELED,
    "remove_label": ChangeKind.UNLABELED,
    "close": ChangeKind.CLOSED,
    "reopen": ChangeKind.REOPENED,
    "assign": ChangeKind.ASSIGNED,
    "unassign": ChangeKind.UNASSIGNED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """It happened.

    Attributes:
        reason: One line for a person.
        undo: What taking it back needs; empty where somebody else did it.
    """

    reason: str = "found on the forge"
    undo: dict[str, Any] = field(default_factory=dict)


def find(
    reader: ForgeReader, action: StoredAction, *, bot: Account, marker_secret: str, seen_at: datetime | None = None
) -> Found | None:
    """Look whether an action that was sent has happened.

    Args:
        reader: The forge.
        action: In state `sent`.
        bot: Our own account.
        marker_secret: Key of the tags on our comments.
        seen_at: The last change of the issue that its decision knew of, by the forge's time; None when not known.

    Returns:
        What was found; None when there is no trace of it.

    Raises:
        ForgeError: Could not look.
    """
    since = (action.sent_at or action.created_at) - CLOCK_SKEW
    match action.type:
        case "comment":
            for comment in reader.comments(action.issue, since=since):
                if marker.is_ours(comment, bot_id=bot.id, secret=marker_secret, issue=action.issue) == action.key:
                    return Found(undo={"comment_id": comment.id})
            return None
        case "edit_comment" | "delete_comment":
            return _find_comment(reader, action)
        case "react":
            given = reader.reactions(action.issue, action.payload["comment_id"])
            kind = _SIGNS[Sign(action.payload["sign"])]
            return Found() if any((one.author.id, one.kind) == (bot.id, kind) for one in given) else None
        case "edit_issue":
            return Found() if already(action, reader.issue(action.issue)) else None
        case "open_issue":
            mark = _first_line(action.payload["body"])
            for issue in reader.newest_open(action.issue.repo, limit=NEWEST):
                if issue.author.id == bot.id and _first_line(issue.body) == mark:
                    return Found(undo={"number": issue.ref.number})
            return None
        case _:
            return _find_state(reader, action, bot=bot, since=since, seen_at=seen_at)


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()


def _find_comment(reader: ForgeReader, action: StoredAction) -> Found | None:
    body = next((c.body for c in reader.comments(action.issue) if c.id == action.payload["comment_id"]), None)
    if body is None:
        return Found(reason="the comment is gone")
    if action.type == "edit_comment" and body.strip() == str(action.payload["body"]).strip():
        return Found()
    return None


def _find_state(
    reader: ForgeReader, action: StoredAction, *, bot: Account, since: datetime, seen_at: datetime | None
) -> Found | None:
    """Look at the history first: what we did and a person took back since has happened, and is not done again."""
    history: Sequence[Change] | None = None
    with suppress(ForgeNotFound):
        history = reader.history(action.issue)
    kind = _KINDS.get(action.type)
    about = [change for change in history or () if kind is not None and _is_about(change, action, kind)]
    if _is_done(about, kind, bot=bot, since=since, seen_at=seen_at):
        return Found(undo=undo_of(action))
    if already(action, reader.issue(action.issue)):
        if history is not None:
            return Found(reason="found so on the forge, not by us")
        # We asked for it a minute ago: ours, so that it can be taken back.
        return Found(reason="found on the forge, which does not tell by whom", undo=undo_of(action))
    return None


def _is_about(change: Change, action: StoredAction, kind: ChangeKind) -> bool:
    """Return whether a change is of what the action changes: that label, that assignee, the issue's state."""
    if change.kind not in (kind, _OPPOSITES[kind]):
        return False
    if action.type in ("add_label", "remove_label"):
        return change.label == str(action.payload["label"])
    if action.type in ("assign", "unassign"):
        return change.assignee.casefold() == str(action.payload["user"]).casefold()
    return True


def _is_done(
    about: Sequence[Change], kind: ChangeKind | None, *, bot: Account, since: datetime, seen_at: datetime | None
) -> bool:
    """Return whether a change is this action's doing, and not that of an earlier decision.

    What an earlier one did was taken back before this decision was made, by us or by somebody else: else there was
    nothing to do. Where it is not known what the decision saw, only our own last change counts.
    """
    ours = [at for at, change in enumerate(about) if change.actor is not None and change.actor.id == bot.id]
    for at in ours if seen_at is not None else ours[-1:]:
        if about[at].kind is not kind or about[at].at < since:
            continue
        taken_back = next((change.at for change in about[at + 1 :] if change.kind is not kind), None)
        if seen_at is None or taken_back is None or taken_back > seen_at:
            return True
    return False
