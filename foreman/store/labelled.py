"""How many issues of a repository people labelled, counted without reading any text."""

from __future__ import annotations

from sqlalchemy import Connection, Text, cast, select

from foreman.model import RepoRef
from foreman.store import mirror_facts
from foreman.store.tables import mirror

_NOT_PEOPLE = frozenset({"us", "bot"})


def by_people(connection: Connection, repo: RepoRef) -> int:
    """Return how many mirrored issues bear a label that neither Foreman nor another bot is known to have put on.

    Args:
        connection: To read from.
        repo: Which repository.

    Returns:
        The number; confidential issues are not counted.
    """
    here = (mirror.c.repo == repo.key, mirror.c.confidential.is_(False), cast(mirror.c.labels, Text) != "[]")
    rows = connection.execute(select(mirror.c.issue_id, mirror.c.labels).where(*here)).all()
    who = mirror_facts.labels_of_repo(connection, repo) if rows else {}
    return sum(any(who.get(row.issue_id, {}).get(label) not in _NOT_PEOPLE for label in row.labels) for row in rows)
