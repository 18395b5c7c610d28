"""Labels in GitHub's dialect."""

from __future__ import annotations

from foreman.sandbox import operations
from foreman.sandbox.github_call import Call, Refused, invalid
from foreman.sandbox.github_change import called, demand_writable, names, text
from foreman.sandbox.handling import Doing, Reply
from foreman.sandbox.state import PERMISSIONS


def post_labels(call: Call) -> Doing:
    """Put labels on an issue; those that do not exist are made, where the asker may."""
    issue, actor = call.issue(), call.actor
    demand_writable(call)
    call.demand("triage")
    if call.request.bad_body:
        raise Refused(400, "Problems parsing JSON")
    wanted = names(call.request.body, "labels")
    unknown = [name for name in wanted if call.repo.label(name) is None]
    if unknown and PERMISSIONS.index(call.repo.permission(actor)) < PERMISSIONS.index("write"):
        raise Refused(403, "You do not have permission to create labels on this repository.")
    exact = [label.name if (label := call.repo.label(name)) else name for name in wanted]
    new = [name for name in dict.fromkeys(exact) if name not in issue.labels]
    effect = "; ".join(f"label+ {name} {called(call, issue)}" for name in new)

    def do() -> tuple[Reply, str]:
        changed = operations.add_labels(call.world, call.repo, issue, new, by=actor, at=call.now)
        return Reply(status=200, body=call.shapes.labels(call.repo, changed)), effect

    return Doing(effect=effect, do=do)


def delete_label(call: Call) -> Doing:
    """Take one label off an issue."""
    issue, actor = call.issue(), call.actor
    demand_writable(call)
    call.demand("triage")
    name = next((label for label in issue.labels if label.lower() == call.args[1].lower()), None)
    if name is None:
        raise Refused(404, "Label does not exist")
    effect = f"label- {name} {called(call, issue)}"

    def do() -> tuple[Reply, str]:
        changed = operations.remove_label(call.world, call.repo, issue, name, by=actor, at=call.now)
        return Reply(status=200, body=call.shapes.labels(call.repo, changed)), effect

    return Doing(effect=effect, do=do)


def create_label(call: Call) -> Doing:
    """Make a label on the repository."""
    demand_writable(call)
    call.demand("write")
    name = text(call, "Label", "name", required=True) or ""
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
