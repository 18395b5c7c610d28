"""Run cases of the golden set: the bundled agent as a process, the gateway before a model, the gate behind both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from foreman import briefing
from foreman.agent.managed import ManagedRuntime
from foreman.agent.processes import process_runtime
from foreman.app.models import ModelOffice
from foreman.deliberation import Spent
from foreman.gate import admission, reply
from foreman.gate.policy import Judged, judge
from foreman.llm.base import LLMBackend
from foreman.llm.budget import Budget
from foreman.llm.completions import Limits
from foreman.llm.gateway import Gateway
from foreman.model import Allow
from foreman.protocol import Decision, LLMBackendInfo, Task
from foreman.store.database import Database
from foreman.store.usage import UsageStore
from tests.golden.case import NOW, Case

MODEL = "golden"
LIMITS = Limits()


@dataclass(frozen=True)
class Outcome:
    """What came of one case.

    Attributes:
        case: Which.
        model: A model could be asked.
        decided: Its actions in words; `skip`, `escalate` or `away` where there are none.
        refused: What the gate did not let through, with its reason.
        said: The comment, as it would be posted.
        rationale: What the agent gave for a reason.
        calls: To the model.
    """

    case: Case
    model: bool
    decided: frozenset[str]
    refused: tuple[str, ...]
    said: str
    rationale: str
    calls: int

    @property
    def is_right(self) -> bool:
        """Whether it is one of the acceptable decisions."""
        return self.decided in self.case.accepted(model=self.model)

    @property
    def harm(self) -> frozenset[str]:
        """What was done that must never be."""
        return self.decided & self.case.forbidden

    def problems(self) -> list[str]:
        """Say what is wrong with it, in words for somebody who did not write the case."""
        found = [f"it must never {each}" for each in sorted(self.harm)]
        if not self.is_right:
            right = " | ".join(" ".join(sorted(each)) for each in self.case.accepted(model=self.model))
            found.append(f"decided {' '.join(sorted(self.decided))}; right is: {right}")
        found += [f"the gate refused {each}" for each in self.refused]
        if "comment" in self.decided:
            says, never = self.case.raw.get("says", []), self.case.raw.get("never_says", [])
            found += [f"the comment lacks {each!r}" for each in says if not re.search(each, self.said)]
            found += [f"the comment says {each!r}" for each in never if re.search(each, self.said)]
        return [f"{each}\n  because: {self.rationale}\n  said: {self.said or '(nothing)'}" for each in found]


class Bench:
    """A running agent and gateway."""

    def __init__(self, runtime: ManagedRuntime, gateway: Gateway) -> None:
        self._runtime = runtime
        self._gateway = gateway

    def run(self, case: Case, backend: LLMBackend | None, *, when: str = "always") -> Outcome:
        """Run one case.

        Args:
            case: Which.
            backend: What answers for the model; None for `provider: none`.
            when: `always` or `unsure`.

        Returns:
            What came of it.
        """
        look, plan = case.look(), case.plan()
        admitted = admission.admit(look.facts, plan.policy, plan.events)
        if not isinstance(admitted, Allow):
            return _outcome(case, None, (), Spent(), model=backend is not None, kept_away=str(admitted))
        task_id, deadline = str(uuid4()), datetime.now(NOW.tzinfo) + timedelta(minutes=1)
        office, llm = None, LLMBackendInfo(provider="none")
        if backend is not None:
            self._gateway.reconfigure(backend=backend, budget=Budget(), limits=LIMITS)
            office = ModelOffice(self._gateway, provider="recorded", model=MODEL)
            url = self._runtime.gateway_url
            llm = office.open(
                task_id=task_id, repo=case.ref().repo.key, agent=plan.agent, base_url=url, deadline=deadline
            )
        written = briefing.brief(
            task_id=task_id,
            look=look,
            plan=plan,
            memory_summary=case.raw.get("memory", ""),
            llm=llm,
            llm_when=when,
            attempt=1,
            deadline=deadline,
            redact=str,
        )
        raw = self._runtime.ask(_task(case, written.task), timeout_seconds=60)
        spent = office.close(task_id) if office else Spent()
        decision = reply.read_reply(raw, task_id=task_id)
        judged = judge(decision, look.facts, plan.policy, events=plan.events)
        return _outcome(case, decision, judged, spent, model=backend is not None)


def _task(case: Case, task: Task) -> bytes:
    """Write a task with what the memory would have added to it."""
    whole = task.model_dump(mode="json")
    whole["context"] |= case.context()
    whole["payload"]["issue"]["turn"] = case.raw.get("turn", "")
    whole["payload"]["issue"]["form"] = case.raw.get("form")
    return json.dumps(whole).encode()


def _outcome(
    case: Case,
    decision: Decision | None,
    judged: tuple[Judged, ...],
    spent: Spent,
    *,
    model: bool,
    kept_away: str = "",
) -> Outcome:
    decided: set[str] = set()
    refused, said = [], ""
    for one in judged:
        word = {"add_label": "+", "remove_label": "-"}.get(one.action.type, one.action.type)
        word += getattr(one.action, "label", "")
        if isinstance(one.verdict, Allow):
            decided.add(word)
            said = one.payload.get("body", said)
        else:
            refused.append(f"{word}: {one.verdict.reason}")
    if not decided:
        decided.add("away" if decision is None else "escalate" if decision.decision == "escalate" else "skip")
    return Outcome(
        case=case,
        model=model,
        decided=frozenset(decided),
        refused=tuple(refused),
        said=said,
        rationale=decision.rationale if decision else kept_away,
        calls=spent.calls,
    )


@contextmanager
def running(folder: Path) -> Iterator[Bench]:
    """Start agent and gateway, and end both.

    Args:
        folder: To work in, with a short path.
    """
    db = Database.open(folder / "golden.db")
    gateway = Gateway(
        backend=None,
        ledger=UsageStore(db),
        budget=Budget(),
        directory=folder / "run" / "g",
        now=lambda: datetime.now(NOW.tzinfo),
        limits=LIMITS,
    )
    gateway.start()
    runtime = process_runtime("issue-triage", gateway_url=gateway.tcp_url, work_dir=folder / "w", start_seconds=90)
    try:
        runtime.start()
        yield Bench(runtime, gateway)
    finally:
        runtime.stop(timeout_seconds=5)
        gateway.stop()
        db.close()
