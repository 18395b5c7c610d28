"""Notes on issues in GitLab's dialect: what people said, and what GitLab says itself of changes (`system`)."""

from __future__ import annotations

from datetime import datetime

from foreman.sandbox import operations, reacting
from foreman.sandbox.gitlab_call import MAINTAINER, PLANNER, Call, Refused, unreadable
from foreman.sandbox.gitlab_change import called, difference
from foreman.sandbox.gitlab_commands import Told, obey
from foreman.sandbox.gitlab_pages import paged
from foreman.sandbox.gitlab_shapes import EMOJI, has_system_note
from foreman.sandbox.handling import Doing, Reply
from foreman.sandbox.reacting import CONTENTS
from foreman.sandbox.state import Change, Comment, Issue

MAX_NOTE = 1_000_000
"""Characters, as on GitLab unless its administrators say otherwise."""
_MISSING = "404 Issue Not Found"


def notes(call: Call) -> Reply:
    """List an issue's notes. Nobody who is not logged in sees them, not even where everybody sees the issue."""
    found, activity = _seen(call), call.choice("activity_filter", "all_notes", "only_comments", "only_activity")
    order, down = call.choice("order_by", "created_at", "updated_at"), call.choice("sort", "desc", "asc") == "desc"
    rows: list[Comment | Change] = []
    if activity != "only_activity":
        rows += [comment for comment in found.comments if _readable(call, comment)]
    if activity != "only_comments":
        rows += [change for change in found.changes if has_system_note(change)]

    def key(row: Comment | Change) -> tuple[datetime, int]:
        if isinstance(row, Change):
            return row.at, row.id
        return (row.updated_at if order == "updated_at" else row.created_at), row.id

    rows.sort(key=key, reverse=down)
    return paged(call, rows, lambda row: call.shapes.note(call.repo, found, row))


def note(call: Call) -> Reply:
    """Show one note."""
    found, wanted = _seen(call), call.number(1, "note_id")
    rows: tuple[Comment | Change, ...] = (*found.comments, *found.changes)
    row = next((row for row in rows if row.id == wanted), None)
    if row is None or (isinstance(row, Change) and not has_system_note(row)):
        raise Refused(404, "404 Not found")
    if isinstance(row, Comment) and not _readable(call, row):
        raise Refused(404, "404 Note Not Found")
    return Reply(status=200, body=call.shapes.note(call.repo, found, row))


def _seen(call: Call) -> Issue:
    call.demand_login()
    return call.issue(_MISSING)


def _readable(call: Call, comment: Comment) -> bool:
    return not comment.internal or call.level >= PLANNER


def post_note(call: Call) -> Doing:
    """Say something, or have it done: quick actions run and are no part of what is kept."""
    found, actor = _seen(call), call.actor
    call.demand(_may_talk(call, found))
    internal = (call.flag("internal") or call.flag("confidential") or False) and call.level >= PLANNER
    told = obey(call, found, _text(call))
    change = difference(call, found, told.wanted)
    others = told.others(called(call, found))
    if not told.text:
        return Doing(effect="; ".join((*change.effects, *others)), do=lambda: _done(call, told, found))
    name = f"comment {called(call, found)}"

    def do() -> tuple[Reply, str]:
        said, comment = operations.comment(
            call.world, call.repo, found, author=actor, body=told.text, at=call.now, internal=internal
        )
        changed = difference(call, said, told.onto(said)).do()
        shape = {**call.shapes.note(call.repo, changed, comment), "commands_changes": told.changes}
        effects = (f"{name} id={comment.id}", *change.effects, *others)
        return Reply(status=201, body=shape), "; ".join(effects)

    return Doing(effect="; ".join((name, *change.effects, *others)), do=do)


def _done(call: Call, told: Told, issue: Issue) -> tuple[Reply, str]:
    """Do what was commanded; nothing is kept of the note."""
    change = difference(call, issue, told.onto(issue))
    change.do()
    effect = "; ".join((*change.effects, *told.others(called(call, issue))))
    return Reply(status=202, body={"commands_changes": told.changes, "summary": list(told.summary)}), effect


def _may_talk(call: Call, issue: Issue) -> bool:
    """In a locked discussion only members do: https://docs.gitlab.com/user/discussions/#prevent-comments-by-locking."""
    return call.repo.may(call.login, "read") and (not issue.locked or call.level > 0)


def _text(call: Call) -> str:
    text = call.text("body")
    if text is None:
        raise unreadable("body", why="is missing")
    if not text.strip():
        raise Refused(400, '400 Bad request - Note {:note=>["can\'t be blank"]}')
    if len(text) > MAX_NOTE:
        raise Refused(400, f'400 Bad request - Note {{:note=>["is too long (maximum is {MAX_NOTE} characters)"]}}')
    return text


def _own(call: Call) -> tuple[Issue, Comment]:
    """Return a note that the asker may change: their own, or any for a maintainer."""
    found, wanted = _seen(call), call.number(1, "note_id")
    comment = next((comment for comment in found.comments if comment.id == wanted), None)
    if comment is None or not _readable(call, comment):
        raise Refused(404, "404 Not found")
    own = comment.author == call.actor and _may_talk(call, found)
    call.demand(own or call.level >= MAINTAINER)
    return found, comment


def change_note(call: Call) -> Doing:
    """Replace a note's text. Quick actions run here as well, and a note of nothing else is deleted by it."""
    found, comment = _own(call)
    told = obey(call, found, _text(call))
    change, name = difference(call, found, told.wanted), called(call, found)
    others = told.others(name)
    kept = told.text == comment.body
    own = () if kept else (f"{'edit' if told.text else 'delete'}-comment {name} id={comment.id}",)
    effect = "; ".join((*own, *change.effects, *others))

    def do() -> tuple[Reply, str]:
        edited = comment
        if not told.text:
            said = operations.delete_comment(call.world, call.repo, found, comment.id, at=call.now)
        elif kept:
            said = found
        else:
            edited = operations.edit_comment(call.world, call.repo, found, comment.id, body=told.text, at=call.now)
            said = call.repo.issues[found.number]
        if not told.text:
            return _done(call, told, said)[0], effect
        changed = difference(call, said, told.onto(said)).do()
        shape = {**call.shapes.note(call.repo, changed, edited), "commands_changes": told.changes}
        return Reply(status=200, body=shape), effect

    return Doing(effect=effect, do=do)


def delete_note(call: Call) -> Doing:
    """Delete a note."""
    found, comment = _own(call)
    effect = f"delete-comment {called(call, found)} id={comment.id}"

    def do() -> tuple[Reply, str]:
        operations.delete_comment(call.world, call.repo, found, comment.id, at=call.now)
        return Reply(status=204), effect

    return Doing(effect=effect, do=do)


def reactions(call: Call) -> Reply:
    """List the reactions to a note."""
    comment = _told(call)[1]
    return paged(call, comment.reactions, lambda one: call.shapes.award(one, comment.id, "Note"))


def react(call: Call) -> Doing:
    """React to a note; to do so again in the same way is refused."""
    found, comment = _told(call)
    call.demand(_may_talk(call, found))
    name, actor = call.text("name"), call.actor
    content = next((one for one in CONTENTS if EMOJI.get(one, one) == name), None)
    if content is None:
        raise Refused(404, "404 Award Emoji Name is not a valid emoji name Not Found")
    if any((one.login, one.content) == (actor, content) for one in comment.reactions):
        raise Refused(404, "404 Award Emoji Name has already been taken Not Found")
    effect = f"react {content} {called(call, found)} id={comment.id}"

    def do() -> tuple[Reply, str]:
        new = reacting.react(
            call.world, call.repo, found.number, content, by=actor, comment_id=comment.id, at=call.now
        )
        return Reply(status=201, body=call.shapes.award(new, comment.id, "Note")), effect

    return Doing(effect=effect, do=do)


def _told(call: Call) -> tuple[Issue, Comment]:
    found, wanted = _seen(call), call.number(1, "note_id")
    comment = next((comment for comment in found.comments if comment.id == wanted), None)
    if comment is None or not _readable(call, comment):
        raise Refused(404, "404 Not found")
    return found, comment
