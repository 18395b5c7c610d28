"""From when on happenings count, and what a difference between two looks is."""

from __future__ import annotations

from datetime import datetime

from foreman.forge.base import ChangeKind
from foreman.model import EventKind, Issue
from foreman.store.issues import Snapshot
from foreman.values import dataclass

TRIAGE_LABEL = "foreman:triage"
"""Whoever may label asks with it for one more run (docs: "On the forge")."""

BY_HISTORY = {
    EventKind.LABELED: ChangeKind.LABELED,
    EventKind.UNLABELED: ChangeKind.UNLABELED,
    EventKind.CLOSED: ChangeKind.CLOSED,
    EventKind.REOPENED: ChangeKind.REOPENED,
}
"""Events of which only the history says who did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """From when on happenings count, by the forge's own times.

    Attributes:
        opened_from: An issue never seen before is a new one when it was created then or later; None: whenever.
        since: What happened to an older issue never seen before counts from then on; None: always.
    """

    opened_from: datetime | None
    since: datetime | None

    def is_new(self, issue: Issue) -> bool:
        """Return whether an issue never seen before was opened after the first look at its repository."""
        return self.opened_from is None or issue.created_at >= self.opened_from

    def counts(self, at: datetime) -> bool:
        """Return whether something that happened to an issue never seen before counts."""
        return self.since is None or at >= self.since


def added(before: Snapshot | None, issue: Issue) -> set[str]:
    """Return the labels that an issue has got since the last look."""
    return set(issue.labels) - set(before.labels if before else ())


def removed(before: Snapshot, issue: Issue) -> set[str]:
    """Return the labels that an issue has lost since the last look."""
    return set(before.labels) - set(issue.labels)
