"""What GitHub's front does for POST, PATCH, PUT and DELETE: each handler checks, and hands back the change undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foreman.sandbox import operations
from foreman.sandbox.github_call import Call, Refused, Reply, invalid
from foreman.sandbox.state import PERMISSIONS, Comment, Issue

MAX_BODY = 65_536
"""Characters of an issue or comment."""

_REASONS = ("completed", "not_planned", "duplicate", "reopened")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """A change that was allowed.

    Attributes:
        effect: What it would change.
        do: Does it; returns the answer and the exact effect.
    """

    effect: str
    do: Callable[[], tuple[Reply, str]]


def _name(call: Call, issue: Issue) -> str:
    return f"{call.repo.path}#{issue.number}"


def _writable(call: Call) -> None:
    if call.repo.archived and call.actor:
        raise Refused(403, "Repository was archived so is read-only.")


def _text(call: Call, resource: str, field: str, *, required: bool) -> str | None:
    value = call.body().get(field)
    if value is None and not required:
        return None
    if value is None:
        raise Refused(422, f'Invalid request.\n\n"{field}" wasn\'t supplied.')
    if not isinstance(value, str):
        raise Refused(422, f"Invalid request.\n\nFor 'properties/{field}', {value!r} is not a string.")
    if len(value) > MAX_BODY:
        message = f"{field} is too long (maximum is {MAX_BODY} characters)"
        raise invalid(resource, field, code="custom", message=message)
    return value


def _names(value: Any, key: str) -> list[str]:
    """Read labels or logins: a list of strings, or of objects with a name."""
    rows = value.get(key) if isinstance(value, dict) else value
    rows = [rows] if isinstance(rows, str) else rows
    if not isinstance(rows, list):
        raise Refused(422, f'Invalid request.\n\n"{key}" wasn\'t supplied.')
    names = [row.get("name") if isinstance(row, dict) else row for row in rows]
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise invalid("Label", "name", code="missing_field")
    return [str(name) for name in names]


def open_issue(call: Call) -> Doing:
    """Open an issue. Labels and assignees of one without write access are dropped without a word, as on GitHub."""
    actor = call.actor
    _writable(call)
    if not call.repo.has_issues:
        raise Refused(410, "Issues has been disabled in this repository.")
    title = _text(call, "Issue", "title", required=True) or ""
    if not title.strip():
        raise invalid("Issue", "title", code="missing_field")
    body = _text(call, "Issue", "body", required=False)
    labels = _names(call.body().get("labels") or [], "labels") if call.repo.may(actor, "write") else []

    def do() -> tuple[Reply, str]:
        issue = operations.open_issue(
            call.world, call.repo, title=title, body=body, author=actor, labels=labels, at=call.now
        )
        where = (("Location", call.shapes.issue_url(call.repo, issue)),)
        shape = call.shapes.issue(call.repo, issue, whole=True)
        return Reply(status=201, body=shape, headers=where), f"open {_name(call, issue)}"

    return Doing(effect=f"open {call.repo.path}", do=do)


def patch_issue(call: Call) -> Doing:
    """Change title, body, state, labels or assignees."""
    issue, actor, sent = call.issue(), call.actor, call.body()
    _writable(call)
    title = _text(call, "Issue", "title", required=False)
    body = _text(call, "Issue", "body", required=False)
    state, reason = sent.get("state"), sent.get("state_reason")
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state", value=state)
    if reason not in (None, *_REASONS):
        raise invalid("Issue", "state_reason", value=reason)
    labels = _names(sent["labels"], "labels") if "labels" in sent else None
    people = _names(sent["assignees"], "assignees") if "assignees" in sent else None
    if actor != issue.author or labels is not None or people is not None:
        call.demand("triage" if title is None and body is None else "write")
    name = _name(call, issue)
    effects: list[str] = []
    if (title is not None and title != issue.title) or (body is not None and body != issue.body):
        effects.append(f"edit {name}")
    why = str(reason or "completed")
    if state == "closed" and (issue.state == "open" or (reason and why != issue.state_reason)):
        effects.append(f"close {name} {why}")
    if state == "open" and issue.state == "closed":
        effects.append(f"reopen {name}")
    gone = [] if labels is None else [label for label in issue.labels if label not in labels]
    new = [label for label in labels or () if label not in issue.labels]
    effects += [f"label- {label} {name}" for label in gone] + [f"label+ {label} {name}" for label in new]
    left = [] if people is None else [login for login in issue.assignees if login not in people]
    joined = [login for login in people or () if login not in issue.assignees and call.repo.may(login, "triage")]
    effects += [f"unassign {login} {name}" for login in left] + [f"assign {login} {name}" for login in joined]

    def do() -> tuple[Reply, str]:
        world, repo, at = call.world, call.repo, call.now
        changed = operations.edit(world, repo, issue, title=title, body=body, by=actor, at=at)
        if f"close {name} {why}" in effects:
            changed = operations.close(world, repo, changed, by=actor, reason=why, at=at)
        elif f"reopen {name}" in effects:
            changed = operations.reopen(world, repo, changed, by=actor, at=at)
        for label in gone:
            changed = operations.remove_label(world, repo, changed, label, by=actor, at=at)
        changed = operations.add_labels(world, repo, changed, new, by=actor, at=at)
        for login in left:
            changed = operations.unassign(world, repo, changed, login, by=actor, at=at)
        for login in joined:
            changed = operations.assign(world, repo, changed, login, by=actor, at=at)
        return Reply(status=200, body=call.shapes.issue(repo, changed, whole=True)), "; ".join(effects)

    return Doing(effect="; ".join(effects), do=do)


def post_comment(call: Call) -> Doing:
    """Comment."""
    issue, actor = call.issue(), call.actor
    _writable(call)
    # GitHub refuses apps and lets people with write access through; refusing all but the admins spares tests an app.
    if issue.locked and (call.world.accounts[actor].kind == "Bot" or not call.repo.may(actor, "admin")):
        raise Refused(403, "Unable to create comment because issue is locked.")
    body = _comment_body(call)

    def do() -> tuple[Reply, str]:
        changed, comment = operations.comment(call.world, call.repo, issue, author=actor, body=body, at=call.now)
        shape = call.shapes.comment(call.repo, changed, comment)
        reply = Reply(status=201, body=shape, headers=(("Location", shape["url"]),))
        return reply, f"comment {_name(call, issue)} id={comment.id}"

    return Doing(effect=f"comment {_name(call, issue)}", do=do)


def _comment_body(call: Call) -> str:
    body = _text(call, "IssueComment", "body", required=True) or ""
    if not body.strip():
        raise invalid("IssueComment", "data", code="unprocessable", message="Body cannot be blank")
    return body


def _own_comment(call: Call) -> tuple[Issue, Comment]:
    actor = call.actor
    found = operations.find_comment(call.repo, int(call.args[0]))
    if found is None:
        raise Refused(404, "Not Found")
    _writable(call)
    if found[1].author != actor:
        call.demand("write")
    return found


def patch_comment(call: Call) -> Doing:
    """Replace a comment's text."""
    issue, comment = _own_comment(call)
    body = _comment_body(call)
    effect = f"edit-comment {_name(call, issue)} id={comment.id}" if body != comment.body else ""

    def do() -> tuple[Reply, str]:
        changed = comment
        if effect:
            changed = operations.edit_comment(call.world, call.repo, issue, comment.id, body=body, at=call.now)
        return Reply(status=200, body=call.shapes.comment(call.repo, issue, changed)), effect

    return Doing(effect=effect, do=do)


def delete_comment(call: Call) -> Doing:
    """Delete a comment."""
    issue, comment = _own_comment(call)
    effect = f"delete-comment {_name(call, issue)} id={comment.id}"

    def do() -> tuple[Reply, str]:
        operations.delete_comment(call.world, call.repo, issue, comment.id, at=call.now)
        return Reply(status=204), effect

    return Doing(effect=effect, do=do)


def post_labels(call: Call) -> Doing:
    """Put labels on an issue; those that do not exist are made, where the asker may."""
    issue, actor = call.issue(), call.actor
    _writable(call)
    call.demand("triage")
    if call.request.bad_body:
        raise Refused(400, "Problems parsing JSON")
    names = _names(call.request.body, "labels")
    unknown = [name for name in names if call.repo.label(name) is None]
    if unknown and PERMISSIONS.index(call.repo.permission(actor)) < PERMISSIONS.index("write"):
        raise Refused(403, "You do not have permission to create labels on this repository.")
    exact = [label.name if (label := call.repo.label(name)) else name for name in names]
    new = [name for name in dict.fromkeys(exact) if name not in issue.labels]
    effect = "; ".join(f"label+ {name} {_name(call, issue)}" for name in new)

    def do() -> tuple[Reply, str]:
        changed = operations.add_labels(call.world, call.repo, issue, new, by=actor, at=call.now)
        return Reply(status=200, body=call.shapes.labels(call.repo, changed)), effect

    return Doing(effect=effect, do=do)


def delete_label(call: Call) -> Doing:
    """Take one label off an issue."""
    issue, actor = call.issue(), call.actor
    _writable(call)
    call.demand("triage")
    name = next((label for label in issue.labels if label.lower() == call.args[1].lower()), None)
    if name is None:
        raise Refused(404, "Label does not exist")
    effect = f"label- {name} {_name(call, issue)}"

    def do() -> tuple[Reply, str]:
        changed = operations.remove_label(call.world, call.repo, issue, name, by=actor, at=call.now)
        return Reply(status=200, body=call.shapes.labels(call.repo, changed)), effect

    return Doing(effect=effect, do=do)


def create_label(call: Call) -> Doing:
    """Make a label on the repository."""
    _writable(call)
    call.demand("write")
    name = _text(call, "Label", "name", required=True) or ""
    if not name.strip():
        raise invalid("Label", "name", code="missing_field")
    if call.repo.label(name) is not None:
        raise invalid("Label", "name", code="already_exists")
    description, color = (
        str(call.body().get(key) or other) for key, other in (("description", ""), ("color", "ededed"))
    )
    effect = f"create-label {name} {call.repo.path}"

    def do() -> tuple[Reply, str]:
        label = operations.create_label(call.world, call.repo, name, description, color)
        return Reply(status=201, body=call.shapes.label(call.repo, label)), effect

    return Doing(effect=effect, do=do)


def assign(call: Call) -> Doing:
    """Assign people; those who cannot be assigned are dropped without a word, as on GitHub."""
    return _assign(call, True)


def unassign(call: Call) -> Doing:
    """Take assignments back."""
    return _assign(call, False)


def _assign(call: Call, add: bool) -> Doing:
    issue, actor = call.issue(), call.actor
    _writable(call)
    call.demand("triage")
    names = list(dict.fromkeys(_names(call.body(), "assignees")))
    if add:
        names = [name for name in names if call.repo.may(name, "triage") and name not in issue.assignees]
    else:
        names = [name for name in names if name in issue.assignees]
    verb = "assign" if add else "unassign"
    effect = "; ".join(f"{verb} {name} {_name(call, issue)}" for name in names)

    def do() -> tuple[Reply, str]:
        changed, change = issue, operations.assign if add else operations.unassign
        for name in names:
            changed = change(call.world, call.repo, changed, name, by=actor, at=call.now)
        return Reply(status=201 if add else 200, body=call.shapes.issue(call.repo, changed, whole=True)), effect

    return Doing(effect=effect, do=do)


def lock(call: Call) -> Doing:
    """Lock the conversation."""
    return _lock(call, True)


def unlock(call: Call) -> Doing:
    """Unlock the conversation."""
    return _lock(call, False)


def _lock(call: Call, locked: bool) -> Doing:
    issue, actor = call.issue(), call.actor
    _writable(call)
    call.demand("triage")
    effect = f"{'lock' if locked else 'unlock'} {_name(call, issue)}" if issue.locked != locked else ""

    def do() -> tuple[Reply, str]:
        operations.set_locked(call.world, call.repo, issue, locked, by=actor, at=call.now)
        return Reply(status=204), effect

    return Doing(effect=effect, do=do)
