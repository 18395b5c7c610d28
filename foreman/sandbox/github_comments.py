"""Comments in GitHub's dialect."""

from __future__ import annotations

from foreman.sandbox import operations
from foreman.sandbox.github_call import Call, Refused, invalid
from foreman.sandbox.github_change import called, demand_writable, text
from foreman.sandbox.handling import Doing, Reply
from foreman.sandbox.state import Comment, Issue


def post_comment(call: Call) -> Doing:
    """Comment."""
    issue, actor = call.issue(), call.actor
    demand_writable(call)
    # GitHub refuses apps and lets people with write access through; refusing all but the admins spares tests an app.
    if issue.locked and (call.world.accounts[actor].kind == "Bot" or not call.repo.may(actor, "admin")):
        raise Refused(403, "Unable to create comment because issue is locked.")
    body = _comment_body(call)

    def do() -> tuple[Reply, str]:
        changed, comment = operations.comment(call.world, call.repo, issue, author=actor, body=body, at=call.now)
        shape = call.shapes.comment(call.repo, changed, comment)
        reply = Reply(status=201, body=shape, headers=(("Location", shape["url"]),))
        return reply, f"comment {called(call, issue)} id={comment.id}"

    return Doing(effect=f"comment {called(call, issue)}", do=do)


def _comment_body(call: Call) -> str:
    body = text(call, "IssueComment", "body", required=True) or ""
    if not body.strip():
        raise invalid("IssueComment", "data", code="unprocessable", message="Body cannot be blank")
    return body


def _own_comment(call: Call) -> tuple[Issue, Comment]:
    actor = call.actor
    found = operations.find_comment(call.repo, int(call.args[0]))
    if found is None:
        raise Refused(404, "Not Found")
    demand_writable(call)
    if found[1].author != actor:
        call.demand("write")
    return found


def patch_comment(call: Call) -> Doing:
    """Replace a comment's text."""
    issue, comment = _own_comment(call)
    body = _comment_body(call)
    effect = f"edit-comment {called(call, issue)} id={comment.id}" if body != comment.body else ""

    def do() -> tuple[Reply, str]:
        changed = comment
        if effect:
            changed = operations.edit_comment(call.world, call.repo, issue, comment.id, body=body, at=call.now)
        return Reply(status=200, body=call.shapes.comment(call.repo, issue, changed)), effect

    return Doing(effect=effect, do=do)


def delete_comment(call: Call) -> Doing:
    """Delete a comment."""
    issue, comment = _own_comment(call)
    effect = f"delete-comment {called(call, issue)} id={comment.id}"

    def do() -> tuple[Reply, str]:
        operations.delete_comment(call.world, call.repo, issue, comment.id, at=call.now)
        return Reply(status=204), effect

    return Doing(effect=effect, do=do)
