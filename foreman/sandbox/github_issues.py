"""Opening and changing issues in GitHub's dialect."""

from __future__ import annotations

from foreman.sandbox import operations
from foreman.sandbox.github_call import Call, Refused, invalid
from foreman.sandbox.github_change import called, demand_writable, names, text
from foreman.sandbox.handling import Doing, Reply

_REASONS = ("completed", "not_planned", "duplicate", "reopened")


def open_issue(call: Call) -> Doing:
    """Open an issue. Labels and assignees of one without write access are dropped without a word, as on GitHub."""
    actor = call.actor
    demand_writable(call)
    if not call.repo.has_issues:
        raise Refused(410, "Issues has been disabled in this repository.")
    title = text(call, "Issue", "title", required=True) or ""
    if not title.strip():
        raise invalid("Issue", "title", code="missing_field")
    body = text(call, "Issue", "body", required=False)
    labels = names(call.body().get("labels") or [], "labels") if call.may("write") else []

    def do() -> tuple[Reply, str]:
        issue = operations.open_issue(
            call.world, call.repo, title=title, body=body, author=actor, labels=labels, at=call.now
        )
        where = (("Location", call.shapes.issue_url(call.repo, issue)),)
        shape = call.shapes.issue(call.repo, issue, whole=True)
        return Reply(status=201, body=shape, headers=where), f"open {called(call, issue)}"

    return Doing(effect=f"open {call.repo.path}", do=do)


def patch_issue(call: Call) -> Doing:
    """Change title, body, state, labels or assignees."""
    issue, actor, sent = call.issue(), call.actor, call.body()
    demand_writable(call)
    title = text(call, "Issue", "title", required=False)
    body = text(call, "Issue", "body", required=False)
    state, reason = sent.get("state"), sent.get("state_reason")
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state", value=state)
    if reason not in (None, *_REASONS):
        raise invalid("Issue", "state_reason", value=reason)
    labels = names(sent["labels"], "labels") if "labels" in sent else None
    people = names(sent["assignees"], "assignees") if "assignees" in sent else None
    if actor != issue.author or labels is not None or people is not None:
        call.demand("triage" if title is None and body is None else "write")
    name = called(call, issue)
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


def assign(call: Call) -> Doing:
    """Assign people; those who cannot be assigned are dropped without a word, as on GitHub."""
    return _assign(call, True)


def unassign(call: Call) -> Doing:
    """Take assignments back."""
    return _assign(call, False)


def _assign(call: Call, add: bool) -> Doing:
    issue, actor = call.issue(), call.actor
    demand_writable(call)
    call.demand("triage")
    wanted = list(dict.fromkeys(names(call.body(), "assignees")))
    if add:
        wanted = [name for name in wanted if call.repo.may(name, "triage") and name not in issue.assignees]
    else:
        wanted = [name for name in wanted if name in issue.assignees]
    verb = "assign" if add else "unassign"
    effect = "; ".join(f"{verb} {name} {called(call, issue)}" for name in wanted)

    def do() -> tuple[Reply, str]:
        changed, change = issue, operations.assign if add else operations.unassign
        for name in wanted:
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
    demand_writable(call)
    call.demand("triage")
    effect = f"{'lock' if locked else 'unlock'} {called(call, issue)}" if issue.locked != locked else ""

    def do() -> tuple[Reply, str]:
        operations.set_locked(call.world, call.repo, issue, locked, by=actor, at=call.now)
        return Reply(status=204), effect

    return Doing(effect=effect, do=do)
