"""One action becomes one write request, or none where the issue already is that way."""

from __future__ import annotations

from typing import Any

from foreman.forge.base import ForgeWriter, Sign
from foreman.gate import marker
from foreman.gate.text import CleanText, compose
from foreman.model import Issue
from foreman.protocol import ACTION_TYPES
from foreman.store.actions import StoredAction

REACT = "react"
"""Answering a comment that ordered something; the one write that a pause does not stop."""

INTERNAL_TYPES = ("edit_comment", "delete_comment", "unassign", "edit_issue", REACT)
"""What only Foreman itself asks for, to take something back, to keep its dashboard or to answer an order.

The agents' protocol has no word for these.
"""

TYPES = frozenset({*ACTION_TYPES, *INTERNAL_TYPES})
"""Everything that can be sent."""


def already(action: StoredAction, issue: Issue) -> bool:
    """Return whether the issue is already as the action wants it.

    Args:
        action: What is to be done.
        issue: The issue now.

    Returns:
        True where no request is needed. Comments are never in an issue.
    """
    payload = action.payload
    match action.type:
        case "add_label":
            return payload["label"] in issue.labels
        case "remove_label":
            return payload["label"] not in issue.labels
        case "close":
            return issue.state == "closed"
        case "reopen":
            return issue.state == "open"
        case "edit_issue":
            return is_text(issue.body, payload["body"])
        case "assign":
            return _is_among(payload["user"], issue.assignees)
        case "unassign":
            return not _is_among(payload["user"], issue.assignees)
        case _:
            return False


def send(writer: ForgeWriter, action: StoredAction, *, marker_secret: str) -> dict[str, Any]:
    """Send the one request an action stands for.

    Args:
        writer: The forge.
        action: What is to be done.
        marker_secret: Key of the tags on our comments.

    Returns:
        What taking it back needs.

    Raises:
        ForgeError: It did not work, or nobody knows.
        ValueError: There is no such type of action.
    """
    ref, payload = action.issue, action.payload
    match action.type:
        case "add_label":
            writer.add_label(ref, payload["label"])
        case "remove_label":
            writer.remove_label(ref, payload["label"])
        case "comment":
            return {"comment_id": writer.post_comment(ref, marked(action, marker_secret=marker_secret))}
        case "close":
            writer.close(ref, payload.get("reason") or "not_planned")
        case "reopen":
            writer.reopen(ref)
        case "assign":
            writer.assign(ref, payload["user"])
        case "unassign":
            writer.unassign(ref, payload["user"])
        case "edit_issue":
            writer.edit_issue_body(ref, payload["body"])
        case "edit_comment":
            writer.edit_comment(ref, payload["comment_id"], payload["body"])
        case "react":
            writer.react(ref, payload["comment_id"], Sign(payload["sign"]))
        case "delete_comment":
            writer.delete_comment(ref, payload["comment_id"])
        case _:
            raise ValueError(f"no such action: {action.type}")
    return undo_of(action)


def undo_of(action: StoredAction) -> dict[str, Any]:
    """Return what taking an action back needs, for all but comments: that it was us who changed something."""
    match action.type:
        case "add_label" | "remove_label":
            return {"label": action.payload["label"]}
        case "close":
            return {"state": "open"}
        case "reopen":
            return {"state": "closed"}
        case "assign" | "unassign":
            return {"user": action.payload["user"]}
        case _:
            return {}


def marked(action: StoredAction, *, marker_secret: str) -> str:
    """Return a comment with the mark that lets us find it again and the line that says a bot wrote it.

    A text that carries the mark stays as it is.
    """
    body: str = action.payload["body"]
    found = marker.read(body)
    if found is not None and found.key == action.key:
        return body
    return compose(CleanText(text=body), marker_line=marker.make(marker_secret, action.issue, action.key))


def is_text(found: str, wanted: str) -> bool:
    """Return whether a text on a forge is the one that was sent; line ends and outer space aside."""
    return found.replace("\r\n", "\n").strip() == wanted.replace("\r\n", "\n").strip()


def _is_among(user: str, logins: tuple[str, ...]) -> bool:
    return user.casefold() in {login.casefold() for login in logins}
