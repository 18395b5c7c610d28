"""Any bytes at all: never a crash, never a write outside policy. 2,000 replies; with `--long` 20,000 more, or as many
as `--replies` says."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from foreman.errors import AgentReplyInvalid
from foreman.gate.policy import judge
from foreman.gate.reply import read_reply
from foreman.model import Allow
from foreman.protocol import Decision
from tests.gate import oracle
from tests.gate.cases import DOCS, LABELS, PREFIXES, SECRETS, TASK_ID, facts, make_policy

WORDS = [
    "bug",
    "docs",
    "deploy",
    "bgu",
    "needs-triage",
    "",
    "x" * 300,
    "kim",
    "copilot",
    "foreman:hold",
    "bug\x00",
    "@kim",
]
TEXTS = [
    "Thanks!",
    "cc @acme/core",
    "fixes #12",
    "/close",
    "![x](https://bad.example/y)",
    "<b>x</b>",
    "a\u202eb",
    "https://bad.example",
]
KINDS = ["add_label", "remove_label", "comment", "close", "reopen", "assign", "shell", "CLOSE", None, 7]
ODD: list[Any] = [None, True, -1, 10**30, 1e308, "", [], {}, "\ud800", "NaN", ["a"] * 30, {"type": "close"}]
POLICIES = [
    make_policy(),
    make_policy(allow_close=True, allow_reopen=True, assignees=["kim"], max_comments_per_issue_per_day=3),
    make_policy(max_actions=1, max_labels=0, min_confidence=0.5),
]
FACTS = [facts(), facts(state="closed"), facts(repo_labels=None, our_comments_today=None), facts(role="unknown")]


def _action(rnd: random.Random) -> Any:
    if rnd.random() < 0.05:
        return rnd.choice(ODD)
    kind = rnd.choice(KINDS[:6] if rnd.random() < 0.85 else KINDS)
    action: dict[str, Any] = {"type": kind}
    fields = {"add_label": "label", "remove_label": "label", "comment": "body", "assign": "user"}
    if isinstance(kind, str) and kind in fields:
        action[fields[kind]] = rnd.choice(TEXTS if kind == "comment" else WORDS)
    if kind == "close" and rnd.random() < 0.5:
        action |= {
            "reason": rnd.choice(["completed", "duplicate", "spam"]),
            "duplicate_of": rnd.choice([None, 1, 77, -1]),
        }
    if rnd.random() < 0.05:
        action[rnd.choice(["issue_number", "repo", "label", "body", "type"])] = rnd.choice(ODD)
    return action


def _reply(rnd: random.Random) -> bytes:
    reply: dict[str, Any] = {
        "task_id": TASK_ID,
        "decision": rnd.choice(["label_and_respond", "label_and_respond", "close", "skip", "escalate"]),
        "rationale": rnd.choice(["r", "x\x1b[31m"]),
        "actions": [_action(rnd) for _ in range(rnd.choice((0, 1, 1, 2, 3, 6)))],
    }
    if rnd.random() < 0.3:
        reply["confidence"] = rnd.choice([0, 0.4, 1, 1.5, "0.5", None])
    if rnd.random() < 0.1:
        reply[rnd.choice([*reply, "extra"])] = rnd.choice(ODD)
    raw = json.dumps(reply).encode()
    while rnd.random() < 0.25:
        place = rnd.randrange(len(raw) + 1)
        piece = rnd.choice(
            [b"", b"{", b"]", b'"', b"\\", b"\xff", b"\x00", b"1e999", b"NaN", b',"a":1', rnd.randbytes(3)]
        )
        raw = raw[:place] + piece + raw[place + rnd.choice((0, 0, 1, 5, 40)) :]
    return raw


def _check(decision: Decision, rnd: random.Random) -> int:
    known, holds = rnd.choice(FACTS), rnd.choice(POLICIES)
    judged = judge(decision, known, holds, secrets=SECRETS)
    assert [one.action for one in judged] == list(decision.actions)
    allowed = [one.payload for one in judged if isinstance(one.verdict, Allow)]
    assert len(allowed) <= holds.max_actions
    assert sum(payload["type"] == "comment" for payload in allowed) <= 1
    for payload in allowed:
        _inside_policy(payload, known, holds)
    return len(allowed)


def _inside_policy(payload: dict[str, Any], known: Any, holds: Any) -> None:
    assert known.issue.role != "unknown"
    match payload["type"]:
        case "add_label":
            assert payload["label"] in LABELS and payload["label"] in holds.labels_add and known.repo_labels
        case "remove_label":
            assert payload["label"] == "needs-triage"
        case "comment":
            prefixes = (PREFIXES["github"], DOCS)
            assert not oracle.faults(payload["body"], forge="github", repo="acme/widget", prefixes=prefixes)
            assert known.our_comments_today is not None
        case "close":
            assert holds.allow_close and known.issue.state == "open"
        case "reopen":
            assert holds.allow_reopen and known.issue.state == "closed"
        case "assign":
            assert payload["user"] in holds.assignees
        case other:
            raise AssertionError(other)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("count", "seed"), [(2_000, 20260102), pytest.param(None, 20260103, marks=pytest.mark.long)])
def test_no_reply_crashes_or_gets_past_policy(count: int | None, seed: int, request: pytest.FixtureRequest) -> None:
    count = count or request.config.getoption("--replies")
    rnd = random.Random(seed)
    accepted = written = 0

    for _ in range(count):
        try:
            decision = read_reply(_reply(rnd), task_id=TASK_ID)
        except AgentReplyInvalid as error:
            assert len(str(error)) <= 300
            continue
        accepted += 1
        written += _check(decision, rnd)

    assert count * 0.05 < accepted < count * 0.95, "the generator makes only good or only bad replies"
    assert written, "nothing is ever allowed"
    print(f"{count} replies: {count - accepted} refused whole, {accepted} read, {written} actions allowed")
