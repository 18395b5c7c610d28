"""What an agent is told of an issue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from foreman.briefing import brief
from foreman.config.effective import AgentPlan
from foreman.model import Account, Comment, Role
from foreman.protocol import LLMBackendInfo
from foreman.recall import Look
from tests.gate.cases import BOT, NOW, facts, make_policy


def test_an_agent_hears_what_people_said_to_everybody() -> None:
    said = Comment(
        id=1,
        author=Account(login="kim", id=11),
        role=Role.NONE,
        body="It crashes too.",
        created_at=NOW,
        updated_at=NOW,
    )
    comments = (said, replace(said, id=2, author=BOT, body="ours"), replace(said, id=3, body="", internal=True))

    told = brief(
        task_id="7d0f6d6e-6f0f-4c55-9f1e-0f1f0d9b7f10",
        look=Look(facts=facts(forge="gitlab"), comments=comments),
        plan=AgentPlan(
            agent="issue-triage",
            events=frozenset(),
            config={"instructions": "We make a widget.<!-- hidden -->"},
            policy=make_policy(),
        ),
        memory_summary="",
        llm=LLMBackendInfo(provider="none"),
        llm_when="unsure",
        attempt=1,
        deadline=NOW + timedelta(minutes=1),
        redact=lambda text: text,
    )

    assert [comment.body for comment in told.task.payload.issue.comments] == ["It crashes too."]
    assert told.task.context.instructions.strip() == "We make a widget."
