"""Counts what came of thinking about issues; the log and the database hold the same for each one."""

from __future__ import annotations

from foreman.counting import ACTIONS, AGENT_FAILURES, LOOP_GUARD_SKIPS, REFUSALS, SECRETS_CAUGHT, SKIPS, count
from foreman.counting.names import LOOP_REASONS
from foreman.errors import AgentReplyInvalid, AgentUnavailable, ForemanError
from foreman.gate.reasons import Reason
from foreman.model import Allow, Verdict
from foreman.store.actions import NewDecision


def admitted(verdict: Verdict) -> None:
    """Count a task of which no agent was asked, by why; one that was admitted is not counted.

    Args:
        verdict: The gate's, before any agent.
    """
    if isinstance(verdict, Allow):
        return
    count(SKIPS, reason=str(verdict.reason))
    if verdict.reason in LOOP_REASONS:
        count(LOOP_GUARD_SKIPS, reason=str(verdict.reason))


def decided(decision: NewDecision) -> None:
    """Count what a decision asked for and what the gate said to it.

    Args:
        decision: As it was written into the log.
    """
    for action in decision.actions:
        count(ACTIONS, action=action.type, verdict=action.state.value)
        if action.reason:
            count(REFUSALS, reason=action.reason)
        if action.reason == Reason.TEXT_SECRET:
            count(SECRETS_CAUGHT, where="outgoing")


def failed(agent: str, error: ForemanError) -> None:
    """Count a question to an agent that brought no usable reply.

    Args:
        agent: Its type.
        error: What came instead.
    """
    kinds = {AgentUnavailable: "unavailable", AgentReplyInvalid: "invalid"}
    count(AGENT_FAILURES, agent=agent, kind=kinds.get(type(error), "other"))
