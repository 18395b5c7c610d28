"""Is a decision still about the issue as it is? Pure: what was seen when it was made against what is there now.

Our own doings never make a decision stale; what a person did since always does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from foreman.changes import content_digest
from foreman.forge.base import Change, ChangeKind
from foreman.model import Comment, Issue
from foreman.values import dataclass

HOLD_LABEL = "foreman:hold"
"""On an issue: hands off (docs: "On the forge")."""


NEWEST_NAMED = 20
"""Comments that a decision remembers by their id; of older ones it knows that they were there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a decision is not carried out as it is.

    Attributes:
        reason: A word for the log.
        detail: One line for a person.
        rerun: Fresh data may lead to a new decision.
    """

    reason: str
    detail: str
    rerun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What this decision has already done to the issue, which is no news.

    Attributes:
        added: Labels.
        removed: Labels.
        comments: How many.
        moved_state: It closed or reopened the issue.
        uncertain: Labels it may have added or removed.
    """

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    comments: int = 0
    moved_state: bool = False
    uncertain: frozenset[str] = frozenset()


def seen_of(
    issue: Issue,
    comments: Sequence[Comment] | None,
    *,
    reruns: int,
    event_key: str = "",
    actor_id: int | None = None,
    requested: bool = False,
) -> dict[str, Any]:
    """Write down what a decision is based on, for `NewDecision.seen`; more keys may stand beside these.

    Args:
        issue: As the agent was shown it.
        comments: All comments as the agent was shown them; None when they could not be read.
        reruns: How often the task was done again because its decision had become stale.
        event_key: Key of the event behind it, which a rerun takes over.
        actor_id: Who caused that event; a rerun takes that over too.
        requested: A person asked for it by hand.

    Returns:
        JSON-ready facts.
    """
    return {
        "issue_id": issue.id,
        "is_pull_request": issue.is_pull_request,
        "content_digest": content_digest(issue.title, issue.body),
        "labels": sorted(issue.labels),
        "state": issue.state,
        "assignees": sorted(issue.assignees),
        "milestone": issue.milestone,
        "confidential": issue.confidential,
        "updated_at": issue.updated_at.isoformat(),
        "comment_count": issue.comment_count,
        "last_comment_id": max((comment.id for comment in comments or ()), default=0),
        **_newest(comments or ()),
        "author_id": issue.author.id,
        "reruns": reruns,
        "event_key": event_key,
        "actor_id": actor_id,
        "requested": requested,
    }


def obstacle(
    seen: Mapping[str, Any], issue: Issue, own: Own, *, approved_at: datetime | None = None
) -> Obstacle | None:
    """Return what can be told from the issue alone.

    Args:
        seen: What `seen_of` wrote down; a key that is not there is not compared.
        issue: The issue now.
        own: What the decision itself has done.
        approved_at: When a person approved, who knew what had happened until then; None when nobody did.

    Returns:
        The first thing in the way, None when there is none.
    """
    if "issue_id" in seen and issue.id != seen["issue_id"]:
        return Obstacle(reason="another_issue", detail="this number belongs to another issue now", rerun=False)
    if issue.is_pull_request and not seen.get("is_pull_request", "content_digest" not in seen):
        return Obstacle(reason="not_for_us", detail="it is a pull request now", rerun=False)
    was_confidential = bool(seen.get("confidential", False))
    if issue.confidential and not was_confidential and "content_digest" in seen:
        # What a person approved was approved for another circle of readers. Where confidential issues are looked after
        # it is decided once more, elsewhere the gate says no to that.
        return Obstacle(reason="not_for_us", detail="it is confidential now", rerun=approved_at is None)
    if issue.locked:
        return Obstacle(reason="locked", detail="the conversation was locked", rerun=False)
    if "labels" in seen and HOLD_LABEL in {label.casefold() for label in issue.labels}:
        return Obstacle(reason="hold_label", detail=f"the issue carries {HOLD_LABEL}", rerun=False)
    if "state" in seen and issue.state != seen["state"] and not own.moved_state:
        return Obstacle(reason="stale", detail=f"the issue is {issue.state} now", rerun=issue.state == "open")
    known = approved_at is not None and _is_before(issue.updated_at, approved_at)
    if not known and was_confidential and not issue.confidential:
        return Obstacle(reason="stale", detail="it is not confidential any more", rerun=True)
    if not known and "content_digest" in seen and content_digest(issue.title, issue.body) != seen["content_digest"]:
        return Obstacle(reason="stale", detail="the issue was edited", rerun=True)
    return None


def relabelled(seen: Mapping[str, Any], issue: Issue, own: Own) -> frozenset[str]:
    """Return labels that differ from what was seen and from what the decision itself did: the history tells whose."""
    if "labels" not in seen:
        return frozenset()
    expected = (frozenset(seen["labels"]) | own.added) - own.removed
    return (expected ^ frozenset(issue.labels)) - own.uncertain


def discussed(seen: Mapping[str, Any], issue: Issue, own: Own) -> bool:
    """Return whether the number of comments differs from what was seen: reading them tells whose."""
    return "comment_count" in seen and issue.comment_count != seen["comment_count"] + own.comments


def since(seen: Mapping[str, Any]) -> datetime:
    """Return from when on something counts as having happened after the look."""
    return datetime.fromisoformat(seen["updated_at"])


def interference(
    seen: Mapping[str, Any],
    *,
    labels: Collection[str],
    comments: Iterable[Comment],
    history: Iterable[Change],
    bot_id: int,
    approved_at: datetime | None = None,
) -> Obstacle | None:
    """Return what people did since, by the comments and the history.

    Args:
        seen: What `seen_of` wrote down.
        labels: What `relabelled` found.
        comments: Comments, at least those after what was seen.
        history: The whole history; needed where `labels` is not empty.
        bot_id: Our own account.
        approved_at: When a person approved, who knew what had happened until then; None when nobody did.

    Returns:
        The first thing found, None when nobody but bots did anything.
    """
    for comment in comments:
        if not _is_new(comment, seen) or comment.author.id == bot_id or comment.author.is_bot:
            continue
        if approved_at is None or not _is_before(comment.created_at, approved_at):
            return Obstacle(reason="stale", detail=f"{comment.author.login} commented", rerun=True)
    last: dict[str, Change] = {}
    for change in history:
        if change.kind in (ChangeKind.LABELED, ChangeKind.UNLABELED):
            last[change.label] = change
    for label in sorted(labels):
        entry = last.get(label)
        # Who cannot be named may have been a person.
        if entry is None or entry.actor is None:
            return Obstacle(reason="stale", detail=f"label {label} was changed", rerun=True)
        known = approved_at is not None and _is_before(entry.at, approved_at)
        if entry.actor.id != bot_id and not entry.actor.is_bot and not known:
            return Obstacle(reason="stale", detail=f"{entry.actor.login} changed label {label}", rerun=True)
    return None


def _newest(comments: Iterable[Comment]) -> dict[str, Any]:
    """Name the newest comments one by one: within a second ids may come in any order."""
    rows = sorted(comments, key=lambda comment: (comment.created_at, comment.id))
    kept = rows[-NEWEST_NAMED:]
    older = len(rows) > len(kept)
    return {
        "comment_ids": [comment.id for comment in kept],
        "comments_from": kept[0].created_at.isoformat() if older else None,
    }


def _is_new(comment: Comment, seen: Mapping[str, Any]) -> bool:
    if "comment_ids" not in seen:  # a decision of the first release
        return bool(comment.id > seen["last_comment_id"])
    begin = seen["comments_from"]
    named = begin is None or comment.created_at >= datetime.fromisoformat(begin)
    return named and comment.id not in seen["comment_ids"]


def _is_before(moment: datetime, approved_at: datetime) -> bool:
    """Return whether something was there for the person who approved; forges tell whole seconds, rounded down."""
    return moment < approved_at.replace(microsecond=0)
