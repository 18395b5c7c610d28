"""What `foreman agent test` asks of an agent: the protocol as an author can get it wrong, one row per question.

Talks to any runtime, so it holds for a container, a process and a URL alike. It judges the protocol, not the wisdom.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError

from foreman.agent.base import AgentRuntime
from foreman.errors import AgentError, AgentReplyInvalid, AgentUnavailable, ContainerError
from foreman.protocol import AddLabel, Decision, RemoveLabel
from foreman.values import dataclass

Reader = Callable[[bytes, str], Decision]

EVENTS = (
    "opened",
    "edited",
    "reopened",
    "closed",
    "labeled",
    "unlabeled",
    "commented",
    "stale",
    "requested",
    "transferred",
    "pull_request.opened",
)

_ODD_TEXT = "Zalgo e\u0301\u0323\u0302, عربي, 👩‍👩‍👧‍👦 🏴‍☠️, \u202ertl\u202c, tab\tquote\" \\ </script> ${HOME} {{x}} 𝔘𝔫𝔦 \x7f"  # fmt: skip  # noqa: E501
_PARALLEL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question put to an agent.

    Attributes:
        name: What was asked.
        passed: Whether the answer was right.
        detail: What was wrong, or how the agent decided.
        seconds: How long it took.
    """

    name: str
    passed: bool
    detail: str
    seconds: float


def read_plainly(raw: bytes, task_id: str) -> Decision:
    """Read a reply as the protocol says; the gate is stricter still about odd JSON.

    Args:
        raw: The reply.
        task_id: Of the task.

    Returns:
        The decision.

    Raises:
        AgentReplyInvalid: It is none, or for another task.
    """
    try:
        decision = Decision.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "reply"
        raise AgentReplyInvalid(f"{where}: {first['msg']}") from error
    if decision.task_id != task_id:
        raise AgentReplyInvalid("task_id is not the task's")
    return decision


def sample(
    *, task_type: str = "issue.triage", event: str = "opened", task_id: UUID | None = None, **issue: Any
) -> dict[str, Any]:
    """Return a valid task as a JSON-ready dict.

    Args:
        task_type: `type` of the task.
        event: What happened.
        task_id: None for a new one.
        **issue: What differs in the issue.

    Returns:
        The task.
    """
    said = {
        "author": "reporter",
        "author_role": "none",
        "body": "Any news?",
        "created_at": "2026-01-05T09:00:00Z",
    }
    plain = {
        "number": 12,
        "title": "Crash when the settings file is empty",
        "body": "Version 2.4.1 ends with an exception as soon as `settings.toml` is empty.",
        "author": "reporter",
        "author_role": "none",
        "state": "closed" if event == "closed" else "open",
        "labels": [],
        "created_at": "2026-01-04T09:00:00Z",
        "updated_at": "2026-01-05T09:00:00Z",
        "url": "https://forge.example/owner/repo/issues/12",
        "comments": [said] if event in ("commented", "stale") else [],
    }
    labels = [
        {"name": name, "description": "", "may_add": True, "may_remove": True} for name in ("bug", "question", "stale")
    ]
    config = {
        "stale_days": 30,
        "stale_label": "stale",
        "labels": {"bug": ["crash", "exception"], "question": ["how to"]},
    }
    return {
        "task_id": str(task_id or uuid4()),
        "type": task_type,
        "repo": "owner/repo",
        "payload": {
            "event": event,
            "forge": "github",
            "issue": plain | issue,
            "labels": [*labels, {"name": "security", "may_add": False}],
            "config": config,
        },
        "context": {"llm_backend": {"provider": "none"}, "attempt": 1, "deadline": ""},
    }


def examine(
    runtime: AgentRuntime,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    timeout_seconds: float = 30.0,
    read: Reader = read_plainly,
) -> Iterator[Check]:
    """Put every question to an agent, in order.

    Args:
        runtime: The agent; started when it is not running.
        now: Current time, for deadlines in tasks.
        timeout_seconds: For each task.
        read: Reads replies; `gate.reply.read_reply` where the daemon's own strictness is wanted.

    Yields:
        One row per question; after a failed start nothing else is asked.
    """
    started = time.monotonic()
    try:
        runtime.start()
    except (AgentError, ContainerError) as error:
        yield Check(name="starts", passed=False, detail=str(error), seconds=time.monotonic() - started)
        return
    yield Check(name="starts", passed=True, detail="", seconds=time.monotonic() - started)
    yield _timed("GET /health", lambda: "200" if runtime.healthy() else _fail("not answered with 200"))
    examiner = _Examiner(runtime, read, timeout_seconds)
    task_type = runtime.agent.replace("-", ".", 1) if "-" in runtime.agent else "issue.triage"
    for event in EVENTS:
        yield _timed(f"task: {event}", partial(examiner.ask, sample(task_type=task_type, event=event)))
    for name, task in _odd_tasks(task_type):
        yield _timed(f"task: {name}", partial(examiner.ask, task))
    yield _timed(f"{_PARALLEL} tasks at once", partial(examiner.ask_together, task_type))
    soon = now() + timedelta(seconds=5)
    urgent = sample(task_type=task_type)
    urgent["context"]["deadline"] = soon.isoformat().replace("+00:00", "Z")
    yield _timed("a deadline of 5 s", partial(examiner.ask, urgent, timeout_seconds=5.0))
    yield _timed("refuses what is no task", examiner.send_garbage)


def _odd_tasks(task_type: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "odd Unicode", sample(task_type=task_type, title=_ODD_TEXT, body=_ODD_TEXT * 3)
    yield "body of 64 KB", sample(task_type=task_type, body=("word " * 13_108)[:65_536])
    yield "empty title and body", sample(task_type=task_type, title="", body="")
    said = {
        "author": "someone",
        "author_role": "contributor",
        "body": "Same here.",
        "created_at": "2026-01-05T09:00:00Z",
    }
    yield "50 comments", sample(task_type=task_type, event="commented", comments=[said] * 50)
    extra = sample(task_type=task_type)
    for part in (
        extra,
        extra["payload"],
        extra["payload"]["issue"],
        extra["context"],
        extra["context"]["llm_backend"],
    ):
        part["added_in_a_later_version"] = {"nested": [1, None, "text"]}
    yield "unknown extra fields", extra
    bare = sample(task_type=task_type)
    bare["payload"]["config"] = {}
    bare["payload"]["labels"] = []
    yield "no configuration and no labels", bare


class _Examiner:
    def __init__(self, runtime: AgentRuntime, read: Reader, timeout_seconds: float) -> None:
        self._runtime = runtime
        self._read = read
        self._timeout_seconds = timeout_seconds

    def ask(self, task: dict[str, Any], *, timeout_seconds: float = 0.0) -> str:
        """Ask one task and judge the reply; return how the agent decided."""
        raw = json.dumps(task).encode()
        reply = self._runtime.ask(raw, timeout_seconds=timeout_seconds or self._timeout_seconds)
        decision = self._read(reply, str(task["task_id"]))
        labels = {label["name"]: label for label in task["payload"]["labels"]}
        for action in decision.actions:
            if isinstance(action, AddLabel) and not labels.get(action.label, {}).get("may_add"):
                _fail(f"adds the label {action.label!r}, which payload.labels does not let it add")
            if isinstance(action, RemoveLabel) and action.label not in task["payload"]["issue"]["labels"]:
                _fail(f"removes the label {action.label!r}, which is not on the issue")
        return f"{decision.decision}, {len(decision.actions)} actions"

    def ask_together(self, task_type: str) -> str:
        """Ask several tasks at once; each must be answered with its own task_id."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            answers = list(pool.map(self.ask, [sample(task_type=task_type, number=n + 1) for n in range(_PARALLEL)]))
        return f"{len(answers)} answered"

    def send_garbage(self) -> str:
        """Send something that is no task: refused by a status, and the agent lives on."""
        try:
            self._runtime.ask(b'{"task_id": 7, "type"', timeout_seconds=self._timeout_seconds)
        except AgentUnavailable as error:
            said = str(error)
        else:
            _fail("answered 200 to a body that is no JSON")
        if not self._runtime.healthy():
            _fail("not healthy afterwards")
        return said


def _timed(name: str, question: Callable[[], str]) -> Check:
    started = time.monotonic()
    try:
        detail, passed = question(), True
    except (AgentError, ContainerError) as error:
        detail, passed = str(error), False
    return Check(name=name, passed=passed, detail=detail, seconds=time.monotonic() - started)


def _fail(detail: str) -> str:
    raise AgentReplyInvalid(detail)
