"""Labels of a project in GitLab's dialect."""

from __future__ import annotations

from foreman.sandbox import operations
from foreman.sandbox.gitlab_call import Call, Refused, unreadable
from foreman.sandbox.gitlab_change import may_triage
from foreman.sandbox.gitlab_pages import paged
from foreman.sandbox.handling import Doing, Reply


def labels(call: Call) -> Reply:
    """List the labels."""
    part = call.request.query.get("search", "").lower()
    rows = [row for row in call.repo.labels if part in row.name.lower()]
    return paged(call, sorted(rows, key=lambda row: row.name.lower()), call.shapes.label)


def label(call: Call) -> Reply:
    """Show one label, by name or id."""
    found = next((row for row in call.repo.labels if call.args[0] in (row.name, str(row.id))), None)
    if found is None:
        raise Refused(404, "404 Label Not Found")
    return Reply(status=200, body=call.shapes.label(found))


def create_label(call: Call) -> Doing:
    """Make a label."""
    call.demand(bool(call.actor) and may_triage(call))
    name, color = call.text("name"), call.text("color")
    for given, key in ((name, "name"), (color, "color")):
        if not given:
            raise unreadable(key, why="is missing")
    name, color = name or "", color or ""
    if "," in name:
        raise Refused(400, {"title": ["is invalid"]})
    if call.world.label(call.repo, name):
        raise Refused(409, "Label already exists")
    description, effect = call.text("description") or "", f"create-label {name} {call.repo.path}"

    def do() -> tuple[Reply, str]:
        made = operations.create_label(call.world, call.repo, name, description, color.removeprefix("#"))
        return Reply(status=201, body=call.shapes.label(made)), effect

    return Doing(effect=effect, do=do)
