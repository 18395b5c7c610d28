"""Put a deliberation into the words of the action log. Builds rows; the one write is in the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from foreman import precedents, tracing
from foreman.changes import TRIAGE_LABEL, put_on, put_right
from foreman.config.effective import AgentPlan, Policy
from foreman.config.plan import policy_version
from foreman.deliberation import Deliberation
from foreman.executor import freshness, grace
from foreman.gate.policy import Judged, final_state
from foreman.gate.reasons import Reason
from foreman.gate.rules_whole import is_public_report
from foreman.gate.turn import Turn
from foreman.log import get_logger
from foreman.model import ActionState, Allow, Deny, Hold, Mode, Verdict
from foreman.protocol import Close, RemoveLabel
from foreman.recall import Look
from foreman.store import actions, closing, corrections, mirror_facts
from foreman.store.actions import NewAction, NewDecision
from foreman.store.inbox import InboxItem

log = get_logger(__name__)

REMOVE = "remove_label"

CHORE = "chore"
"""Marks what is done beside an agent's decision."""

_GOOD_HANDS = frozenset({Reason.ACTOR_IS_INSIDER, Reason.NOT_REPORTERS_TURN, Reason.NEVER_STALE})
"""Why no agent was asked, though Foreman may act: somebody of the project has it."""

REFUSED = "refused"
"""The log's word for a reply that was no Decision, beside the protocol's four."""


def decision_row(item: InboxItem, plan: AgentPlan, thought: Deliberation, *, model: str) -> NewDecision:
    """Return the log entry of a deliberation.

    Args:
        item: The work it was done for.
        plan: The agent and the policy it was judged by.
        thought: What came of it.
        model: Name of the configured model; empty for none.

    Returns:
        An entry whose actions are in their first state; a skip before any agent call has no actions and says why.
    """
    facts = thought.look.facts
    decision = thought.decision
    if decision is None:
        word, rationale, confidence = "skip", describe(thought.admission), None
    else:
        word, rationale, confidence = decision.decision, decision.rationale, decision.confidence
    return NewDecision(
        issue=item.issue,
        task_id=item.task_id,
        agent=item.agent,
        task_type=item.task_type,
        decision=word,
        rationale=rationale,
        confidence=confidence,
        event=item.event.value,
        attempt=item.attempt,
        mode=plan.policy.mode.value,
        policy_version=policy_version(plan.policy),
        seen=seen(item, thought),
        model=model if thought.spent.calls else "",
        input_tokens=thought.spent.input_tokens,
        output_tokens=thought.spent.output_tokens,
        usd=thought.spent.usd,
        duration_ms=thought.duration_ms,
        author_id=facts.issue.author.id,
        trace=tracing.header() or item.trace,
        actions=tuple(_action(judged, plan.policy, facts.now) for judged in thought.judged)
        + _housekeeping(item, plan, thought),
    )


def _action(judged: Judged, policy: Policy, now: datetime) -> NewAction:
    # A pause stops the sending, not the deciding: planned work goes on when it ends.
    state = final_state(judged.verdict, judged.mode, paused=False)
    payload, not_before = judged.payload, None
    if isinstance(judged.action, Close) and judged.action.reason == "duplicate":
        payload = {**payload, "grace_hours": policy.duplicate_grace_hours}
        not_before = now + timedelta(hours=policy.duplicate_grace_hours) if state is ActionState.PLANNED else None
    return NewAction(
        type=judged.action.type,
        payload=payload,
        state=state,
        reason=_reason(judged.verdict),
        detail=_detail(judged.verdict),
        not_before=not_before,
    )


def _housekeeping(item: InboxItem, plan: AgentPlan, thought: Deliberation) -> tuple[NewAction, ...]:
    """Take off the label that asked for this run, and one of ours that is not true any more; no agent needs to ask."""
    found = []
    if item.requested and TRIAGE_LABEL in thought.look.facts.issue.labels:
        state = ActionState.SHADOW if plan.policy.mode is Mode.SHADOW else ActionState.PLANNED
        found.append(_chore(TRIAGE_LABEL, state))
    if _is_stale_no_more(plan, thought):
        down = REMOVE in thought.look.facts.stepped_down
        verdict = Hold(Reason.STEPPED_DOWN, REMOVE) if down else Allow()
        state = final_state(verdict, plan.policy.mode_of(REMOVE), paused=False)
        found.append(_chore(plan.policy.stale_label, state, _reason(verdict)))
    return tuple(found)


def _chore(label: str, state: ActionState, reason: str = "") -> NewAction:
    return NewAction(type=REMOVE, payload={"type": REMOVE, "label": label, CHORE: True}, state=state, reason=reason)


def _is_stale_no_more(plan: AgentPlan, thought: Deliberation) -> bool:
    """Return whether an issue carries our stale label though it is not the reporter who owes an answer."""
    facts, label = thought.look.facts, plan.policy.stale_label
    if not label or label not in facts.labels_by_us or facts.issue.state != "open":
        return False
    if label in (facts.labels_added_by_people or ()):
        return False
    if facts.owed is None or facts.owed.turn is Turn.REPORTER:
        return False
    if is_public_report(facts):
        return False
    if isinstance(thought.admission, Deny) and thought.admission.reason not in _GOOD_HANDS:
        return False  # where Foreman keeps away it touches nothing
    return not any(isinstance(one.action, RemoveLabel) and one.action.label == label for one in thought.judged)


def refused_row(item: InboxItem, plan: AgentPlan, reason: str, *, model: str) -> NewDecision:
    """Return the log entry of a task that gave up: what was wrong, and nothing the agent said."""
    return NewDecision(
        issue=item.issue,
        task_id=item.task_id,
        agent=item.agent,
        task_type=item.task_type,
        decision=REFUSED,
        rationale=reason,
        event=item.event.value,
        attempt=item.attempt,
        mode=plan.policy.mode.value,
        policy_version=policy_version(plan.policy),
        model=model,
        trace=tracing.header() or item.trace,
    )


def record(connection: Connection, decision: NewDecision, *, now: datetime) -> int:
    """Write an entry and its actions; what waits and is decided anew gives way. Returns the entry's id."""
    log_id = actions.record(connection, decision, now=now)
    replaced = actions.replace_held(connection, decision, by=log_id, now=now)
    if replaced:
        log.info("held_replaced", issue=str(decision.issue), by=log_id, actions=list(replaced))
    return log_id


def seen(item: InboxItem, thought: Deliberation) -> dict[str, Any]:
    """Return what the decision was built on: enough to tell later whether the issue has moved on."""
    issue, owed = thought.look.facts.issue, thought.look.facts.owed
    return {
        **freshness.seen_of(
            issue,
            thought.look.comments,
            reruns=item.reruns,
            event_key=item.event_key,
            actor_id=item.actor_id,
            requested=item.requested,
        ),
        "title": thought.title[:200],
        "author": issue.author.login,
        "author_role": issue.role.value,
        "turn": owed.turn.value if owed else "",
        "turn_since": owed.since.isoformat() if owed and owed.since else "",
        "hidden": thought.hidden,
        "cut": thought.cut,
        **({} if thought.known is None else {"known": precedents.outline(thought.known)}),
    }


def describe(verdict: Verdict) -> str:
    """Return a verdict as one line for a person."""
    if isinstance(verdict, Allow):
        return "allowed"
    return f"{verdict.reason}: {verdict.detail}" if verdict.detail else str(verdict.reason)


def _reason(verdict: Verdict) -> str:
    return str(verdict.reason) if isinstance(verdict, Deny | Hold) else ""


def _detail(verdict: Verdict) -> str:
    return verdict.detail if isinstance(verdict, Deny | Hold) else ""


def note_corrections(connection: Connection, look: Look, plan: AgentPlan) -> int:
    """Remember what people put right of our earlier decisions on an issue.

    Args:
        connection: In a transaction, before the decision that comes of this look is recorded.
        look: At one issue.
        plan: Of the agent.

    Returns:
        How much of it was new.
    """
    facts = look.facts
    found = put_right(
        facts.issue,
        history=look.history,
        comments=look.comments,
        entries=actions.entries(connection, issue=facts.ref),
        offered=plan.policy.labels_add,
        bot_id=facts.bot.id,
        now=facts.now,
    )
    return corrections.note(connection, facts.ref, found, now=facts.now)


def hear_objections(connection: Connection, look: Look) -> None:
    """End closes that were announced and that somebody objected to, as soon as a look at the issue tells.

    Args:
        connection: In a transaction.
        look: At one issue.
    """
    facts = look.facts
    if look.comments is None or look.history is None:
        return
    for close in closing.announced(connection, facts.ref):
        why = grace.objection(
            actions.entry(connection, close.log_id),
            issue=facts.issue,
            comments=look.comments,
            history=look.history,
            bot=facts.bot,
        )
        if why:
            reason = f"{closing.OBJECTED}: {why}"
            actions.cancel(connection, [close.id], state=ActionState.DENIED, reason=reason, now=facts.now)


def note_facts(connection: Connection, look: Look) -> None:
    """Keep what a look told about who labelled and who commented, for the mirror.

    Args:
        connection: In a transaction.
        look: At one issue.
    """
    issue, bot_id = look.facts.issue, look.facts.bot.id
    if look.comments is not None:
        mirror_facts.note_comments(connection, issue.ref, look.comments, bot_id=bot_id)
    if look.history is not None:
        mirror_facts.note_labels(connection, issue, put_on(look.history), bot_id=bot_id)
