"""GitLab's JSON, as read by `gitlab_rows`, in Foreman's words. No request."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from foreman.forge.base import Permission, RepoInfo
from foreman.forge.gitlab_rows import AwardRow, IssueRow, LabelRow, LinksRow, MemberRow, NoteRow, ProjectRow, UserRow
from foreman.forge.grants import TokenKind
from foreman.model import Account, Comment, Issue, IssueRef, Label, Reaction, ReactionKind, RepoRef, Role

GHOST = Account(login="ghost", id=0)
"""Whoever deleted the account: GitLab gives all it left to one user of this name, whose id each instance chooses."""

GUEST, PLANNER, REPORTER, DEVELOPER, MAINTAINER, OWNER = 10, 15, 20, 30, 40, 50
"""GitLab's access levels; https://docs.gitlab.com/api/access_requests/ lists them. Others lie in between."""

_ROLES = ((OWNER, Role.OWNER), (MAINTAINER, Role.MAINTAINER), (DEVELOPER, Role.MEMBER), (PLANNER, Role.COLLABORATOR))
_PERMISSIONS = (
    (OWNER, Permission.ADMIN),
    (MAINTAINER, Permission.MAINTAIN),
    (DEVELOPER, Permission.WRITE),
    (PLANNER, Permission.TRIAGE),
    (GUEST, Permission.READ),
)
_TOKENS_OWN = re.compile(r"(?P<whose>project|group)_\d+_bot(?:_?[0-9a-z]+)?")
"""User of a project's or group's access token (docs.gitlab.com, "Project access tokens", "Bot users for projects")."""

_FORGES_OWN = re.compile(
    r"(?:gitlab-)?(?:support|alert|security|migration|automation|admin|visual-review|suggested-reviewers|duo-code-review)"
    r"-bot\d*|gitlabduo|service_account_\w+",
    re.IGNORECASE,
)
"""Users that GitLab makes for itself, and service accounts under the names it gives them."""

Roles = Callable[[Account], Role]
"""What an account is to the project."""


def project(repo: RepoRef) -> str:
    """Return the address of a project: GitLab takes the whole path as one part of it."""
    return f"/projects/{quote(repo.path, safe='')}"


def is_about(row: IssueRow, repo: RepoRef) -> bool:
    """Tell whether an issue is of a project; GitLab's paths do not tell upper from lower case."""
    return row.references.full.casefold() == f"{repo.path}#{row.iid}".casefold()


def account_of(row: UserRow | None) -> Account:
    """Return who it is; `GHOST` for a deleted account.

    Args:
        row: As read. Most say nothing of bots; then the names do that GitLab itself gives to bots.

    Returns:
        The account.
    """
    if row is None or row.username == GHOST.login:
        return GHOST
    named = _TOKENS_OWN.fullmatch(row.username) or _FORGES_OWN.fullmatch(row.username)
    return Account(login=row.username, id=row.id, is_bot=bool(row.bot) or named is not None)


def token_kind(account: Account) -> TokenKind:
    """Return what sort of token belongs to an account."""
    found = _TOKENS_OWN.fullmatch(account.login)
    return TokenKind(found["whose"]) if found else TokenKind.PERSONAL


def level_of(row: MemberRow) -> int:
    """Return a member's access level, 0 for one who is blocked or has not accepted yet."""
    return row.access_level if row.state == "active" else 0


def role_of(level: int) -> Role:
    """Return what an access level makes of an author; a guest may do nothing here that a stranger may not."""
    return next((role for least, role in _ROLES if level >= least), Role.NONE)


def permission_of(level: int) -> Permission:
    """Return what an access level allows: labels and state from planner on, a word on approvals from developer on."""
    return next((permission for least, permission in _PERMISSIONS if level >= least), Permission.NONE)


def issue_of(row: IssueRow, repo: RepoRef, roles: Roles) -> Issue:
    """Return the issue.

    Args:
        row: As read.
        repo: The repository asked.
        roles: What its author is to the project.

    Returns:
        It. GitLab keeps no reason for a closed issue but that it is a duplicate, or was moved.
    """
    author = account_of(row.author)
    duplicate = row.links is not None and row.state == "closed" and row.links.closed_as_duplicate_of
    return Issue(
        ref=IssueRef(repo, row.iid),
        id=row.id,
        title=row.title,
        body=row.description or "",
        author=author,
        role=roles(author),
        state="open" if row.state == "opened" else "closed",
        state_reason="duplicate" if duplicate else "",
        locked=bool(row.discussion_locked),
        labels=row.labels,
        assignees=tuple(user.username for user in row.assignees or ()),
        comment_count=row.user_notes_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
        url=row.web_url,
        confidential=row.confidential,
        thumbs_up=row.upvotes,
        thumbs_down=row.downvotes,
        milestone=row.milestone.title if row.milestone else "",
        closed_at=row.closed_at,
        duplicate_of=_original(row.links) if row.links is not None and duplicate else None,
    )


def _original(links: LinksRow) -> int | None:
    """Return the number of the issue of the same project that an issue is a duplicate of."""
    project, _, _ = links.itself.rpartition("/")
    there, _, number = (links.closed_as_duplicate_of or "").rpartition("/")
    return int(number) if there == project and re.fullmatch(r"[0-9]{1,9}", number) else None


def comment_of(row: NoteRow, roles: Roles) -> Comment:
    """Return the comment; of an internal note only that there is one, so that nobody can quote it.

    Args:
        row: As read, no system note.
        roles: What its author is to the project.

    Returns:
        It. GitLab counts internal notes among an issue's, so that they cannot be left out.
    """
    author = account_of(row.author)
    internal = is_internal(row)
    return Comment(
        id=row.id,
        author=author,
        role=roles(author),
        body="" if internal else row.body or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        internal=internal,
    )


def is_internal(row: NoteRow) -> bool:
    """Tell whether a note is only for those with a role in the project."""
    return bool(row.internal) or bool(row.confidential)


def labels_of(rows: tuple[LabelRow, ...]) -> tuple[Label, ...]:
    """Return the labels."""
    return tuple(Label(name=row.name, description=row.description or "") for row in rows)


def reaction_of(row: AwardRow) -> Reaction:
    """Return the reaction; thumbs come in shades of skin."""
    thumb = row.name.partition("_tone")[0]
    kinds = {"thumbsup": ReactionKind.THUMBS_UP, "thumbsdown": ReactionKind.THUMBS_DOWN}
    return Reaction(
        id=row.id, author=account_of(row.user), kind=kinds.get(thumb, ReactionKind.OTHER), at=row.created_at
    )


def repository_of(row: ProjectRow, level: int) -> RepoInfo:
    """Return the repository's facts.

    Args:
        row: As read.
        level: Access level of the account that asks.

    Returns:
        A project that waits for its deletion counts as disabled.
    """
    return RepoInfo(
        id=row.id,
        path=row.path_with_namespace,
        private=row.visibility != "public",
        archived=row.archived,
        has_issues=row.issues_enabled is not False and row.issues_access_level != "disabled",
        may_write=level >= PLANNER,
        disabled=bool(row.marked_for_deletion_on or row.marked_for_deletion_at),
    )


def own_level(row: ProjectRow) -> int:
    """Return the access level that the project tells the account that asks; 0 when it tells none."""
    if row.permissions is None:
        return 0
    ways = (row.permissions.project_access, row.permissions.group_access)
    return max(way.access_level if way else 0 for way in ways)


def end_of(day: str | None) -> datetime | None:
    """Return when a token ends: with the beginning of a day, by UTC."""
    if day is None:
        return None
    at = datetime.fromisoformat(day)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def stamp(at: datetime) -> str:
    """Return a time as GitLab's parameters want it: whole milliseconds, as its replies have them, cut not rounded."""
    at = at.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def cut(at: datetime) -> datetime:
    """Return a time without what is finer than GitLab's replies tell."""
    return at - timedelta(microseconds=at.microsecond % 1000)
