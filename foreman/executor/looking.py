"""A look at an issue before a decision is carried out: one request where nothing has changed, three at the most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from foreman.executor import freshness
from foreman.executor.freshness import Own
from foreman.forge.base import Change, ForgeReader
from foreman.gate import marker
from foreman.model import Account, ActionState, Comment, Issue
from foreman.store.actions import LogEntry, StoredAction
from foreman.values import dataclass

_DID = frozenset({ActionState.DONE, ActionState.UNDONE})
_MAY_HAVE = frozenset({ActionState.SENT, ActionState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An issue as it is now, against what a decision was based on.

    Attributes:
        issue: The issue.
        relabelled: Labels that differ from what was seen and is not the decision's own doing.
        comments: Read only where their number had changed.
        history: Read only where labels had changed.
        ours: Key of the action to id of the comment, for comments of ours among those read.
    """

    issue: Issue
    relabelled: frozenset[str] = frozenset()
    comments: tuple[Comment, ...] = ()
    history: tuple[Change, ...] = ()
    ours: Mapping[str, int] = field(default_factory=dict)


def look(
    reader: ForgeReader, entry: LogEntry, *, own: Own, bot: Account, marker_secret: str, thorough: bool = False
) -> View:
    """Look at a decision's issue.

    Args:
        reader: The forge.
        entry: The decision.
        own: What it has done already.
        bot: Our own account.
        marker_secret: Key of the tags on our comments.
        thorough: Read comments and history even where nothing else tells that they have changed.

    Returns:
        What is there now.

    Raises:
        ForgeError: Could not look.
    """
    issue = reader.issue(entry.issue)
    labels = freshness.relabelled(entry.seen, issue, own)
    comments: tuple[Comment, ...] = ()
    if thorough or freshness.discussed(entry.seen, issue, own):
        comments = reader.comments(entry.issue)
    ours = {}
    for comment in comments:
        key = marker.is_ours(comment, bot_id=bot.id, secret=marker_secret, issue=entry.issue)
        if key is not None:
            ours[key] = comment.id
    history = reader.history(entry.issue) if thorough or labels else ()
    return View(issue=issue, relabelled=labels, comments=comments, history=history, ours=ours)


def own_doings(entry: LogEntry) -> Own:
    """Return what a decision's own actions have done, or may have."""
    did = [action for action in entry.actions if action.state in _DID]
    may_have = [action for action in entry.actions if action.state in _MAY_HAVE]
    return Own(
        added=_labels(did, "add_label"),
        removed=_labels(did, "remove_label"),
        comments=sum(1 for action in did if action.type == "comment"),
        moved_state=any(action.type in ("close", "reopen") for action in (*did, *may_have)),
        uncertain=_labels(may_have, "add_label") | _labels(may_have, "remove_label"),
    )


def _labels(tried: Iterable[StoredAction], kind: str) -> frozenset[str]:
    return frozenset(action.payload["label"] for action in tried if action.type == kind)
