"""Answers of a backtest: what is compared of a decision, and the file in which it is kept for the next run."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from foreman import __version__
from foreman.config.effective import AgentPlan
from foreman.config.models import BUNDLED_AGENTS, Config
from foreman.deliberation import Deliberation
from foreman.model import Allow, Hold, Mode, RepoRef
from foreman.scribe import describe
from foreman.values import dataclass

_FORMAT = 1  # of the file
_NUMBER = re.compile(r"#(\d{1,9})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What would have been done with an issue.

    Attributes:
        number: Of the issue.
        digest: Of what was shown.
        left_alone: Why no agent would have been asked; empty when one was.
        decision: The agent's word.
        confidence: Between 0 and 1; None when not told.
        labels: That would have been put on.
        held: Types of actions that would have waited for a person.
        denied: Types of actions that policy would have refused.
        comment: Something would have been said.
        duplicates: Issues that would have been named as the same.
        close: Reason to close; empty when it would have stayed open.
        others: Whatever else would have been done, a word or two each.
        found: Similar issues, best first, from which the agent was shown some.
        input_tokens: Of the model.
        output_tokens: Of the model.
        usd: Price; None when not known.
        calls: Of the model.
    """

    number: int
    digest: str
    left_alone: str = ""
    decision: str = "skip"
    confidence: float | None = None
    labels: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    comment: bool = False
    duplicates: tuple[int, ...] = ()
    close: str = ""
    others: tuple[str, ...] = ()
    found: tuple[int, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0
    calls: int = 0


def answer_of(thought: Deliberation, *, digest: str = "", found: tuple[int, ...] = ()) -> Answer:
    """Boil a judged decision down to what can be compared.

    Args:
        thought: What was decided.
        digest: Of what was shown.
        found: Similar issues, best first.

    Returns:
        What would have been done.
    """
    number = thought.look.facts.ref.number
    if thought.decision is None:
        return Answer(number=number, digest=digest, left_alone=describe(thought.admission), found=found)
    allowed = [one for one in thought.judged if isinstance(one.verdict, Allow)]
    said = [str(one.payload.get("body", "")) for one in allowed if one.action.type == "comment"]
    closes = [one.payload for one in allowed if one.action.type == "close"]
    named = [int(hit) for text in said for hit in _NUMBER.findall(text)]
    named += [one["duplicate_of"] for one in closes if one.get("duplicate_of")]
    spent = thought.spent
    return Answer(
        number=number,
        digest=digest,
        decision=thought.decision.decision,
        confidence=thought.decision.confidence,
        labels=tuple(one.payload["label"] for one in allowed if one.action.type == "add_label"),
        held=tuple(one.action.type for one in thought.judged if isinstance(one.verdict, Hold)),
        denied=tuple(one.action.type for one in thought.judged if not isinstance(one.verdict, Allow | Hold)),
        comment=bool(said),
        duplicates=tuple(one for one in dict.fromkeys(named) if not found or one in found),
        close=str(closes[0].get("reason") or "not_planned") if closes else "",
        others=tuple(word for one in allowed if (word := other_word(one.action.type, one.payload))),
        found=found,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        usd=None if spent.usd is None else float(spent.usd),
        calls=spent.calls,
    )


def other_word(kind: str, payload: Mapping[str, Any]) -> str:
    """Name an action that is neither a new label, nor a comment, nor a close; empty for those."""
    match kind:
        case "add_label" | "comment" | "close":
            return ""
        case "remove_label":
            return f"-{payload.get('label', '')}"
        case "assign":
            return f"assign {payload.get('user', '')}"
    return kind


class Kept:
    """The answers of earlier runs with the same agent, model and configuration; one JSON line each, without texts."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a line that was cut off counts as none."""
        self._path = path
        self._known: dict[tuple[int, str], Answer] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                found = json.loads(line)
                values: dict[str, Any] = {
                    key: tuple(value) if isinstance(value, list) else value for key, value in found.items()
                }
                answer = Answer(**values)
            except (ValueError, TypeError, AttributeError):
                continue
            self._known[answer.number, answer.digest] = answer

    @classmethod
    def at(cls, folder: Path, config: Config, repo: RepoRef, plan: AgentPlan) -> Kept:
        """Return those of one repository, agent, model and configuration."""
        llm = config.llm
        facts = (
            _FORMAT,
            __version__,
            plan.agent,
            sorted(plan.events),
            json.dumps(dict(plan.config), sort_keys=True, default=str),
            repr(replace(plan.policy, mode=Mode.AUTO, modes={})),  # what is done with a decision is no part of it
            repr(config.agent(plan.agent)),
            llm.provider,
            llm.model,
            str(llm.api_base),
            repr(llm.fallbacks),
            llm.when,
            llm.temperature,
            llm.max_output_tokens,
            llm.redact_personal,
            _code(plan.agent),
            str(config.storage.path.resolve()),
        )
        digest = hashlib.sha256(repr(facts).encode("utf-8", "replace")).hexdigest()[:16]
        name = re.sub(r"[^a-zA-Z0-9]+", "-", repo.key)[:80].strip("-")
        return cls(folder / f"{name}-{digest}.jsonl")

    def get(self, number: int, digest: str) -> Answer | None:
        """Return an answer, None when there is none for what would be shown now."""
        return self._known.get((number, digest))

    def add(self, answer: Answer) -> None:
        """Keep an answer, on disk before the next one is asked for."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps(asdict(answer)).encode() + b"\n"
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                line = b"\n" + line  # after a line that was cut off
            os.write(file, line)
        finally:
            os.close(file)


def _code(agent: str) -> str:
    """Return a digest of a bundled agent's own files, prompts among them; empty for another's."""
    spec = importlib.util.find_spec(f"agents.{agent.replace('-', '_')}") if agent in BUNDLED_AGENTS else None
    digest = hashlib.sha256()
    for folder in spec.submodule_search_locations or () if spec else ():
        for file in sorted(Path(folder).rglob("*")):
            if file.is_file() and file.suffix not in {".pyc", ".lock"}:
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
