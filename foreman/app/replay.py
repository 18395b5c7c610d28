"""`foreman replay`: logged decisions again, with today's agent, model and configuration. Writes nothing.

What was said on an issue since it was opened is not kept, so only decisions are replayed that were made when it was
opened or asked about, and that had no comment to read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection

from foreman.app.answers import Answer, answer_of, other_word
from foreman.app.backtest import MOST_FAILURES
from foreman.app.bench import Bench, bench, with_model
from foreman.app.one_issue import agents_for
from foreman.app.opening import open_store
from foreman.app.past import Past
from foreman.app.shown import shown_then
from foreman.changes import TRIAGE_LABEL, content_digest
from foreman.config.effective import AgentPlan
from foreman.config.models import Config
from foreman.errors import AgentError, BudgetExceeded, StoreError, UsageError
from foreman.gate.reasons import Reason
from foreman.model import ActionState, RepoRef
from foreman.priors.pools import categories
from foreman.scribe import CHORE
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions, mirror
from foreman.store.actions import LogEntry, StoredAction
from foreman.store.agreement import NOT_AGENTS
from foreman.values import dataclass

MOST = 1_000
"""Decisions in one run."""

_LATER = {
    Reason.STALE,
    Reason.ANOTHER_ISSUE,
    Reason.NOT_FOR_US,
    Reason.MODE_APPROVE,
    Reason.MODE_SHADOW,
    Reason.STEPPED_DOWN,
    Reason.BREAKER_OPEN,
    Reason.HOURLY_CAP,
    Reason.REJECTED,
    Reason.REPLACED,
}
_REASONS = frozenset(Reason) - _LATER
_Pasts: TypeAlias = dict[tuple[RepoRef, str], Past]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One decision, then and now.

    Attributes:
        entry: As logged.
        now: What would be done today; None where it could not be replayed.
        text_changed: The issue's text is another one than the agent read then.
        why_not: Why it was not replayed; empty when it was.
        failed: It could have been, but the agent or its model did not answer.
        title: Of the issue, without known secrets; empty where its text is not kept.
        url: Its page; empty there too.
        stands: Labels that are on the issue now that it is closed, whoever put them on; None where it is not.
        offered: Labels that the agent is asked about.
    """

    entry: LogEntry
    now: Answer | None
    text_changed: bool = False
    why_not: str = ""
    failed: bool = False
    title: str = ""
    url: str = ""
    stands: frozenset[str] | None = None
    offered: tuple[str, ...] = ()

    @property
    def before(self) -> dict[str, Any]:
        """What the gate let through then, what it held back and what it refused.

        What became of it later counts for nothing here: a person may have refused it, or the issue moved on.
        """
        let: list[StoredAction] = []
        held: list[StoredAction] = []
        refused: list[StoredAction] = []
        for action in self.entry.actions:
            if action.payload.get(CHORE) or action.payload.get("label") == TRIAGE_LABEL:
                continue  # no agent asked for that
            by_gate = action.reason in _REASONS
            (let if not by_gate else refused if action.state is ActionState.DENIED else held).append(action)
        return {
            "decision": self.entry.decision,
            "labels": sorted(str(action.payload["label"]) for action in let if action.type == "add_label"),
            "comment": any(action.type == "comment" for action in let),
            "close": any(action.type == "close" for action in let),
            "others": sorted(word for action in let if (word := other_word(action.type, action.payload))),
            "held": sorted(action.type for action in held),
            "refused": sorted(action.type for action in refused),
        }

    @property
    def after(self) -> dict[str, Any] | None:
        """The same for today."""
        if self.now is None:
            return None
        return {
            "decision": "skip" if self.now.left_alone else self.now.decision,
            "labels": sorted(self.now.labels),
            "comment": self.now.comment,
            "close": bool(self.now.close),
            "others": sorted(self.now.others),
            "held": sorted(self.now.held),
            "refused": sorted(self.now.denied),
        }

    @property
    def usd_before(self) -> float | None:
        """What the decision cost then; None where it is not known."""
        return None if self.entry.usd is None else float(self.entry.usd)

    @property
    def same(self) -> bool:
        """Whether it comes out as it did."""
        return self.before == self.after


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
            entries = _wanted(connection, ids, since)
        if not entries:
            raise UsageError("no decision is logged since then")
        with bench(config, db=db, settings=settings, secrets=secrets) as desk:
            done: list[Replayed] = []
            pasts: _Pasts = {}
            for entry in entries:
                progress(len(done), len(entries))
                if len(done) >= MOST_FAILURES and all(one.failed for one in done[-MOST_FAILURES:]):
                    why = f"{MOST_FAILURES} failures in a row before it"
                    done.append(Replayed(entry=entry, now=None, why_not=why, failed=True))
                else:
                    done.append(_again(desk, config, entry, secrets, pasts))
            progress(len(done), len(entries))
    return tuple(done)


def _wanted(connection: Connection, ids: Sequence[int], since: datetime | None) -> list[LogEntry]:
    try:
        named = [actions.entry(connection, number) for number in dict.fromkeys(ids)]
    except StoreError as error:
        raise UsageError(f"{error}: `foreman log` shows which there are") from error
    entries = named if ids else list(actions.entries(connection, since=since, limit=MOST))[::-1]
    # What people ordered and what was done about the log itself no agent decided; by its number it may be asked for.
    return [entry for entry in entries if entry.undoes is None and (ids or entry.agent not in NOT_AGENTS)]


def _again(desk: Bench, config: Config, entry: LogEntry, secrets: KnownSecrets, pasts: _Pasts) -> Replayed:
    try:
        plan = _any_hour(agents_for(config, entry.issue, entry.agent)[0])
    except UsageError as error:
        return Replayed(entry=entry, now=None, why_not=str(error))
    with desk.db.read() as connection:
        kept = mirror.get(connection, entry.issue)
    if kept is None or kept.confidential:
        return Replayed(entry=entry, now=None, why_not="the text of the issue is not kept")
    if entry.event not in ("opened", "requested") or entry.seen.get("comment_count"):
        return Replayed(entry=entry, now=None, why_not="it was made with comments or later events, which are not kept")
    where = (entry.issue.repo, plan.agent)
    past = pasts.get(where) or pasts.setdefault(where, Past(desk.db, entry.issue.repo, plan, config))
    with desk.db.read() as connection:
        shown = shown_then(connection, entry, kept, past=past, plan=plan)
    digest = entry.seen.get("content_digest")  # of what gave up nothing is known
    changed = digest is not None and digest != content_digest(kept.title, kept.body)
    told = Replayed(
        entry=entry,
        now=None,
        text_changed=changed,
        title=secrets.redact(kept.title),
        url=shown.look.facts.issue.url,
        stands=frozenset(kept.labels) if kept.state == "closed" else None,
        offered=categories(plan),
    )
    try:
        thought = desk.ask(shown.look, plan, shown.known, memory_summary=shown.memory_summary)
    except (AgentError, BudgetExceeded) as error:
        return replace(told, why_not=secrets.redact(str(error)), failed=True)
    return replace(told, now=answer_of(thought))


def _any_hour(plan: AgentPlan) -> AgentPlan:
    """Return a plan without the cap of an hour: whether that was met is no matter of one decision."""
    return replace(plan, policy=replace(plan.policy, max_actions_per_hour=sys.maxsize))
