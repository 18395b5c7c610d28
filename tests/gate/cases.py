"""The corpus: loading it, filling in what a case leaves out, and running one case."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from foreman.config.effective import Policy
from foreman.errors import AgentReplyInvalid
from foreman.gate import admission, inbound, policy, reply, rules, text, text_checks, text_steps
from foreman.gate.facts import Facts
from foreman.gate.secret_scan import KnownSecrets
from foreman.gate.text_context import TextContext
from foreman.gate.turn import Owed, Turn
from foreman.model import Account, Allow, Deny, EventKind, ForgeKind, Issue, IssueRef, Label, RepoRef, Role, Verdict
from tests.gate import oracle

TASK_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
CANARY = "Zq" + "7vKq2Zt9Lw4Xb8Nd3Vs6Hm1Rf5Ty"
SECRETS = KnownSecrets({"forge token": CANARY})
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
BOT = Account(login="acme-bot", id=4242, is_bot=True)
PREFIXES = {"github": "https://github.com/acme/widget/", "gitlab": "https://gitlab.com/acme/widget/"}
DOCS = "https://docs.acme.example/"
LABELS = (
    "bug",
    "question",
    "docs",
    "needs-info",
    "needs-triage",
    "priority::high",
    "team::a::x",
    "area/ui",
    "stale",
    "deploy",
    "feature",
)
FORMS = {
    "plain": lambda value: value,
    "window": lambda value: value[9:22],
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "shifted base64": lambda value: base64.b64encode(b"x" + value.encode()[4:]).decode(),
    "base64 of a window": lambda value: base64.b64encode(b"x" + value[5:17].encode()).decode().rstrip("="),
    "full width": lambda value: "".join(chr(ord(c) + 0xFEE0) for c in value),
    "hex": lambda value: value.encode().hex(),
    "hex with colons": lambda value: value.encode().hex(":"),
    "percent": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "reversed": lambda value: value[::-1],
    "spaced": " ".join,
    "dashed": "-".join,
    "upper": str.upper,
    "entities": lambda value: "".join(f"&#{ord(c)};" for c in value),
    "bold": lambda value: f"{value[:8]}**{value[8:16]}**{value[16:]}",
}


@dataclass(frozen=True)
class Tables:
    """The rules in force; a mutation takes one out."""

    standing: tuple[admission.AdmissionRule, ...] = admission.STANDING
    admission: tuple[admission.AdmissionRule, ...] = admission.ADMISSION
    actions: tuple[rules.ActionRule, ...] = rules.ACTION_RULES
    steps: tuple[text_steps.Step, ...] = text_steps.STEPS
    checks: tuple[text_checks.Check, ...] = text_checks.CHECKS


ALL = Tables()


def expand(value: Any) -> Any:
    """Resolve `$repeat`, `$cat` and `$secret`, which keep the files short and free of secret-shaped text."""
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value:
        return value["$repeat"][0] * value["$repeat"][1]
    if "$cat" in value:
        return "".join(expand(item) for item in value["$cat"])
    if "$secret" in value:
        return FORMS[value["$secret"]](CANARY)
    return {key: expand(item) for key, item in value.items()}


def load() -> list[dict[str, Any]]:
    """Return all cases of all files."""
    folder = Path(__file__).parent / "corpus"
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def facts(**changes: Any) -> Facts:
    """Return facts about an ordinary issue by a stranger, changed where asked."""
    issue = {
        "ref": IssueRef(RepoRef(ForgeKind(changes.pop("forge", "github")), "acme/widget"), 77),
        "id": 7700,
        "title": "Crash on empty file",
        "body": "It crashes.",
        "author": Account(login="kim", id=11),
        "role": Role.NONE,
        "state": "open",
        "labels": ("needs-triage",),
        "created_at": NOW - timedelta(days=1),
        "updated_at": NOW,
    }
    for name in list(changes):
        if name in Issue.__dataclass_fields__ and name not in Facts.__dataclass_fields__:
            issue[name] = changes.pop(name)
    for name in ("author", "event_actor"):
        if isinstance(changes.get(name), dict):
            changes[name] = Account(**changes[name])
        if isinstance(issue.get(name), dict):
            issue[name] = Account(**issue[name])
    for name in ("labels", "assignees"):
        issue[name] = tuple(issue.get(name, ()))
    issue["role"] = Role(issue["role"])
    known: dict[str, Any] = {
        "issue": Issue(**issue),
        "bot": BOT,
        "event": EventKind.OPENED,
        "repo_labels": tuple(Label(name=name) for name in LABELS),
        "labels_removed_by_people": frozenset(),
        "labels_added_by_people": frozenset(),
        "our_comments_today": 0,
        "now": NOW,
    }
    for name, value in changes.items():
        if name in ("event", "event_actor_role"):
            value = EventKind(value) if name == "event" else Role(value)
        known[name] = frozenset(value) if name.startswith("labels_") and value is not None else value
    known |= _turn(known.pop("turn", "reporter"), known.pop("asked", 200), known.pop("reminded", None))
    return Facts(**known)


def _turn(whose: str | None, asked: int, reminded: int | None) -> dict[str, Any]:
    """Return whose turn it is, asked so many days ago and reminded so many days ago."""
    return {
        "owed": Owed(turn=Turn(whose), since=NOW - timedelta(days=asked)) if whose else None,
        "reminded_at": None if reminded is None else NOW - timedelta(days=reminded),
    }


def make_policy(**changes: Any) -> Policy:
    """Return the policy all cases assume, changed where asked."""
    known: dict[str, Any] = {
        "labels_add": ("bug", "question", "docs", "needs-info", "stale", "missing"),
        "labels_remove": ("needs-triage",),
        "links": (DOCS,),
    }
    known |= {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
    return Policy(**known)


def context(forge: str = "github", **changes: Any) -> TextContext:
    """Return where the corpus' comments go."""
    kind = ForgeKind(forge)
    place = TextContext(forge=kind, repo=RepoRef(kind, "acme/widget"), number=77, links=(DOCS,), secrets=SECRETS)
    return replace(place, **changes)


def spell(verdict: Verdict) -> str:
    """Return a verdict as the corpus writes it."""
    if isinstance(verdict, Allow):
        return "allow"
    return f"{'deny' if isinstance(verdict, Deny) else 'hold'}:{verdict.reason}"


def problems(case: dict[str, Any], tables: Tables = ALL) -> list[str]:
    """Run one case and return what came out otherwise than it should."""
    return list(RUNNERS[case["stage"]](expand(case), tables))


def _reply(case: dict[str, Any], tables: Tables) -> Iterator[str]:
    raw = case["raw"]
    if not isinstance(raw, str):
        raw = json.dumps({"task_id": TASK_ID, "decision": "label_and_respond", "rationale": "r", "actions": []} | raw)
    data = raw.replace("$TASK", TASK_ID).encode("latin-1" if case.get("bytes") else "utf-8")
    try:
        decision = reply.read_reply(data, task_id=TASK_ID)
    except AgentReplyInvalid as error:
        if case["expect"] not in str(error) or case["expect"] == "accepted":
            yield f"refused for {error}"
        if len(str(error)) > 300 or not str(error).isprintable():
            yield "the refusal repeats the reply"
    else:
        if case["expect"] != "accepted":
            yield f"accepted: {decision.decision}"


def _admit(case: dict[str, Any], tables: Tables) -> Iterator[str]:
    known, holds = facts(**case.get("facts", {})), make_policy(**case.get("policy", {}))
    events = [EventKind(name) for name in case.get("events", ["opened", "commented", "stale"])]
    verdict = spell(admission.admit(known, holds, events, rules=tables.admission))
    if verdict != case["expect"]:
        yield f"{verdict}, not {case['expect']}"


def _judge(case: dict[str, Any], tables: Tables) -> Iterator[str]:
    known, holds = facts(**case.get("facts", {})), make_policy(**case.get("policy", {}))
    raw = {"task_id": TASK_ID, "decision": "label_and_respond", "rationale": "r"} | case["decision"]
    decision = reply.read_reply(json.dumps(raw).encode(), task_id=TASK_ID)
    judged = policy.judge(
        decision,
        known,
        holds,
        events=[EventKind(name) for name in case.get("events", [])],
        secrets=SECRETS,
        standing=tables.standing,
        rules=tables.actions,
    )
    verdicts = [spell(one.verdict) for one in judged]
    if verdicts != case["expect"]:
        yield f"{verdicts}, not {case['expect']}"
    if SECRETS.find(json.dumps([[one.payload, str(one.verdict)] for one in judged])):
        yield "a secret is kept"


def _text(case: dict[str, Any], tables: Tables) -> Iterator[str]:
    for forge in case.get("forges", ["github", "gitlab"]):
        place = context(forge, **case.get("context", {}))
        result = text.outgoing(case["body"], place, steps=tables.steps, checks=tables.checks)
        yield from (f"{forge}: {problem}" for problem in _text_on(case, forge, result, place, tables))


def _text_on(case: dict[str, Any], forge: str, result: Any, place: TextContext, tables: Tables) -> Iterator[str]:
    if isinstance(result, text.RefusedText):
        if f"refused:{result.reason}" not in case["expect"]:
            yield f"refused for {result.reason}: {result.detail}"
        return
    if case["expect"].startswith("refused"):
        yield "posted"
    if case["expect"] == "as written" and result.text != case["body"]:
        yield f"changed to {result.text!r}"
    wrong = oracle.faults(result.text, forge=forge, repo="acme/widget", prefixes=(PREFIXES[forge], DOCS))
    if wrong - set(case.get("allow", ())):
        yield f"{sorted(wrong)} in {result.text!r}"
    for part in case.get("keeps", ()):
        if part not in result.text:
            yield f"{part!r} is gone from {result.text!r}"
    for part in case.get("loses", ()):
        if part in result.text:
            yield f"{part!r} is still in {result.text!r}"
    again = text.outgoing(result.text, place, steps=tables.steps, checks=tables.checks)
    if not isinstance(again, text.CleanText) or again.text != result.text:
        yield "a second pass changes it"


def _inbound(case: dict[str, Any], tables: Tables) -> Iterator[str]:
    result = inbound.clean(case["text"], limit=case.get("limit", 32_768))
    if "expect" in case and result.text != case["expect"]:
        yield f"{result.text[:300]!r}"
    if sorted(result.hidden) != case.get("hidden", []):
        yield f"hidden: {result.hidden}"
    if result.cut != case.get("cut", False) or len(result.text) > case.get("limit", 32_768):
        yield "cut wrongly"


RUNNERS = {"reply": _reply, "admit": _admit, "judge": _judge, "text": _text, "inbound": _inbound}
