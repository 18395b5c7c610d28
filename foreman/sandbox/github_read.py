"""What GitHub's front answers to GET."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from foreman.sandbox import github_accounts
from foreman.sandbox.github_call import Call, Refused, invalid
from foreman.sandbox.handling import Reply, turned
from foreman.sandbox.operations import find_comment
from foreman.sandbox.state import Change, Comment, Issue

MAX_PER_PAGE = 100
_COARSE = {"maintain": "write", "triage": "read"}


def _number(call: Call, name: str, default: int) -> int:
    text = call.request.query.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default


def _since(call: Call) -> datetime | None:
    text = call.request.query.get("since")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("Issue", "since", value=text) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _choice(call: Call, name: str, choices: Sequence[str]) -> str:
    value = call.request.query.get(name) or choices[0]
    if value not in choices:
        raise invalid("Issue", name, value=value)
    return value


def paged(call: Call, rows: Sequence[Any], write: Callable[[Any], Any]) -> Reply:
    """Answer one page of rows, with the addresses of its neighbours.

    Args:
        call: Whose `page` and `per_page` count.
        rows: All of them, in order.
        write: Makes JSON of one.

    Returns:
        The page.
    """
    size = min(_number(call, "per_page", 30), MAX_PER_PAGE)
    page = _number(call, "page", 1)
    rows = turned(rows, call.request.turn, size)
    last = max(1, -(-len(rows) // size))
    links = []
    if page > 1:
        links += [("prev", min(page - 1, last)), ("first", 1)]
    if page < last:
        links += [("next", page + 1), ("last", last)]

    def address(number: int) -> str:
        query = urlencode({**call.request.query, "page": number})
        return f"{call.request.base}{quote(call.request.path)}?{query}"

    link = ", ".join(f'<{address(number)}>; rel="{rel}"' for rel, number in links)
    body = [write(row) for row in rows[(page - 1) * size : page * size]]
    return Reply(status=200, body=body, headers=(("Link", link),) if link else ())


def _visible(call: Call) -> list[Issue]:
    versions = (call.world.as_of(issue, call.request.as_of) for issue in call.repo.issues.values())
    return [issue for issue in versions if issue is not None and not issue.gone]


def issues(call: Call) -> Reply:
    """List issues and pull requests."""
    if not call.repo.has_issues:
        raise Refused(410, "Issues has been disabled in this repository.")
    query = call.request.query
    state = _choice(call, "state", ("open", "closed", "all"))
    sort = _choice(call, "sort", ("created", "updated", "comments"))
    newest_first = _choice(call, "direction", ("desc", "asc")) == "desc"
    since = _since(call)
    wanted = {name.lower() for name in query.get("labels", "").split(",") if name}
    rows = [
        issue
        for issue in _visible(call)
        if state in ("all", issue.state)
        and (since is None or issue.updated_at >= since)
        and wanted <= {name.lower() for name in issue.labels}
        and query.get("creator", issue.author).lower() == issue.author.lower()
        and _assigned(issue, query.get("assignee", ""))
    ]
    keys: dict[str, Callable[[Issue], tuple[Any, ...]]] = {
        "created": lambda issue: (issue.created_at, issue.number),
        "updated": lambda issue: (issue.updated_at, issue.number),
        "comments": lambda issue: (len(issue.comments), issue.number),
    }
    rows.sort(key=keys[sort], reverse=newest_first)
    return paged(call, rows, lambda issue: call.shapes.issue(call.repo, issue))


def _assigned(issue: Issue, wanted: str) -> bool:
    if wanted in ("", "*", "none"):
        return not wanted or bool(issue.assignees) == (wanted == "*")
    return wanted in issue.assignees


def issue(call: Call) -> Reply:
    """Show one issue."""
    return Reply(status=200, body=call.shapes.issue(call.repo, call.issue(), whole=True))


def comments(call: Call) -> Reply:
    """List an issue's comments."""
    found, since = call.issue(), _since(call)
    rows = [comment for comment in found.comments if since is None or comment.updated_at >= since]
    return paged(call, rows, lambda comment: call.shapes.comment(call.repo, found, comment))


def repo_comments(call: Call) -> Reply:
    """List the comments of all issues."""
    since = _since(call)
    sort = _choice(call, "sort", ("created", "updated"))
    rows = [
        (found, comment)
        for found in _visible(call)
        for comment in found.comments
        if since is None or comment.updated_at >= since
    ]

    def key(row: tuple[Issue, Comment]) -> tuple[datetime, int]:
        return (row[1].updated_at if sort == "updated" else row[1].created_at), row[1].id

    rows.sort(key=key, reverse=_choice(call, "direction", ("asc", "desc")) == "desc")
    return paged(call, rows, lambda row: call.shapes.comment(call.repo, *row))


def comment(call: Call) -> Reply:
    """Show one comment."""
    found = find_comment(call.repo, int(call.args[0]))
    if found is None:
        raise Refused(404, "Not Found")
    return Reply(status=200, body=call.shapes.comment(call.repo, *found))


def issue_labels(call: Call) -> Reply:
    """List an issue's labels."""
    return paged(call, call.shapes.labels(call.repo, call.issue()), lambda row: row)


def labels(call: Call) -> Reply:
    """List the repository's labels."""
    return paged(call, call.repo.labels, lambda label: call.shapes.label(call.repo, label))


def label(call: Call) -> Reply:
    """Show one label."""
    found = call.repo.label(call.args[0])
    if found is None:
        raise Refused(404, "Not Found")
    return Reply(status=200, body=call.shapes.label(call.repo, found))


def events(call: Call) -> Reply:
    """List what happened to an issue."""
    rows = call.issue().changes
    return paged(call, rows, lambda change: call.shapes.change(call.repo, change))


def repo_events(call: Call) -> Reply:
    """List what happened to any issue, the newest first."""
    issues = (issue for issue in call.repo.issues.values() if not issue.deleted and issue.moved_to is None)
    rows = sorted(((change, issue) for issue in issues for change in issue.changes), key=lambda row: -row[0].id)

    def write(row: tuple[Change, Issue]) -> dict[str, Any]:
        change, issue = row
        return {**call.shapes.change(call.repo, change), "issue": call.shapes.issue(call.repo, issue)}

    return paged(call, rows, write)


def timeline(call: Call) -> Reply:
    """List what happened to an issue and what was said, in the order of time."""
    found = call.issue()
    rows = [(change.at, change.id, call.shapes.change(call.repo, change)) for change in found.changes]
    for entry in found.comments:
        body = call.shapes.comment(call.repo, found, entry)
        rows.append((entry.created_at, entry.id, {**body, "event": "commented", "actor": body["user"]}))
    return paged(call, sorted(rows, key=lambda row: row[:2]), lambda row: row[2])


def assignees(call: Call) -> Reply:
    """List whom issues can be assigned to."""
    names = dict.fromkeys([call.repo.owner, *(n for n in call.repo.collaborators if call.repo.may(n, "triage"))])
    people = [name for name in names if call.world.accounts[name].kind != "Organization"]
    return paged(call, people, call.shapes.user)


def assignee(call: Call) -> Reply:
    """Tell whether issues can be assigned to somebody."""
    if not call.repo.may(call.args[0], "triage"):
        raise Refused(404, "Not Found")
    return Reply(status=204)


def permission(call: Call) -> Reply:
    """Tell what somebody may do on the repository."""
    call.demand("write", "Must have push access to view collaborator permission.")
    user = call.shapes.user(call.args[0])
    if user is None:
        raise Refused(404, "Not Found")
    role = call.repo.permission(call.args[0])
    user |= {"permissions": github_accounts.permissions(role), "role_name": role}
    return Reply(status=200, body={"permission": _COARSE.get(role, role), "user": user, "role_name": role})


def repository(call: Call) -> Reply:
    """Show the repository."""
    return Reply(status=200, body=github_accounts.repository(call.shapes, call.repo, login=call.login))


def me(call: Call) -> Reply:
    """Show who is logged in."""
    return Reply(status=200, body=github_accounts.profile(call.shapes, call.world.accounts[call.actor]))


def user(call: Call) -> Reply:
    """Show an account."""
    account = call.world.accounts.get(call.args[0])
    if account is None:
        raise Refused(404, "Not Found")
    return Reply(status=200, body=github_accounts.profile(call.shapes, account))
