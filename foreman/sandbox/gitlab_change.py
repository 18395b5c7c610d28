"""Changing an issue in GitLab's dialect: what is wanted is the issue as it should be; the difference is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from foreman.sandbox import operations
from foreman.sandbox.gitlab_call import PLANNER, Call, unreadable
from foreman.sandbox.state import Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What leads from an issue as it is to the issue as it should be.

    Attributes:
        effects: In the ledger's words.
        do: Does it; returns the issue.
    """

    effects: tuple[str, ...]
    do: Callable[[], Issue]


def called(call: Call, issue: Issue) -> str:
    """Return the issue's name in the ledger."""
    return f"{call.repo.path}#{issue.number}"


def difference(call: Call, issue: Issue, wanted: Issue) -> Difference:
    """Compare an issue with what it should be.

    Args:
        call: Who does it, where and when.
        issue: As it is.
        wanted: As it should be.

    Returns:
        What to do about it; nothing where they are alike.
    """
    name, by, at = called(call, issue), call.login or "", call.now
    world, repo = call.world, call.repo
    gone = [label for label in issue.labels if label not in wanted.labels]
    new = [label for label in wanted.labels if label not in issue.labels]
    left = [login for login in issue.assignees if login not in wanted.assignees]
    joined = [login for login in wanted.assignees if login not in issue.assignees]
    effects = [f"edit {name}"] if (issue.title, issue.body) != (wanted.title, wanted.body) else []
    if wanted.state != issue.state:
        closed = f"close {name} {wanted.state_reason}".rstrip()
        effects.append(closed if wanted.state == "closed" else f"reopen {name}")
    effects += [f"label- {label} {name}" for label in gone]
    for label in new:
        effects += [f"create-label {label} {repo.path}"] if world.label(repo, label) is None else []
        effects.append(f"label+ {label} {name}")
    effects += [f"unassign {login} {name}" for login in left] + [f"assign {login} {name}" for login in joined]
    if wanted.locked != issue.locked:
        effects.append(f"{'lock' if wanted.locked else 'unlock'} {name}")
    if wanted.confidential != issue.confidential:
        effects.append(f"{'make-confidential' if wanted.confidential else 'make-visible'} {name}")

    def do() -> Issue:
        changed = operations.edit(world, repo, issue, title=wanted.title, body=wanted.body, by=by, at=at)
        if wanted.state != issue.state and wanted.state == "closed":
            changed = operations.close(
                world, repo, changed, by=by, reason=wanted.state_reason, duplicate_of=wanted.duplicate_of, at=at
            )
        elif wanted.state != issue.state:
            changed = operations.reopen(world, repo, changed, by=by, at=at)
        for label in gone:
            changed = operations.remove_label(world, repo, changed, label, by=by, at=at)
        changed = operations.add_labels(world, repo, changed, new, by=by, at=at)
        for login in left:
            changed = operations.unassign(world, repo, changed, login, by=by, at=at)
        for login in joined:
            changed = operations.assign(world, repo, changed, login, by=by, at=at)
        changed = operations.set_locked(world, repo, changed, wanted.locked, by=by, at=at)
        return operations.set_confidential(world, repo, changed, wanted.confidential, by=by, at=at)

    return Difference(effects=tuple(effects), do=do)


def closed(issue: Issue, reason: str = "", *, duplicate_of: int | None = None) -> Issue:
    """Return the issue closed; GitLab knows no reason but that it is a duplicate."""
    if issue.state == "closed":
        return issue
    return replace(issue, state="closed", state_reason=reason, duplicate_of=duplicate_of)


def reopened(issue: Issue) -> Issue:
    """Return the issue open; a locked one cannot be opened again."""
    return issue if issue.locked else replace(issue, state="open")


def labelled(call: Call, issue: Issue, names: Iterable[str]) -> Issue:
    """Return the issue with these labels on, one of each scope; the last one stays."""
    for name in names:
        if name not in issue.labels:
            out = operations.rivals(call.world, issue.labels, name)
            issue = replace(issue, labels=(*(label for label in issue.labels if label not in out), name))
    return issue


def unlabelled(issue: Issue, names: Iterable[str]) -> Issue:
    """Return the issue without these labels."""
    out = set(names)
    return replace(issue, labels=tuple(label for label in issue.labels if label not in out))


def may_triage(call: Call) -> bool:
    """Tell whether the asker may change labels, assignees, the lock and who sees it."""
    return call.level >= PLANNER


def names(call: Call, parameter: str) -> list[str] | None:
    """Read labels: one text with commas, or a list; None when there are none to read."""
    value: Any = call.params().get(parameter)
    if value is None:
        return None
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(row, str) for row in rows):
        raise unreadable(parameter)
    return [name.strip() for row in rows for name in row.split(",") if name.strip()]
