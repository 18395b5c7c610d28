"""Which agents get an event. Pure: no I/O, no clock."""

from __future__ import annotations

from foreman.config.effective import RepoPlan
from foreman.model import Event, EventKind, Route


def route(event: Event, plan: RepoPlan) -> tuple[Route, ...]:
    """Choose the agents for an event, each at most once, in the order of the configuration.

    Args:
        event: What happened.
        plan: What is configured for the event's repository.

    Returns:
        One route per agent; empty when the repository is switched off or nobody asked for this kind of event. A
        requested event goes to every agent: a person asked.
    """
    if not plan.enabled or plan.repo != event.issue.repo:
        return ()
    return tuple(
        Route(agent=agent.agent, task_type=agent.task_type)
        for agent in plan.agents
        if event.kind in agent.events or event.kind is EventKind.REQUESTED
    )
