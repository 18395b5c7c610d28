"""Events and their keys: the same happening has the same key whenever it is found, another one another."""

from __future__ import annotations

import hashlib
from datetime import datetime

from foreman.model import Event, EventKind, Issue


def stamp(at: datetime) -> str:
    """Write a time into a key, with fractions of a second where the forge tells them."""
    fraction = f".{at:%f}".rstrip("0") if at.microsecond else ""
    return f"{at:%Y%m%dT%H%M%S}{fraction}Z"


def content_key(issue: Issue, kind: EventKind, at: datetime, content: str) -> str:
    """Return the key of something that has no id at the forge: issue, kind, time and a digest of the content."""
    return f"{issue.ref}:{kind}:{stamp(at)}:{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def entry_key(issue: Issue, kind: EventKind, entry: int) -> str:
    """Return the key of something that has an id at the forge."""
    return f"{issue.ref}:{kind}:{entry}"


def event(issue: Issue, kind: EventKind, key: str, at: datetime, actor_id: int | None) -> Event:
    """Return the event."""
    return Event(key=key, issue=issue.ref, kind=kind, occurred_at=at, actor_id=actor_id)
