"""What can be done to an issue, in no forge's dialect. Callers hold the lock, check permission and read the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from foreman.sandbox.state import Change, Comment, Issue, Label, NoSuchThing, Repo
from foreman.sandbox.world import World


def find_issue(repo: Repo, number: int) -> Issue:
    """Return an issue that is still here; `NoSuchThing` when it never was, was deleted or transferred."""
    issue = repo.issues.get(number)
    if issue is None or issue.gone:
        raise NoSuchThing(f"the sandbox has no issue {repo.path}#{number}")
    return issue


def find_comment(repo: Repo, comment_id: int) -> tuple[Issue, Comment] | None:
    """Return a comment and its issue."""
    for issue in repo.issues.values():
        for comment in issue.comments:
            if comment.id == comment_id and not issue.gone:
                return issue, comment
    return None


def create_label(world: World, repo: Repo, name: str, description: str = "", color: str = "ededed") -> Label:
    """Return the repository's label of this name; an unknown one is made."""
    label = world.label(repo, name)
    if label is None:
        label = Label(id=world.new_id(), name=name, description=description, color=color)
        repo.labels.append(label)
    return label


def _next_number(repo: Repo) -> int:
    return next(reversed(repo.issues), 0) + 1  # They are kept in the order of their numbers.


def open_issue(
    world: World,
    repo: Repo,
    *,
    title: str,
    body: str | None,
    author: str,
    at: datetime,
    labels: Iterable[str] = (),
    pull_request: bool = False,
    confidential: bool = False,
) -> Issue:
    """Open an issue; labels that do not exist are made."""
    world.account(author, at=at)
    number = _next_number(repo)
    issue = Issue(
        id=world.new_id(),
        number=number,
        title=title,
        body=body,
        author=author,
        created_at=world.time(at),
        updated_at=world.time(at),
        is_pull_request=pull_request,
        confidential=confidential,
    )
    world.keep(repo, issue, at=at)
    return add_labels(world, repo, issue, labels, by=author, at=at)


THROTTLE = timedelta(minutes=1)
"""For so long after a change, GitLab's `updated_at` is moved by no comment, and by no label and assignee of whoever
changed the issue last (`ThrottledTouch` in its sources)."""


def _change(
    world: World,
    repo: Repo,
    issue: Issue,
    *,
    at: datetime,
    kind: str = "",
    by: str = "",
    subject: str = "",
    before: str = "",
    light: bool = False,
) -> Issue:
    """Keep a new version: the history one longer when a kind is given, `updated_at` moved unless it is light."""
    changes = issue.changes
    if kind:
        world.account(by, at=at)
        entry = Change(id=world.new_id(), kind=kind, actor=by, at=world.time(at), subject=subject, before=before)
        changes = (*changes, entry)
    updated_at = max(issue.updated_at, world.time(at))
    if world.kind == "gitlab":
        if light and by in ("", issue.updated_by) and updated_at - issue.updated_at <= THROTTLE:
            updated_at = issue.updated_at
        issue = replace(issue, updated_by=by or issue.updated_by)
    return world.keep(repo, replace(issue, changes=changes, updated_at=updated_at), at=at)


def add_labels(world: World, repo: Repo, issue: Issue, names: Iterable[str], *, by: str, at: datetime) -> Issue:
    """Put labels on; those that do not exist are made, those already there stay, on GitLab one of each scope."""
    for name in names:
        label = create_label(world, repo, name)
        if label.name not in issue.labels:
            for other in rivals(world, issue.labels, label.name):
                issue = remove_label(world, repo, issue, other, by=by, at=at)
            issue = replace(issue, labels=(*issue.labels, label.name))
            issue = _change(world, repo, issue, kind="labeled", by=by, at=at, subject=label.name, light=True)
    return issue


def rivals(world: World, labels: Iterable[str], name: str) -> tuple[str, ...]:
    """Return those of the labels that this one pushes out.

    https://docs.gitlab.com/user/project/labels/#scoped-labels: of `priority::1` and `priority::2` an issue has one.
    """
    scope, colons, _ = name.rpartition("::")
    if world.kind == "github" or not (scope and colons):
        return ()
    return tuple(label for label in labels if label != name and label.rpartition("::")[0] == scope)


def remove_label(world: World, repo: Repo, issue: Issue, name: str, *, by: str, at: datetime) -> Issue:
    """Take a label off; nothing happens when it is not there."""
    found = next((label for label in issue.labels if world.same(label, name)), None)
    if found is None:
        return issue
    issue = replace(issue, labels=tuple(label for label in issue.labels if label != found))
    return _change(world, repo, issue, kind="unlabeled", by=by, at=at, subject=found, light=True)


def edit(
    world: World, repo: Repo, issue: Issue, *, title: str | None, body: str | None, by: str, at: datetime
) -> Issue:
    """Change title or body; None leaves it as it is."""
    if title is not None and title != issue.title:
        before, issue = issue.title, replace(issue, title=title)
        issue = _change(world, repo, issue, kind="renamed", by=by, at=at, subject=title, before=before)
    if body is not None and body != issue.body:
        kind = "described" if world.kind == "gitlab" else ""
        issue = _change(world, repo, replace(issue, body=body), kind=kind, by=by, at=at)
    return issue


def comment(
    world: World, repo: Repo, issue: Issue, *, author: str, body: str, at: datetime, internal: bool = False
) -> tuple[Issue, Comment]:
    """Add a comment."""
    world.account(author, at=at)
    told = world.time(at)
    new = Comment(id=world.new_id(), author=author, body=body, created_at=told, updated_at=told, internal=internal)
    return _change(world, repo, replace(issue, comments=(*issue.comments, new)), at=at, light=True), new


def edit_comment(world: World, repo: Repo, issue: Issue, comment_id: int, *, body: str, at: datetime) -> Comment:
    """Replace a comment's text."""
    changed = tuple(
        replace(entry, body=body, updated_at=world.time(at)) if entry.id == comment_id else entry
        for entry in issue.comments
    )
    _change(world, repo, replace(issue, comments=changed), at=at, light=True)
    return next(entry for entry in changed if entry.id == comment_id)


def delete_comment(world: World, repo: Repo, issue: Issue, comment_id: int, *, at: datetime) -> Issue:
    """Delete a comment; on GitLab that moves no time."""
    left = tuple(entry for entry in issue.comments if entry.id != comment_id)
    if world.kind == "gitlab":
        return world.keep(repo, replace(issue, comments=left), at=at)
    return _change(world, repo, replace(issue, comments=left), at=at)


def close(
    world: World, repo: Repo, issue: Issue, *, by: str, reason: str, at: datetime, duplicate_of: int | None = None
) -> Issue:
    """Close with a reason; a closed one changes its reason only."""
    if issue.state == "closed":
        return (
            issue if issue.state_reason == reason else _change(world, repo, replace(issue, state_reason=reason), at=at)
        )
    issue = replace(issue, state="closed", state_reason=reason, closed_at=world.time(at), closed_by=by)
    issue = replace(issue, duplicate_of=duplicate_of)
    return _change(world, repo, issue, kind="closed", by=by, at=at, subject=reason)


def reopen(world: World, repo: Repo, issue: Issue, *, by: str, at: datetime) -> Issue:
    """Open again; nothing happens when it is open."""
    if issue.state == "open":
        return issue
    issue = replace(issue, state="open", state_reason="reopened", closed_at=None, closed_by="", duplicate_of=None)
    return _change(world, repo, issue, kind="reopened", by=by, at=at)


def plan(world: World, repo: Repo, issue: Issue, milestone: str, *, by: str, at: datetime) -> Issue:
    """Plan an issue for a milestone; an empty title for none."""
    if issue.milestone == milestone:
        return issue
    return _change(world, repo, replace(issue, milestone=milestone), kind="milestoned", by=by, at=at)


def set_locked(world: World, repo: Repo, issue: Issue, locked: bool, *, by: str, at: datetime) -> Issue:
    """Lock or unlock the conversation."""
    if issue.locked == locked:
        return issue
    kind = "locked" if locked else "unlocked"
    return _change(world, repo, replace(issue, locked=locked), kind=kind, by=by, at=at)


def set_confidential(world: World, repo: Repo, issue: Issue, confidential: bool, *, by: str, at: datetime) -> Issue:
    """Show an issue to few, or to everybody who sees the repository."""
    if issue.confidential == confidential:
        return issue
    kind = "confidential" if confidential else "visible"
    return _change(world, repo, replace(issue, confidential=confidential), kind=kind, by=by, at=at)


def assign(world: World, repo: Repo, issue: Issue, login: str, *, by: str, at: datetime) -> Issue:
    """Assign somebody; nothing happens when they are."""
    if login in issue.assignees:
        return issue
    issue = replace(issue, assignees=(*issue.assignees, login))
    return _change(world, repo, issue, kind="assigned", by=by, at=at, subject=login, light=True)


def unassign(world: World, repo: Repo, issue: Issue, login: str, *, by: str, at: datetime) -> Issue:
    """Take an assignment back; nothing happens when there is none."""
    if login not in issue.assignees:
        return issue
    issue = replace(issue, assignees=tuple(name for name in issue.assignees if name != login))
    return _change(world, repo, issue, kind="unassigned", by=by, at=at, subject=login, light=True)


def delete(world: World, repo: Repo, issue: Issue, *, at: datetime) -> Issue:
    """Delete an issue; its number stays taken."""
    return _change(world, repo, replace(issue, deleted=True), at=at)


def transfer(world: World, repo: Repo, issue: Issue, target: Repo, *, by: str, at: datetime) -> Issue:
    """Move an issue to another repository, where it gets a new id and number; the old place points there.

    GitLab leaves the old one to be read, closed, and copies what was said.
    """
    number = _next_number(target)
    kept = tuple(label for label in issue.labels if world.label(target, label))
    arrived = replace(issue, id=world.new_id(), number=number, labels=kept)
    left = replace(issue, moved_to=(target.id, number), comments=())
    if world.kind == "gitlab":
        copies = tuple(replace(comment, id=world.new_id()) for comment in issue.comments)
        arrived = replace(arrived, comments=copies, changes=())
        left = replace(left, comments=issue.comments, state="closed", closed_at=world.time(at), closed_by=by)
        _change(world, repo, left, kind="moved", by=by, at=at, subject=f"{target.path}#{number}")
    else:
        _change(world, repo, left, at=at)
    world.keep(target, arrived, at=at)
    where = f"{repo.path}#{issue.number}"
    return _change(world, target, arrived, kind="transferred", by=by, at=at, subject=repo.path, before=where)


def rename(world: World, repo: Repo, path: str) -> None:
    """Give a repository a new path; the earlier one leads to it until somebody takes it."""
    world.renames[repo.path.lower()] = repo.id
    world.renames.pop(path.lower(), None)
    repo.path = path
