"""What an agent was shown when a logged decision was made: as the log kept it, the rest by the mirror.

Of today are texts and titles, and the project's forms and documentation. Nobody kept comments, what people did by
hand, and the words that spoke for a learned label: these are not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from foreman import precedents
from foreman.app.past import Past
from foreman.config.effective import AgentPlan
from foreman.gate.reasons import Reason
from foreman.learn import Prior
from foreman.model import EventKind, Issue, Role
from foreman.precedents import Known
from foreman.priors.pools import categories
from foreman.recall import Look
from foreman.store import actions, memory
from foreman.store.actions import LogEntry
from foreman.store.mirror import MirrorIssue
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an agent is shown once more.

    Attributes:
        look: At the issue.
        known: Tells what bears on it beside itself.
        memory_summary: Facts of earlier decisions on it.
    """

    look: Look
    known: Callable[[], Known]
    memory_summary: str


def shown_then(connection: Connection, entry: LogEntry, kept: MirrorIssue, *, past: Past, plan: AgentPlan) -> Shown:
    """Put together what an agent was shown.

    Args:
        connection: To read from, now.
        entry: The decision.
        kept: Its issue.
        past: Of its repository.
        plan: Of the agent, today's.

    Returns:
        As much of it as can be told.
    """
    look = _look(connection, entry, past.look(kept))
    issue = look.facts.issue
    told = entry.seen.get("known")
    memory_summary = memory.before(connection, entry)
    if told is None:  # no agent was asked then, or nobody noted what it was told
        then = past.then(kept, at=entry.timestamp)
        return Shown(
            look=look,
            known=lambda: replace(past.known(then), guidance=past.guidance(issue)),
            memory_summary=memory_summary,
        )
    corrected = precedents.put_right(connection, issue, before=entry.timestamp)[: told["corrections"]]
    return Shown(
        look=look,
        known=lambda: replace(
            _known(told, entry.timestamp, past, plan), corrected=corrected, guidance=past.guidance(issue)
        ),
        memory_summary=memory_summary,
    )


def _look(connection: Connection, entry: LogEntry, opened: Look) -> Look:
    facts = opened.facts
    issue = _issue(facts.issue, entry.seen)
    lacking = {action.payload.get("label") for action in entry.actions if action.reason == Reason.LABEL_MISSING}
    facts = replace(
        facts,
        issue=issue,
        event=EventKind(entry.event),
        event_actor=issue.author,
        requested=bool(entry.seen.get("requested")),
        repo_labels=tuple(label for label in facts.repo_labels or () if label.name not in lacking),
        labels_by_us=actions.labels_by_us(connection, entry.issue) & frozenset(issue.labels),
        labels_added_by_people=None,
        now=entry.timestamp,
    )
    return replace(opened, facts=facts)


def _issue(issue: Issue, seen: Mapping[str, Any]) -> Issue:
    """Return an issue as it was seen; of a decision that gave up nothing is known but who asked."""
    updated_at = seen.get("updated_at")
    return replace(
        issue,
        author=replace(issue.author, login=str(seen.get("author") or issue.author.login)),
        role=Role(seen.get("author_role") or issue.role),
        state=str(seen.get("state") or issue.state),
        labels=tuple(map(str, seen.get("labels") or ())),
        assignees=tuple(map(str, seen.get("assignees") or ())),
        milestone=str(seen.get("milestone") or ""),
        confidential=bool(seen.get("confidential")),
        updated_at=datetime.fromisoformat(updated_at) if updated_at else issue.updated_at,
    )


def _known(told: Mapping[str, Any], at: datetime, past: Past, plan: AgentPlan) -> Known:
    """Return the issues and the learned labels that an agent was told of, not those that would be found now."""
    similar = tuple(hit for row in told["similar"] if (hit := past.told_of(row, at=at)) is not None)
    offered = {label.casefold() for label in categories(plan)}
    priors = tuple(Prior(**row) for row in told["priors"] if row["label"].casefold() in offered)
    return Known(similar=similar, versions={hit.issue: past.versions(hit) for hit in similar}, priors=priors)
