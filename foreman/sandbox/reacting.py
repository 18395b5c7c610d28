"""Reactions to issues and comments. They move nobody's `updated_at`. Callers hold the lock and read the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from foreman.sandbox.operations import find_comment, find_issue
from foreman.sandbox.state import Issue, NoSuchThing, Reaction, Repo
from foreman.sandbox.world import World

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
"""Every reaction there is, in GitHub's words."""

Reactions = tuple[Reaction, ...]


def react(
    world: World, repo: Repo, number: int, content: str, *, by: str, comment_id: int | None, at: datetime
) -> Reaction:
    """Add a reaction; the one that is there when somebody reacts twice in the same way.

    Args:
        world: Everything.
        repo: Where.
        number: Of the issue.
        content: One of `CONTENTS`.
        by: Whose.
        comment_id: To this comment of the issue; None for the issue itself.
        at: When.

    Returns:
        The reaction.

    Raises:
        ValueError: There is no such reaction.
    """
    if content not in CONTENTS:
        raise ValueError(f"a reaction is one of {', '.join(CONTENTS)}, not {content!r}")
    world.account(by, at=at)
    new = Reaction(id=world.new_id(), login=by, content=content, at=world.time(at))

    def add(there: Reactions) -> Reactions:
        return there if _of(there, content, by) else (*there, new)

    after = _change(world, repo, number, comment_id, add, at)
    return next(one for one in after if one.login == by and one.content == content)


def unreact(
    world: World, repo: Repo, number: int, content: str, *, by: str, comment_id: int | None, at: datetime
) -> None:
    """Take a reaction back; nothing happens when there is none.

    Args:
        world: Everything.
        repo: Where.
        number: Of the issue.
        content: Which.
        by: Whose.
        comment_id: Of this comment of the issue; None for the issue itself.
        at: When.
    """

    def drop(there: Reactions) -> Reactions:
        return tuple(one for one in there if (one.login, one.content) != (by, content))

    _change(world, repo, number, comment_id, drop, at)


def _of(there: Reactions, content: str, by: str) -> bool:
    return any((one.login, one.content) == (by, content) for one in there)


def _change(
    world: World, repo: Repo, number: int, comment_id: int | None, how: Callable[[Reactions], Reactions], at: datetime
) -> Reactions:
    if comment_id is None:
        issue = find_issue(repo, number)
        return world.keep(repo, replace(issue, reactions=how(issue.reactions)), at=at).reactions
    found = find_comment(repo, comment_id)
    if found is None or found[0].number != number:
        raise NoSuchThing(f"the sandbox has no comment {comment_id} on {repo.path}#{number}")
    issue, comment = found
    changed = replace(comment, reactions=how(comment.reactions))
    world.keep(repo, _with(issue, changed.id, changed.reactions), at=at)
    return changed.reactions


def _with(issue: Issue, comment_id: int, reactions: Reactions) -> Issue:
    comments = tuple(
        replace(comment, reactions=reactions) if comment.id == comment_id else comment for comment in issue.comments
    )
    return replace(issue, comments=comments)
