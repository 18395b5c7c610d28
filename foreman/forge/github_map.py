"""GitHub's JSON, as read by `github_rows`, in Foreman's words. No lazy object, no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from foreman.forge.base import Change, ChangeKind, Labelling, Permission, RepoInfo
from foreman.forge.github_rows import (
    CommentRow,
    EventRow,
    IssueRow,
    LabellingRow,
    LabelRow,
    PermissionRow,
    ReactionRow,
    RepoRow,
    UserRow,
    read,
)
from foreman.model import Account, Comment, Issue, IssueRef, Label, Reaction, ReactionKind, RepoRef, Role

GHOST = Account(login="ghost", id=0)
"""Whoever deleted the account: GitHub answers null, or its stand-in user of this name."""

_GITHUBS_OWN_GHOST_ID = 10137  # https://api.github.com/users/ghost

_ROLES = {
    "OWNER": Role.OWNER,
    "MEMBER": Role.MEMBER,
    "COLLABORATOR": Role.COLLABORATOR,
    "CONTRIBUTOR": Role.CONTRIBUTOR,
    "FIRST_TIME_CONTRIBUTOR": Role.NONE,
    "FIRST_TIMER": Role.NONE,
    "NONE": Role.NONE,
}


_REACTIONS = {"+1": ReactionKind.THUMBS_UP, "-1": ReactionKind.THUMBS_DOWN}


def is_about(url: str, tail: str) -> bool:
    """Tell whether an API address ends with a path; GitHub's names do not tell upper from lower case.

    Args:
        url: As in a reply: `https://api.github.com/repos/Owner/Name`.
        tail: `/repos/owner/name/issues/12`.

    Returns:
        Whether it does.
    """
    return url.casefold().endswith(tail.casefold())


def account_of(row: UserRow | None) -> Account:
    """Return who it is; `GHOST` for a deleted account."""
    if row is None or (row.login == "ghost" and row.id == _GITHUBS_OWN_GHOST_ID):
        return GHOST
    return Account(login=row.login, id=row.id, is_bot=row.type == "Bot")


def role_of(association: str | None, author: Account) -> Role:
    """Return what an author is to the repository.

    Args:
        association: GitHub's `author_association`.
        author: Who.

    Returns:
        `unknown` for whatever is not certain.
    """
    if author.id == 0:
        return Role.UNKNOWN
    return Role.BOT if author.is_bot else _ROLES.get(association or "", Role.UNKNOWN)


def issue_of(row: IssueRow, repo: RepoRef) -> Issue:
    """Return the issue.

    Args:
        row: As read.
        repo: The repository asked.

    Returns:
        It, with the repository's name as we write it.
    """
    author = account_of(row.user)
    return Issue(
        ref=IssueRef(repo, row.number),
        id=row.id,
        title=row.title,
        body=row.body or "",
        author=author,
        role=role_of(row.author_association, author),
        state=row.state,
        state_reason=row.state_reason or "",
        locked=row.locked,
        labels=tuple(label if isinstance(label, str) else label.name for label in row.labels),
        assignees=tuple(user.login for user in row.assignees or ()),
        comment_count=row.comments,
        created_at=row.created_at,
        updated_at=row.updated_at,
        url=row.html_url,
        is_pull_request=row.pull_request is not None,
        thumbs_up=row.reactions.up if row.reactions else 0,
        thumbs_down=row.reactions.down if row.reactions else 0,
        milestone=row.milestone.title if row.milestone else "",
        closed_at=row.closed_at,
    )


def comment_of(row: CommentRow) -> Comment:
    """Return the comment."""
    author = account_of(row.user)
    return Comment(
        id=row.id,
        author=author,
        role=role_of(row.author_association, author),
        body=row.body or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        thumbs_up=row.reactions.up if row.reactions else None,
        thumbs_down=row.reactions.down if row.reactions else None,
    )


def reaction_of(row: ReactionRow) -> Reaction:
    """Return the reaction; GitHub has eight kinds, of which two say yes or no."""
    kind = _REACTIONS.get(row.content, ReactionKind.OTHER)
    return Reaction(id=row.id, author=account_of(row.user), kind=kind, at=row.created_at)


def changes_of(data: object) -> tuple[Change, ...]:
    """Return the entries of a history that `ChangeKind` has a word for, in the forge's order.

    Args:
        data: Parsed JSON of an issue's events.

    Returns:
        The changes.

    Raises:
        ValueError: The reply has another shape.
    """
    known = [row for row in read(tuple[dict[str, Any], ...], data) if row.get("event") in tuple(ChangeKind)]
    return tuple(_change_of(row) for row in read(tuple[EventRow, ...], known))


def _change_of(row: EventRow) -> Change:
    # Of an assignment GitHub calls the one who was assigned the actor, and who did it the assigner.
    actor = account_of(row.assigner or row.actor)
    return Change(
        id=row.id,
        kind=row.event,
        actor=actor if actor.id else None,
        at=row.created_at,
        label=row.label.name if row.label else "",
        assignee=row.assignee.login if row.assignee else "",
    )


def labellings_of(data: object, repo: RepoRef) -> tuple[Labelling, ...]:
    """Return the labels put on, out of a page of a repository's history.

    Args:
        data: Parsed JSON of a repository's events.
        repo: The repository asked; what is about another one is left out.

    Returns:
        In the forge's order.

    Raises:
        ValueError: The reply has another shape.
    """
    put_on = [row for row in read(tuple[dict[str, Any], ...], data) if row.get("event") == ChangeKind.LABELED]
    return tuple(
        Labelling(
            number=row.issue.number,
            label=row.label.name,
            actor=actor if (actor := account_of(row.actor)).id else None,
            at=row.created_at,
        )
        for row in read(tuple[LabellingRow, ...], put_on)
        if row.issue is not None and is_about(row.issue.repository_url, f"/repos/{repo.path}")
    )


def labels_of(rows: Sequence[LabelRow]) -> tuple[Label, ...]:
    """Return the labels."""
    return tuple(Label(name=row.name, description=row.description or "") for row in rows)


def repository_of(row: RepoRow) -> RepoInfo:
    """Return the repository's facts."""
    may = row.permissions
    return RepoInfo(
        id=row.id,
        path=row.full_name,
        private=row.private,
        archived=row.archived,
        has_issues=row.has_issues,
        may_write=may.admin or may.maintain or may.push or may.triage,
        disabled=row.disabled,
        of_organization=row.owner is not None and row.owner.type == "Organization",
    )


def permission_of(row: PermissionRow, account: Account) -> Permission:
    """Return what an account may do.

    Args:
        row: As read; `role_name` tells maintain and triage apart, `permission` folds them into write and read, and
            stands in for roles of an organisation's own.
        account: Who was asked about; names change hands, so the id must fit.

    Returns:
        NONE when the answer is about somebody else.
    """
    if row.user is None or row.user.id != account.id:
        return Permission.NONE
    words: Mapping[str, Permission] = {permission.value: permission for permission in Permission}
    return words.get(row.role_name) or words.get(row.permission, Permission.NONE)


def as_utc(at: datetime) -> str:
    """Return a time as GitHub's parameters want it: whole seconds, cut and not rounded."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
