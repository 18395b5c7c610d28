"""Rules for the two label actions: exact names, only what exists and is listed, and never against a person."""

from __future__ import annotations

from foreman.gate.admission import RESERVED_PREFIX, Objection, carried
from foreman.gate.reasons import Reason
from foreman.gate.situation import Situation
from foreman.model import Deny, ForgeKind, Hold
from foreman.protocol import AddLabel, RemoveLabel


def label_not_reserved(at: Situation) -> Objection:
    """`foreman:hold` and its like are orders from people; compared without case, as the forges do."""
    if not isinstance(at.action, AddLabel | RemoveLabel):
        return None
    reserved = at.action.label.strip().casefold().startswith(RESERVED_PREFIX)
    return Deny(Reason.LABEL_RESERVED, at.action.label[:80]) if reserved else None


def label_exists(at: Situation) -> Objection:
    """GitHub creates a label that is asked for and missing; so it must be known to exist, exactly so."""
    if not isinstance(at.action, AddLabel):
        return None
    if at.facts.repo_labels is None:
        return Hold(Reason.LABELS_UNKNOWN)
    exists = any(label.name == at.action.label for label in at.facts.repo_labels)
    return None if exists else Deny(Reason.LABEL_MISSING, at.action.label[:80])


def label_listed(at: Situation) -> Objection:
    """Only labels the maintainer named, exactly; labels start other machines."""
    if not isinstance(at.action, AddLabel) or at.action.label in at.policy.labels_add:
        return None
    return Deny(Reason.LABEL_NOT_LISTED, at.action.label[:80])


def label_absent(at: Situation) -> Objection:
    """There is nothing to add."""
    there = isinstance(at.action, AddLabel) and at.action.label in at.facts.issue.labels
    return Deny(Reason.NOTHING_TO_DO) if there else None


def label_not_taken_off(at: Situation) -> Objection:
    """What a person took off is not put back."""
    if not isinstance(at.action, AddLabel):
        return None
    removed = at.facts.labels_removed_by_people
    if removed is None:
        return Hold(Reason.HISTORY_UNKNOWN)
    return Deny(Reason.PERSON_REMOVED_LABEL, at.action.label[:80]) if at.action.label in removed else None


def label_not_stale(at: Situation) -> Objection:
    """An issue somebody pinned is never called stale, whatever the agent was asked about."""
    if not isinstance(at.action, AddLabel) or at.action.label != at.policy.stale_label:
        return None
    exempt = carried(at.facts.issue.labels, at.policy.exempt_labels)
    return Deny(Reason.NEVER_STALE, exempt[0]) if exempt else None


def label_present(at: Situation) -> Objection:
    """There is nothing to take off."""
    missing = isinstance(at.action, RemoveLabel) and at.action.label not in at.facts.issue.labels
    return Deny(Reason.NOTHING_TO_DO) if missing else None


def label_removable(at: Situation) -> Objection:
    """Only labels the maintainer named, or those Foreman set itself."""
    ours = at.facts.labels_by_us
    kept = [label for label in _taken_off(at) if label not in at.policy.labels_remove and label not in ours]
    return Deny(Reason.LABEL_NOT_REMOVABLE, kept[0][:80]) if kept else None


def label_not_put_on(at: Situation) -> Objection:
    """What a person put on stays, unless the maintainer named it as removable."""
    asked = [label for label in _taken_off(at) if label not in at.policy.labels_remove]
    if not asked:
        return None
    added = at.facts.labels_added_by_people
    if added is None:
        return Hold(Reason.HISTORY_UNKNOWN)
    kept = [label for label in asked if label in added]
    return Deny(Reason.PERSON_ADDED_LABEL, kept[0][:80]) if kept else None


def _taken_off(at: Situation) -> tuple[str, ...]:
    """Return what comes off: a scoped label of GitLab's (`priority::high`) pushes out the others of its scope."""
    if isinstance(at.action, RemoveLabel):
        return (at.action.label,)
    if not isinstance(at.action, AddLabel) or at.facts.forge is not ForgeKind.GITLAB:
        return ()
    scope = _scope(at.action.label)
    there = (label for label in at.facts.issue.labels if label != at.action.label)
    return tuple(label for label in there if scope and _scope(label) == scope)


def _scope(label: str) -> str:
    """Return what stands before the last `::` (docs.gitlab.com, "Labels", "Nested scopes")."""
    head, _, tail = label.rpartition("::")
    return head if tail else ""
