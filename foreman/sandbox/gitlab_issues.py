"""Issues and their events in GitLab's dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from foreman.sandbox import operations
from foreman.sandbox.gitlab_call import OWNER, Call, Refused, sees, unreadable
from foreman.sandbox.gitlab_change import (
    called,
    closed,
    difference,
    labelled,
    may_triage,
    names,
    reopened,
    unlabelled,
)
from foreman.sandbox.gitlab_commands import obey
from foreman.sandbox.gitlab_pages import keyset, paged
from foreman.sandbox.handling import Doing, Reply
from foreman.sandbox.state import Issue

MAX_TITLE = 255
_CHANGEABLE = (
    "title",
    "description",
    "assignee_ids",
    "assignee_id",
    "discussion_locked",
    "labels",
    "add_labels",
    "remove_labels",
    "confidential",
    "state_event",
)
_KEYS: dict[str, Callable[[Issue], list[Any]]] = {
    "created_at": lambda issue: [issue.created_at.timestamp(), issue.id],
    "updated_at": lambda issue: [issue.updated_at.timestamp(), issue.id],
    "title": lambda issue: [issue.title.lower(), issue.id],
}


def issues(call: Call) -> Reply:
    """List the issues of a project that the asker sees; `updated_after` includes its moment."""
    state = call.choice("state", "all", "opened", "closed")
    after, before = call.time("updated_after"), call.time("updated_before")
    order, down = call.choice("order_by", *_KEYS), call.choice("sort", "desc", "asc") == "desc"
    wanted = set(names(call, "labels") or ())
    only = call.flag("confidential")
    iids = call.request.lists.get("iids[]", ())
    versions = (call.world.as_of(issue, call.request.as_of) for issue in call.repo.issues.values())
    rows = [
        issue
        for issue in versions
        if issue is not None
        and sees(call.repo, issue, call.login)
        and state in ("all", "opened" if issue.state == "open" else "closed")
        and (after is None or issue.updated_at >= after)
        and (before is None or issue.updated_at <= before)
        and wanted <= set(issue.labels)
        and only in (None, issue.confidential)
        and (not iids or str(issue.number) in iids)
    ]
    rows.sort(key=_KEYS[order], reverse=down)

    def write(issue: Issue) -> dict[str, Any]:
        return call.shapes.issue(call.repo, issue)

    if call.request.query.get("pagination") == "keyset":
        return keyset(call, rows, write, _KEYS[order], down=down)
    return paged(call, rows, write)


def issue(call: Call) -> Reply:
    """Show one issue; one that was moved elsewhere is still shown, and says so."""
    return Reply(status=200, body=call.shapes.issue(call.repo, call.issue(), whole=True))


def open_issue(call: Call) -> Doing:
    """Open an issue. What an outsider may not set is dropped without a word; quick actions in the text run."""
    actor = call.actor
    call.demand(call.repo.has_issues and call.repo.may(actor, "read"))
    title = _title(call)
    if title is None:
        raise unreadable("title", why="is missing")
    blank = Issue(
        id=0, number=0, title=title, body="", author=actor, created_at=call.now, updated_at=call.now, labels=()
    )
    text = call.text("description")
    blank = replace(blank, confidential=call.flag("confidential") or False)
    if may_triage(call):
        blank = _as_asked(call, blank)
    told = obey(call, blank, text or "")
    wanted = replace(told.wanted, body=None if text is None else told.text)

    def do() -> tuple[Reply, str]:
        opened = operations.open_issue(
            call.world,
            call.repo,
            title=wanted.title,
            body=wanted.body,
            author=actor,
            at=call.now,
            confidential=wanted.confidential,
        )
        rest = difference(call, opened, replace(wanted, title=opened.title, body=opened.body))
        changed = rest.do()
        effects = (f"open {called(call, opened)}", *rest.effects, *told.others(called(call, opened)))
        return Reply(status=201, body=call.shapes.issue(call.repo, changed, whole=True)), "; ".join(effects)

    return Doing(effect=f"open {call.repo.path}", do=do)


def change_issue(call: Call) -> Doing:
    """Change an issue. Its author may edit, close and open it; the rest is for people who may triage."""
    found, actor = call.issue(), call.actor
    call.demand(may_triage(call) or actor in (found.author, *found.assignees))
    if not any(name in call.params() for name in _CHANGEABLE):
        missing = ", ".join(_CHANGEABLE)
        raise unreadable(missing, why="are missing, at least one parameter must be provided")
    wanted = replace(found, title=_title(call) or found.title)
    event = call.choice("state_event", "", "close", "reopen")
    if event:
        wanted = closed(wanted) if event == "close" else reopened(wanted)
    if may_triage(call):
        wanted = _as_asked(call, wanted)
    text = call.text("description")
    others: tuple[str, ...] = ()
    if text is not None:
        told = obey(call, wanted, text)
        wanted, others = replace(told.wanted, body=told.text), told.others(called(call, found))
    change = difference(call, found, wanted)
    effect = "; ".join((*change.effects, *others))

    def do() -> tuple[Reply, str]:
        return Reply(status=200, body=call.shapes.issue(call.repo, change.do(), whole=True)), effect

    return Doing(effect=effect, do=do)


def _title(call: Call) -> str | None:
    title = call.text("title")
    if title is not None and not title.strip():
        raise Refused(400, {"title": ["can't be blank"]})
    if title is not None and len(title) > MAX_TITLE:
        raise Refused(400, {"title": [f"is too long (maximum is {MAX_TITLE} characters)"]})
    return title


def _as_asked(call: Call, issue: Issue) -> Issue:
    """Return the issue with the labels, assignees, lock and confidentiality of the request."""
    if (labels := names(call, "labels")) is not None:
        issue = labelled(call, replace(issue, labels=()), labels)
    issue = labelled(call, issue, names(call, "add_labels") or ())
    issue = unlabelled(issue, names(call, "remove_labels") or ())
    locked, confidential = call.flag("discussion_locked"), call.flag("confidential")
    issue = replace(issue, locked=issue.locked if locked is None else locked)
    issue = replace(issue, confidential=issue.confidential if confidential is None else confidential)
    sent = call.params()
    ids = sent.get("assignee_ids", [sent["assignee_id"]] if "assignee_id" in sent else None)
    if ids is None:
        return issue
    logins = {str(account.id): account.login for account in call.world.accounts.values()}
    rows = ids if isinstance(ids, list) else str(ids).split(",")
    people = dict.fromkeys(logins[str(row)] for row in rows if str(row) in logins)
    return replace(issue, assignees=tuple(login for login in people if call.repo.may(login, "read")))


def delete_issue(call: Call) -> Doing:
    """Delete an issue, as owners may."""
    found = call.issue("404 Issue Not Found")
    call.demand(call.actor != "" and call.level >= OWNER)

    def do() -> tuple[Reply, str]:
        operations.delete(call.world, call.repo, found, at=call.now)
        return Reply(status=204), f"delete {called(call, found)}"

    return Doing(effect=f"delete {called(call, found)}", do=do)


def label_events(call: Call) -> Reply:
    """List which labels were put on and taken off, by whom and when."""
    return _events(call, ("labeled", "unlabeled"))


def state_events(call: Call) -> Reply:
    """List who closed and reopened it, and when."""
    return _events(call, ("closed", "reopened"))


def _events(call: Call, kinds: tuple[str, ...]) -> Reply:
    call.demand_login()
    found = call.issue("404 Issue Not Found")
    rows = [change for change in found.changes if change.kind in kinds]
    return paged(call, rows, lambda change: call.shapes.event(call.repo, found, change))


def reactions(call: Call) -> Reply:
    """List the reactions to an issue."""
    call.demand_login()
    found = call.issue("404 Issue Not Found")
    return paged(call, found.reactions, lambda one: call.shapes.award(one, found.id, "Issue"))
