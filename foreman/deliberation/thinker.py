"""Asking an agent about what was found, and judging the answer; needs no forge."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from foreman import briefing, checkpoint, commands, tracing
from foreman.config.effective import AgentPlan
from foreman.counting import SECRETS_CAUGHT, count
from foreman.deliberation.ports import AgentDesk, ModelDesk, Spent
from foreman.deliberation.thought import Deliberation
from foreman.errors import AgentError, AgentReplyInvalid, AgentUnavailable, BudgetExceeded
from foreman.gate import admission, personal, reply, turn
from foreman.gate.policy import Judged, judge
from foreman.gate.secret_scan import KnownSecrets
from foreman.model import INSIDERS, Allow, IssueRef
from foreman.precedents import Known
from foreman.protocol import Decision, LLMBackendInfo, Task
from foreman.recall import Look


class Thinker:
    """Asks an agent about what was found, and judges the answer; needs no forge."""

    def __init__(
        self,
        *,
        agents: AgentDesk,
        models: ModelDesk | None,
        secrets: Callable[[], KnownSecrets],
        redact_personal: bool,
        llm_when: str,
        now: Callable[[], datetime],
    ) -> None:
        """Keep the ports.

        Args:
            agents: The agents.
            models: The model gateway; None for `llm.provider: none`.
            secrets: Tells what must not leave now.
            redact_personal: Take e-mail and IP addresses and phone numbers out of what an agent reads.
            llm_when: `always` or `unsure`.
            now: Current time, aware UTC.
        """
        self._agents = agents
        self._models = models
        self._secrets = secrets
        self._redact_personal = redact_personal
        self._llm_when = llm_when
        self._now = now

    def think(
        self,
        look: Look,
        plan: AgentPlan,
        *,
        task_id: str,
        attempt: int,
        memory_summary: str,
        known: Callable[[Look, AgentPlan], Known],
    ) -> Deliberation:
        """Think about what was found on one issue.

        Args:
            look: At it.
            plan: The agent and what it may do here.
            task_id: UUID of this attempt.
            attempt: Counted from 1.
            memory_summary: Facts of earlier decisions on this issue.
            known: Tells what bears on the issue beside itself; not asked where no agent is.

        Returns:
            The judged decision, or the reason why no agent was asked.

        Raises:
            AgentError: The agent did not do its job.
            BudgetExceeded: The model's budget is spent.
        """
        look = _with_turn(look, plan)
        issue = look.facts.issue
        title = "" if issue.confidential else self._secrets().redact(issue.title)
        verdict = admission.admit(look.facts, plan.policy, plan.events)
        if not isinstance(verdict, Allow):
            return Deliberation(look=look, title=title, admission=verdict, hidden={})
        timeout = self._agents.timeout_seconds(plan.agent)
        deadline = self._now() + timedelta(seconds=timeout)
        with tracing.step("agent", agent=plan.agent, attempt=attempt) as span:
            llm = self._open_model(task_id, issue.ref, plan, deadline)
            with tracing.step("brief"):
                bearing = known(look, plan)
                look = _with_words(look, bearing)
                written = briefing.brief(
                    task_id=task_id,
                    look=look,
                    plan=plan,
                    memory_summary=memory_summary,
                    llm=llm,
                    llm_when=self._llm_when,
                    attempt=attempt,
                    deadline=deadline,
                    redact=self._redact,
                    known=bearing,
                )
            started = time.monotonic()
            raw, spent = self._ask(plan.agent, written.task, timeout)
            duration_ms = round((time.monotonic() - started) * 1000)
            span.note(model_calls=spent.calls, asked_ms=duration_ms)
        checkpoint.reach("pipeline.asked")
        with tracing.step("gate") as span:
            decision = self._read(raw, task_id)
            rationale = self._secrets().redact(decision.rationale)
            count(SECRETS_CAUGHT, int(rationale != decision.rationale), where="rationale")
            decision = replace_rationale(decision, rationale)
            judged = judge(decision, look.facts, plan.policy, events=plan.events, secrets=self._secrets())
            span.note(decision=decision.decision, **_verdicts(judged))
        return Deliberation(
            look=look,
            title=title,
            admission=verdict,
            decision=decision,
            judged=judged,
            spent=spent,
            known=bearing,
            hidden=written.hidden,
            cut=written.cut,
            duration_ms=duration_ms,
        )

    def refusal(self, repo: str) -> BudgetExceeded | None:
        """Return the day's budget that is spent for a repository; None when there is some left, or no model."""
        return None if self._models is None else self._models.refusal(repo, self._now())

    def _ask(self, agent: str, task: Task, timeout_seconds: float) -> tuple[bytes, Spent]:
        task_id = str(task.task_id)
        spent = Spent()
        raw: bytes | None = None
        failure: AgentError | None = None
        try:
            raw = self._agents.ask(agent, task.model_dump_json().encode(), timeout_seconds=timeout_seconds)
        except AgentError as error:
            failure = error
        finally:
            if self._models is not None:
                spent = self._models.close(task_id)
        if spent.retry_at is not None:
            # An agent that answers all the same, or fails because of it: either way the task waits for the money.
            raise BudgetExceeded("the model's budget is spent", retry_at=spent.retry_at) from failure
        if raw is None:
            raise failure or AgentUnavailable(f"agent {agent} gave no reply", asked=True)
        return raw, spent

    def _open_model(self, task_id: str, ref: IssueRef, plan: AgentPlan, deadline: datetime) -> LLMBackendInfo:
        if self._models is None:
            return LLMBackendInfo(provider="none")
        refusal = self._models.refusal(ref.repo.key, self._now())
        if refusal is not None:
            raise refusal
        return self._models.open(
            task_id=task_id,
            repo=ref.repo.key,
            agent=plan.agent,
            base_url=self._agents.gateway_url(plan.agent),
            deadline=deadline,
        )

    def _read(self, raw: bytes, task_id: str) -> Decision:
        try:
            return reply.read_reply(raw, task_id=task_id)
        except AgentReplyInvalid as error:
            # The fault names the key it is at, and an agent may call a key what it likes.
            raise AgentReplyInvalid(self._secrets().redact(str(error))) from None

    def _redact(self, text: str) -> str:
        clean = self._secrets().redact(text)
        count(SECRETS_CAUGHT, int(clean != text), where="incoming")
        return personal.redact_personal(clean).text if self._redact_personal else clean


def _with_turn(look: Look, plan: AgentPlan) -> Look:
    """Work out whose turn it is; which label asks the reporter stands in the agent's settings."""
    label, issue, bot = plan.policy.needs_info_label, look.facts.issue, look.facts.bot
    owed = turn.turn(
        issue,
        None if look.comments is None else commands.on_the_matter(look.comments, issue, bot),
        look.history,
        bot,
        needs_info=(label,) if label else (),
        edited_at=look.edited_at,
    )
    return replace(look, facts=replace(look.facts, owed=owed))


def _with_words(look: Look, known: Known) -> Look:
    """Note what the project itself says: only that may be repeated where it tells people to run something."""
    facts = look.facts
    said = [one.body for one in look.comments or () if one.role in INSIDERS and one.author.id != facts.bot.id]
    words = (*said, *(passage.text for passage in known.guidance.passages))
    return replace(look, facts=replace(facts, said_by_project=words))


def _verdicts(judged: Sequence[Judged]) -> dict[str, int]:
    """Return how many actions were allowed, held and denied."""
    counts = Counter(type(one.verdict).__name__.lower() for one in judged)
    return {word: counts[word] for word in ("allow", "hold", "deny")}


def replace_rationale(decision: Decision, rationale: str) -> Decision:
    """Return the decision with another rationale."""
    return decision if rationale == decision.rationale else decision.model_copy(update={"rationale": rationale})
