"""Whatever strangers or a model write: the agent asks for nothing it must not, and says nothing the gate refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.issue_triage.agent import decide
from agents.issue_triage.case import Case
from agents.issue_triage.deciding import by_model
from agents.issue_triage.reply import read_reply
from foreman.gate.reasons import Reason
from foreman.gate.text import CleanText, outgoing
from foreman.gate.text_context import TextContext
from foreman.model import ForgeKind, IssueRef
from foreman.protocol import Decision
from tests.agents.tasks import LONG, task
from tests.gate import cases

TEXTS = [(case["id"], str(cases.expand(case["body"]))[:20_000]) for case in cases.load() if case["stage"] == "text"]
MAY = {"bug", "question", "needs-info"}
CONTEXTS = [TextContext(forge=forge, repo=IssueRef.parse("o/r#30").repo, number=30) for forge in ForgeKind]
CONFIG = {"respond": True, "allow_close": True, "stale_label": "stale"}


def _around(text: str, title: str, body: str) -> Any:
    """Return a task with a text in every place where a stranger's words may stand beside the issue."""
    context = {
        "similar": [{"number": 12, "title": text, "state": "open", "state_reason": "", "labels": [], "url": ""}],
        "corrections": [{"number": 13, "title": text, "kind": "removed", "label": "bug", "because": text}],
        "docs": [{"path": "docs/a.md", "line": 3, "heading": text[:200], "text": f"About files. {text}", "url": text}],
        "instructions": text,
    }
    form = {"name": text, "required": [text], "missing": [text]}
    return task(title, body, number=30, config=CONFIG, context=context, form=form, labels=tuple(MAY))


def _harmless(decision: Decision, where: str) -> None:
    closes = [action for action in decision.actions if action.type not in ("add_label", "comment")]
    assert not closes, where
    assert {action.label for action in decision.actions if action.type == "add_label"} <= MAY, where
    for action in decision.actions:
        for context in CONTEXTS if action.type == "comment" else ():
            said = outgoing(action.body, context)
            fine = isinstance(said, CleanText) or said.reason is Reason.TEXT_SECRET  # taken out of a task beforehand
            assert fine, f"{where}: {said}: {action.body}"


@pytest.mark.parametrize("start", range(0, len(TEXTS), 50))
def test_a_hostile_text_beside_an_issue_gets_nothing_done(start: int) -> None:
    for name, text in TEXTS[start : start + 50]:
        for title, body in (("Crash on save", LONG), ("Crash", "help"), ("How do I open files?", LONG), (text, text)):
            _harmless(decide(_around(text, title[:500], body)), name)


@pytest.mark.parametrize("start", range(0, len(TEXTS), 50))
def test_a_model_that_writes_a_hostile_text_wherever_it_can_gets_nothing_done(start: int) -> None:
    for name, text in TEXTS[start : start + 50]:
        answer = {
            "labels": ["question" if len(name) % 2 else "bug", text, "security", "stale"],
            "missing": ["version", text],
            "duplicates": [{"number": 12, "reason": text, "certain": False}] if len(text) % 2 else [],
            "answer": {"passage": 1, "quote": f"About files. {text}"[:500]},
            "comment": text,
            "confidence": 1.0,
            "reason": text,
        }
        for body in (LONG, "help"):
            made = _around(text, "How do I open files?" if len(name) % 2 else "Thoughts", body)
            decided = by_model(Case.of(made), read_reply(json.dumps(answer)), "m")
            _harmless(decided.to(made), name)
