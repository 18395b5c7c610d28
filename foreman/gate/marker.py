"""The hidden first line of our comments: which action wrote it, and a tag that only this installation can make.

The line alone proves nothing, since anybody can copy it; it counts only on a comment that our own account wrote, and
only on the issue it was made for.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from foreman.model import Comment, IssueRef
from foreman.values import dataclass

_LINE = re.compile(r"<!-- foreman:v1 key=([0-9a-f]{32}) tag=([0-9a-f]{32}) -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What a marker line claims.

    Attributes:
        key: The action's key, 32 hex digits.
        tag: Its proof, 32 hex digits.
    """

    key: str
    tag: str


def make(secret: str, issue: IssueRef, key: str) -> str:
    """Return the marker line for one action on one issue.

    Args:
        secret: The installation's marker secret.
        issue: The issue the comment goes to.
        key: The action's key, 32 hex digits.

    Returns:
        The line, without a line end.

    Raises:
        ValueError: The key has another shape.
    """
    line = f"<!-- foreman:v1 key={key} tag={_tag(secret, issue, key)} -->"
    if not _LINE.fullmatch(line):
        raise ValueError("an action key has 32 hex digits")
    return line


def read(body: str) -> Marker | None:
    """Return what the first line claims, None when it is no marker."""
    first, _, _ = body.partition("\n")
    match = _LINE.fullmatch(first.removesuffix("\r"))
    return Marker(key=match[1], tag=match[2]) if match else None


def is_ours(comment: Comment, *, bot_id: int, secret: str, issue: IssueRef) -> str | None:
    """Return the key of the action that wrote this comment.

    Args:
        comment: As the forge returns it.
        bot_id: Our own account's id.
        secret: The installation's marker secret.
        issue: The issue the comment is on.

    Returns:
        The key; None when another account wrote it or the tag was not made by us for this issue.
    """
    marker = read(comment.body)
    if marker is None or comment.author.id != bot_id:
        return None
    genuine = hmac.compare_digest(marker.tag, _tag(secret, issue, marker.key))
    return marker.key if genuine else None


def _tag(secret: str, issue: IssueRef, key: str) -> str:
    return hmac.new(secret.encode(), f"{issue}|{key}".encode(), hashlib.sha256).hexdigest()[:32]
