"""What the handlers of POST, PATCH, PUT and DELETE share: each checks first, and hands back the change undone."""

from __future__ import annotations

from typing import Any

from foreman.sandbox.github_call import Call, Refused, invalid
from foreman.sandbox.state import Issue

MAX_BODY = 65_536
"""Characters of an issue or comment."""


def called(call: Call, issue: Issue) -> str:
    """Return the issue's name in the ledger."""
    return f"{call.repo.path}#{issue.number}"


def demand_writable(call: Call) -> None:
    """Refuse whoever is not logged in, and everybody on an archived repository."""
    if call.repo.archived and call.actor:
        raise Refused(403, "Repository was archived so is read-only.")


def text(call: Call, resource: str, field: str, *, required: bool) -> str | None:
    """Read a text of the body."""
    value = call.body().get(field)
    if value is None and not required:
        return None
    if value is None:
        raise Refused(422, f'Invalid request.\n\n"{field}" wasn\'t supplied.')
    if not isinstance(value, str):
        raise Refused(422, f"Invalid request.\n\nFor 'properties/{field}', {value!r} is not a string.")
    if len(value) > MAX_BODY:
        message = f"{field} is too long (maximum is {MAX_BODY} characters)"
        raise invalid(resource, field, code="custom", message=message)
    return value


def names(value: Any, key: str) -> list[str]:
    """Read labels or logins: a list of strings, or of objects with a name."""
    rows = value.get(key) if isinstance(value, dict) else value
    rows = [rows] if isinstance(rows, str) else rows
    if not isinstance(rows, list):
        raise Refused(422, f'Invalid request.\n\n"{key}" wasn\'t supplied.')
    names = [row.get("name") if isinstance(row, dict) else row for row in rows]
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise invalid("Label", "name", code="missing_field")
    return [str(name) for name in names]
