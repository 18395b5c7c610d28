"""`foreman replay`: logged decisions again, with today's agent, model and configuration. Writes nothing.

What was said on an issue since it was opened is not kept, so only decisions are replayed that were made when it was
opened or asked about, and that had no comment to read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from foreman.app.answers import Answer, answer_of
from foreman.app.bench import Bench, bench, with_model
from foreman.app.one_issue import agents_for
from foreman.app.opening import open_store
from foreman.app.past import Past
from foreman.changes.looks import content_digest
from foreman.config.models import Config
from foreman.errors import AgentError, BudgetExceeded, UsageError
from foreman.model import ActionState, EventKind
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions, mirror
from foreman.store.actions import LogEntry

MOST = 1_000
"""Decisions in one run."""

_REFUSED = frozenset({ActionState.DENIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One decision, then and now.

    Attributes:
        entry: As logged.
        now: What would be done today; None where it could not be replayed.
        text_changed: The issue's text is another one than the agent read then.
        why_not: Why it could not be replayed; empty when it was.
    """

    entry: LogEntry
    now: Answer | None
    text_changed: bool = False
    why_not: str = ""

    @property
    def before(self) -> dict[str, Any]:
        """What the gate let through then."""
        let = [action for action in self.entry.actions if action.state not in _REFUSED]
        return {
            "decision": self.entry.decision,
            "labels": sorted(str(action.payload["label"]) for action in let if action.type == "add_label"),
            "comment": any(action.type == "comment" for action in let),
            "close": any(action.type == "close" for action in let),
        }

    @property
    def after(self) -> dict[str, Any] | None:
        """What it would let through now."""
        if self.now is None:
            return None
        return {
            "decision": "skip" if self.now.left_alone else self.now.decision,
            "labels": sorted(self.now.labels),
            "comment": self.now.comment,
            "close": bool(self.now.close),
        }


def run(
    config: Config,
    *,
    ids: Sequence[int],
    since: datetime | None,
    model: str | None,
    settings: Settings,
    secrets: KnownSecrets,
    progress: Callable[[int, int], None],
) -> tuple[Replayed, ...]:
    """Make logged decisions again.

    Args:
        config: As loaded.
        ids: Which, by number.
        since: All since then, aware UTC, instead.
        model: Instead of the configured one.
        settings: Of the environment.
        secrets: Filled with every secret that is there.
        progress: Called with how many are done and how many there are.

    Returns:
        Each with what would be done now, oldest first.

    Raises:
        UsageError: There is no such decision.
    """
    config = with_model(config, model)
    with open_store(config) as db:
        with db.read() as connection:
            if ids:
                entries = [actions.entry(connection, number) for number in dict.fromkeys(ids)]
            else:
                entries = list(actions.entries(connection, since=since, limit=MOST))[::-1]
            entries = [entry for entry in entries if entry.undoes is None]
        with bench(config, db=db, settings=settings, secrets=secrets) as desk:
            done: list[Replayed] = []
            for entry in entries:
                progress(len(done), len(entries))
                done.append(_again(desk, config, entry, secrets))
            progress(len(done), len(entries))
    if not done:
        raise UsageError("no decision is logged since then")
    return tuple(done)


def _again(desk: Bench, config: Config, entry: LogEntry, secrets: KnownSecrets) -> Replayed:
    try:
        plan = agents_for(config, entry.issue, entry.agent)[0]
    except UsageError as error:
        return Replayed(entry=entry, now=None, why_not=str(error))
    with desk.db.read() as connection:
        kept = mirror.get(connection, entry.issue)
    if kept is None or kept.confidential:
        return Replayed(entry=entry, now=None, why_not="the text of the issue is not kept")
    if entry.event not in ("opened", "requested") or entry.seen.get("comment_count"):
        return Replayed(entry=entry, now=None, why_not="it was made with comments or later events, which are not kept")
    past = Past(desk.db, entry.issue.repo, plan, config)
    then = past.then(kept)
    facts = then.look.facts
    labels = tuple(map(str, entry.seen.get("labels") or ()))
    shown = replace(facts.issue, labels=labels, assignees=tuple(map(str, entry.seen.get("assignees") or ())))
    facts = replace(facts, issue=shown, requested=bool(entry.seen.get("requested")), labels_added_by_people=None)
    look = replace(then.look, facts=replace(facts, event=EventKind(entry.event)))
    changed = entry.seen.get("content_digest") != content_digest(kept.title, kept.body)
    try:
        thought = desk.thinker.think(
            look,
            plan,
            task_id=str(uuid4()),
            attempt=1,
            memory_summary="",
            known=lambda _look, _plan: past.known(then),
        )
    except (AgentError, BudgetExceeded) as error:
        return Replayed(entry=entry, now=None, text_changed=changed, why_not=secrets.redact(str(error)))
    return Replayed(entry=entry, now=answer_of(thought), text_changed=changed)
