"""Reactions in GitHub's dialect. Only reading: nobody who is tested reacts over the API."""

from __future__ import annotations

from foreman.sandbox.github_call import Call, Refused
from foreman.sandbox.github_read import paged
from foreman.sandbox.github_shapes import node_id, stamp
from foreman.sandbox.handling import Reply
from foreman.sandbox.operations import find_comment
from foreman.sandbox.reacting import CONTENTS, Reactions


def of_issue(call: Call) -> Reply:
    """List the reactions to an issue."""
    return _listed(call, call.issue().reactions)


def of_comment(call: Call) -> Reply:
    """List the reactions to a comment."""
    found = find_comment(call.repo, int(call.args[0]))
    if found is None:
        raise Refused(404, "Not Found")
    return _listed(call, found[1].reactions)


def _listed(call: Call, reactions: Reactions) -> Reply:
    wanted = call.request.query.get("content", "")
    if wanted and wanted not in CONTENTS:
        raise Refused(422, "Validation Failed")
    rows = [one for one in reactions if wanted in ("", one.content)]
    return paged(
        call,
        rows,
        lambda one: {
            "id": one.id,
            "node_id": node_id("REA", one.id),
            "user": call.shapes.user(one.login),
            "content": one.content,
            "created_at": stamp(one.at),
        },
    )
