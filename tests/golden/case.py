"""One written issue of the golden set: what it is, what may be decided about it, and what must never be.

A decision is written as its actions, each in a word: `+bug` and `-stale` for labels, `comment`, `close`, `reopen`,
`assign`; nothing but `skip` or `escalate` where nothing is to be done, `away` where Foreman asks no agent at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from foreman.config.effective import AgentPlan, Policy
from foreman.gate.facts import Facts
from foreman.gate.turn import Owed, Turn
from foreman.model import Account, Comment, EventKind, ForgeKind, Issue, IssueRef, Label, RepoRef, Role
from foreman.recall import Look

FOLDER = Path(__file__).parent
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BOT = Account(login="acme-bot", id=4242, is_bot=True)
LABELS = {
    "bug": "Something does not work as it should",
    "feature": "Something new, or something better",
    "question": "Somebody wants to know how",
    "docs": "About the documentation alone",
    "needs-info": "Waits for facts from the reporter",
    "stale": "Nobody answered for long",
    "security": "For the maintainers' eyes",
    "wontfix": "Will not be worked on",
}
CONFIG: dict[str, Any] = {
    "labels": {
        "bug": ["crash", "crashes", "exception", "traceback", "error", "broken", "regression", "segfault"],
        "feature": ["feature request", "add support", "would be nice", "please add", "proposal"],
        "question": ["how do I", "how to", "is it possible", "what is the difference"],
        "docs": ["documentation", "docs", "readme", "typo"],
    },
    "needs_info_label": "needs-info",
    "stale_label": "stale",
    "stale_days": 60,
}
POLICY: dict[str, Any] = {
    "labels_add": ("bug", "feature", "question", "docs", "needs-info", "stale"),
    "labels_remove": ("needs-info", "stale"),
    "stale_label": "stale",
}
EVENTS = (EventKind.OPENED, EventKind.EDITED, EventKind.REOPENED, EventKind.COMMENTED, EventKind.STALE)

_ACTION = re.compile(r"[+-]\S.*|comment|close|reopen|assign")
_ALONE = frozenset({"skip", "escalate", "away"})
_KEYS = frozenset(
    [
        "id",
        "title",
        "body",
        "author",
        "role",
        "event",
        "labels",
        "comments",
        "turn",
        "similar",
        "priors",
        "corrections",
        "memory",
        "instructions",
        "docs",
        "form",
        "config",
        "policy",
        "number",
        "age_days",
        "quiet_days",
        "reminded_days",
        "thumbs_up",
        "accept",
        "with_model",
        "without_model",
        "forbid",
        "says",
        "never_says",
        "answer",
        "waits_for",
    ]
)


@dataclass(frozen=True)
class Case:
    """One issue.

    Attributes:
        id: Name of the case, unique.
        theme: Name of its file.
        raw: As it was written.
    """

    id: str
    theme: str
    raw: dict[str, Any]

    @property
    def waits_for(self) -> str:
        """What must be built before this can pass; empty for nothing."""
        return self.raw.get("waits_for", "")

    @property
    def answer(self) -> dict[str, Any] | None:
        """What a careful model answers; None where none is to be asked."""
        given = self.raw.get("answer")
        return None if given is None else BLANK | given

    @property
    def forbidden(self) -> frozenset[str]:
        """Actions that would do harm."""
        return frozenset(self.raw["forbid"])

    def accepted(self, *, model: bool) -> tuple[frozenset[str], ...]:
        """Return the decisions that are right, each as its actions."""
        more = self.raw.get("with_model" if model else "without_model", [])
        return tuple(words(line) for line in (*self.raw["accept"], *more))

    def ref(self) -> IssueRef:
        """Return what the case is about."""
        return IssueRef(RepoRef(ForgeKind.GITHUB, "acme/widget"), self.raw.get("number", 900))

    def plan(self) -> AgentPlan:
        """Return the agent's settings and policy."""
        config = CONFIG | self.raw.get("config", {})
        given = {key: tuple(v) if isinstance(v, list) else v for key, v in self.raw.get("policy", {}).items()}
        return AgentPlan(
            agent="issue-triage", events=frozenset(EVENTS), config=config, policy=Policy(**(POLICY | given))
        )

    def look(self) -> Look:
        """Return the issue as the forge would show it."""
        raw = self.raw
        opened = NOW - timedelta(days=raw.get("age_days", 0), hours=2)
        author = account(raw.get("author", "kim"))
        comments = tuple(
            Comment(
                id=7000 + place,
                author=account(said["by"]),
                role=Role(said.get("role", "none")),
                body=said["body"],
                created_at=opened + timedelta(hours=1, minutes=place),
                updated_at=opened + timedelta(hours=1, minutes=place),
            )
            for place, said in enumerate(raw.get("comments", []))
        )
        event = EventKind(raw.get("event", "opened"))
        issue = Issue(
            ref=self.ref(),
            id=90_000,
            title=raw["title"],
            body=raw.get("body", ""),
            author=author,
            role=Role(raw.get("role", "none")),
            state="open",
            labels=tuple(raw.get("labels", [])),
            created_at=opened,
            updated_at=NOW - timedelta(days=raw.get("quiet_days", 0), hours=1),
            thumbs_up=raw.get("thumbs_up", 0),
        )
        by = comments[-1] if event is EventKind.COMMENTED else None
        facts = Facts(
            issue=issue,
            bot=BOT,
            event=event,
            event_actor=by.author if by else author,
            event_actor_role=by.role if by else None,
            requested=event is EventKind.REQUESTED,
            repo_labels=tuple(Label(name=name, description=about) for name, about in LABELS.items()),
            labels_removed_by_people=frozenset(),
            labels_added_by_people=frozenset(),
            our_comments_today=0,
            owed=Owed(turn=Turn(raw["turn"]), since=NOW - timedelta(days=raw["quiet_days"]))
            if "turn" in raw
            else None,
            reminded_at=NOW - timedelta(days=raw["reminded_days"]) if "reminded_days" in raw else None,
            now=NOW,
        )
        return Look(facts=facts, comments=comments)

    def context(self) -> dict[str, Any]:
        """Return what the memory adds to the task."""
        return {
            "similar": [SIMILAR | row for row in self.raw.get("similar", [])],
            "label_priors": [
                {"label": name, "probability": chance, "sure": chance >= 0.8}
                for name, chance in self.raw.get("priors", {}).items()
            ],
            "corrections": self.raw.get("corrections", []),
            "instructions": self.raw.get("instructions", ""),
            "docs": [PASSAGE | row for row in self.raw.get("docs", [])],
        }


BLANK: dict[str, Any] = {
    "labels": [],
    "missing": [],
    "duplicates": [],
    "answer": {"passage": 0, "quote": ""},
    "security": False,
    "comment": "",
    "confidence": 0.9,
    "reason": "Written for the golden set.",
}
PASSAGE: dict[str, Any] = {
    "path": "docs/guide.md",
    "line": 12,
    "heading": "",
    "url": "https://github.com/acme/widget/blob/main/docs/guide.md?plain=1#L12",
}
SIMILAR: dict[str, Any] = {"state": "open", "state_reason": "", "labels": ["bug"], "url": ""}


def account(login: str) -> Account:
    """Return somebody by name; an id belongs to each."""
    return Account(login=login, id=1000 + sum(login.encode()), is_bot=login.endswith("[bot]"))


def words(line: str) -> frozenset[str]:
    """Read a decision as a case writes it.

    Raises:
        ValueError: It is none.
    """
    found = frozenset(line.split())
    if not found or not (all(map(_ACTION.fullmatch, found)) or (len(found) == 1 and found <= _ALONE)):
        raise ValueError(f"no decision: {line!r}")
    return found


def load() -> tuple[Case, ...]:
    """Return all cases of all files.

    Raises:
        ValueError: A case has an unknown key, or lacks what may or may not be decided.
    """
    cases = []
    for file in sorted((FOLDER / "cases").glob("*.yaml")):
        for raw in yaml.safe_load(file.read_text(encoding="utf-8")):
            if set(raw) - _KEYS or not {"id", "title", "accept", "forbid"} <= set(raw):
                raise ValueError(f"{file.name}: {raw.get('id')}: {sorted(set(raw) - _KEYS)}")
            cases.append(Case(id=raw["id"], theme=file.stem, raw=raw))
    return tuple(cases)
