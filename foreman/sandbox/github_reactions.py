"""Reactions in GitHub's dialect."""

from __future__ import annotations

from foreman.sandbox import reacting
from foreman.sandbox.github_call import Call, Refused, invalid
from foreman.sandbox.github_change import called, demand_writable
from foreman.sandbox.github_read import paged
from foreman.sandbox.github_shapes import node_id, stamp
from foreman.sandbox.handling import Doing, Reply
from foreman.sandbox.operations import find_comment
from foreman.sandbox.reacting import CONTENTS, Reactions
from foreman.sandbox.state import Comment, Issue, Reaction


def of_issue(call: Call) -> Reply:
    """List the reactions to an issue."""
    return _listed(call, call.issue().reactions)


def of_comment(call: Call) -> Reply:
    """List the reactions to a comment."""
    return _listed(call, _commented(call)[1].reactions)


def to_comment(call: Call) -> Doing:
    """React to a comment; who does so again in the same way gets what is there, with 200."""
    actor = call.actor
    issue, comment = _commented(call)
    demand_writable(call)
    content = call.body().get("content")
    if content not in CONTENTS:
        raise invalid("Reaction", "content")
    there = next((one for one in comment.reactions if (one.login, one.content) == (actor, content)), None)
    effect = "" if there else f"react {content} {called(call, issue)} id={comment.id}"

    def do() -> tuple[Reply, str]:
        one = reacting.react(
            call.world, call.repo, issue.number, content, by=actor, comment_id=comment.id, at=call.now
        )
        return Reply(status=200 if there else 201, body=_shape(call, one)), effect

    return Doing(effect=effect, do=do)


def _commented(call: Call) -> tuple[Issue, Comment]:
    found = find_comment(call.repo, int(call.args[0]))
    if found is None:
        raise Refused(404, "Not Found")
    return found


def _listed(call: Call, reactions: Reactions) -> Reply:
    wanted = call.request.query.get("content", "")
    if wanted and wanted not in CONTENTS:
        raise Refused(422, "Validation Failed")
    rows = [one for one in reactions if wanted in ("", one.content)]
    return paged(call, rows, lambda one: _shape(call, one))


def _shape(call: Call, one: Reaction) -> dict[str, object]:
    return {
        "id": one.id,
        "node_id": node_id("REA", one.id),
        "user": call.shapes.user(one.login),
        "content": one.content,
        "created_at": stamp(one.at),
    }
