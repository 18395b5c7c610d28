"""Who put labels on, out of an issue's history."""

from __future__ import annotations

from collections.abc import Iterable

from foreman.forge.base import Change, ChangeKind
from foreman.store.mirror_facts import LabelChange


def put_on(history: Iterable[Change]) -> tuple[LabelChange, ...]:
    """Return every time a label was put on, in the order of the history."""
    return tuple(
        LabelChange(label=change.label, account=change.actor, at=change.at)
        for change in history
        if change.kind is ChangeKind.LABELED
    )
