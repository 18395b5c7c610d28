"""Who gets which event."""

from __future__ import annotations

from datetime import UTC, datetime

from foreman.config.effective import AgentPlan, Policy, RepoPlan
from foreman.model import Event, EventKind, ForgeKind, IssueRef, RepoRef, Route
from foreman.router import route

REPO = RepoRef(ForgeKind.GITHUB, "acme/widget")


def _agent(name: str, *events: EventKind) -> AgentPlan:
    return AgentPlan(agent=name, events=frozenset(events), config={}, policy=Policy())


def _plan(*agents: AgentPlan, enabled: bool = True) -> RepoPlan:
    return RepoPlan(repo=REPO, enabled=enabled, interval_seconds=60, first_run=None, agents=agents)


def _event(kind: EventKind, repo: RepoRef = REPO) -> Event:
    return Event(key="k", issue=IssueRef(repo, 1), kind=kind, occurred_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_every_agent_that_asked_gets_the_event_once() -> None:
    plan = _plan(_agent("issue-triage", EventKind.OPENED), _agent("greeter", EventKind.OPENED, EventKind.EDITED))

    assert route(_event(EventKind.OPENED), plan) == (
        Route(agent="issue-triage", task_type="issue.triage"),
        Route(agent="greeter", task_type="greeter"),
    )
    assert [found.agent for found in route(_event(EventKind.EDITED), plan)] == ["greeter"]


def test_nobody_gets_what_nobody_asked_for() -> None:
    assert route(_event(EventKind.CLOSED), _plan(_agent("issue-triage", EventKind.OPENED))) == ()


def test_what_a_person_asked_for_goes_to_every_agent() -> None:
    assert len(route(_event(EventKind.REQUESTED), _plan(_agent("issue-triage"), _agent("greeter")))) == 2


def test_a_repository_that_is_switched_off_gets_nothing() -> None:
    assert route(_event(EventKind.OPENED), _plan(_agent("a", EventKind.OPENED), enabled=False)) == ()


def test_an_event_of_another_repository_gets_nothing() -> None:
    other = RepoRef(ForgeKind.GITHUB, "acme/other")

    assert route(_event(EventKind.OPENED, other), _plan(_agent("a", EventKind.OPENED))) == ()
