"""Tasks for the triage agent, and what to see in its decisions."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from foreman.protocol import Decision, Task

CONFIG = {
    "labels": {"bug": ["crash", "exception"], "question": ["how do I", "how to"]},
    "needs_info_label": "needs-info",
}
LONG = "It happens each time I press the save button after opening a second window on my machine."


def said(author: str, body: str = "Some words.", role: str = "none") -> dict[str, str]:
    return {"author": author, "author_role": role, "body": body, "created_at": "2026-01-01T00:00:00Z"}


def task(
    title: str = "Crash on save", body: str = LONG, *, event: str = "opened", config: dict[str, Any] | None = None,
    gateway: Any = None, labels: tuple[str, ...] = ("bug", "question", "needs-info", "stale"), attempt: int = 1,
    priors: tuple[dict[str, Any], ...] = (), memory: str = "", context: dict[str, Any] | None = None, **issue: Any,
) -> Task:  # fmt: skip
    about = {
        "number": 1, "title": title, "body": body, "author": "kim", "author_role": "none", "state": "open",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z", "url": "u", "labels": [],
        "comments": [],
    }  # fmt: skip
    backend = {"provider": "none"}
    if gateway is not None:
        backend = {"provider": "anthropic", "model": "some-model", "base_url": gateway.url, "token": "t"}
    return Task.model_validate(
        {
            "task_id": str(uuid4()),
            "type": "issue.triage",
            "repo": "o/r",
            "payload": {
                "event": event,
                "issue": about | issue,
                "labels": [{"name": name, "may_add": True, "may_remove": True} for name in labels]
                + [{"name": "security", "description": "Reports of holes", "may_add": False}],
                "config": CONFIG | (config or {}),
            },
            "context": {"llm_backend": backend, "attempt": attempt, "label_priors": priors, "memory_summary": memory}
            | (context or {}),
        }
    )


def actions(decision: Decision) -> list[str]:
    return [f"{action.type}:{getattr(action, 'label', '')}".rstrip(":") for action in decision.actions]


def body(decision: Decision) -> str:
    bodies = [action.body for action in decision.actions if action.type == "comment"]
    return bodies[0] if bodies else ""


def reply(**fields: Any) -> str:
    return json.dumps(
        {"labels": ["bug"], "needs_info": False, "comment": "", "confidence": 0.9, "reason": "Crash."} | fields
    )


def labelled(task: Task, *labels: str) -> Task:
    issue = task.payload.issue.model_copy(update={"labels": labels})
    return task.model_copy(update={"payload": task.payload.model_copy(update={"issue": issue})})
