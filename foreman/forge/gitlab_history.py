"""What happened to a GitLab issue: its labels and its state are lists of their own, the rest stands in system notes.

System notes are sentences (GitLab's `app/services/system_notes/issuables_service.rb` has them), always in English. Of
an assignment one sentence can name several people.

References:
    https://docs.gitlab.com/api/resource_label_events/, https://docs.gitlab.com/api/resource_state_events/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from foreman.forge.base import Change, ChangeKind
from foreman.forge.gitlab_map import account_of
from foreman.forge.gitlab_rows import LabelEventRow, NoteRow, StateEventRow, UserRow
from foreman.model import Account

_SOURCES = 3
"""Lists that number their entries each for itself; a change's number tells them apart."""

_NEXT_IN_NOTE = 2**48
"""Between the numbers of changes that one note tells of; no note has such a number."""

_STATES = {"closed": ChangeKind.CLOSED, "reopened": ChangeKind.REOPENED}
_SENTENCES = (
    (re.compile(r"changed title from\b", re.IGNORECASE), ChangeKind.RENAMED),
    (re.compile(r"locked (?:this|the discussion)\b", re.IGNORECASE), ChangeKind.LOCKED),
    (re.compile(r"unlocked (?:this|the discussion)\b", re.IGNORECASE), ChangeKind.UNLOCKED),
    (re.compile(r"moved from\b", re.IGNORECASE), ChangeKind.TRANSFERRED),
)
_ASSIGNMENT = re.compile(r"(?:assigned|unassigned|removed assignee)\b", re.IGNORECASE)
_NAMED = re.compile(r"\b(?P<un>un)?assigned\b|@(?P<login>[\w.-]*\w)", re.IGNORECASE)


def of_labels(rows: tuple[LabelEventRow, ...]) -> Iterator[Change]:
    """Yield the changes of labels; a label that was deleted since has no name."""
    for row in rows:
        kind = ChangeKind.LABELED if row.action == "add" else ChangeKind.UNLABELED
        label = row.label.name if row.label else ""
        yield Change(id=row.id * _SOURCES, kind=kind, actor=_actor(row.user), at=row.created_at, label=label)


def of_states(rows: tuple[StateEventRow, ...]) -> Iterator[Change]:
    """Yield the changes of state."""
    for row in rows:
        if kind := _STATES.get(row.state):
            yield Change(id=row.id * _SOURCES + 1, kind=kind, actor=_actor(row.user), at=row.created_at)


def of_notes(rows: tuple[NoteRow, ...]) -> Iterator[Change]:
    """Yield what system notes tell of, as far as `ChangeKind` has a word for it."""
    for row in rows:
        if not row.system:
            continue
        text, actor, number = row.body or "", _actor(row.author), row.id * _SOURCES + 2
        for sentence, kind in _SENTENCES:
            if sentence.match(text):
                yield Change(id=number, kind=kind, actor=actor, at=row.created_at)
        for place, (kind, login) in enumerate(_assignments(text)):
            yield Change(id=number + place * _NEXT_IN_NOTE, kind=kind, actor=actor, at=row.created_at, assignee=login)


def _assignments(text: str) -> Iterator[tuple[ChangeKind, str]]:
    """Read `assigned to @kim and unassigned @lee`."""
    if not _ASSIGNMENT.match(text):
        return
    kind = ChangeKind.UNASSIGNED if text.lower().startswith("removed") else ChangeKind.ASSIGNED
    named = False
    for found in _NAMED.finditer(text):
        if login := found["login"]:
            named = True
            yield kind, login
        else:
            kind = ChangeKind.UNASSIGNED if found["un"] else ChangeKind.ASSIGNED
    if not named:
        yield kind, ""


def _actor(row: UserRow | None) -> Account | None:
    account = account_of(row)
    return account if account.id else None
