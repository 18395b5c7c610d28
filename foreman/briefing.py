"""Write the Task an agent gets: cleaned, cut, without a credential. Pure.

Everything strangers wrote goes through `gate.inbound`: hidden parts are removed or shown, and counted. Foreman's own
comments are left out: their content is in the memory summary as facts, and our prose must not come back as input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from foreman.config.effective import AgentPlan
from foreman.gate import inbound
from foreman.gate.facts import Facts
from foreman.guidance import mission, passages
from foreman.guidance.forms import FilledForm
from foreman.guidance.passages import Passage
from foreman.learn import Prior
from foreman.model import Comment, Issue, Label
from foreman.precedents import Corrected, Known
from foreman.protocol import (
    LLMBackendInfo,
    Task,
    TaskComment,
    TaskContext,
    TaskForm,
    TaskIssue,
    TaskLabel,
    TaskPassage,
    TaskPayload,
)
from foreman.recall import Look
from foreman.store.search import Hit
from foreman.values import dataclass

MAX_TITLE_CHARS = 512
MAX_BODY_CHARS = 32_768
MAX_COMMENT_CHARS = 8_192
MAX_COMMENTS = 20
"""The newest so many comments are shown; with the bounds above a task stays under 300 KB."""
MAX_LABELS = 300
MAX_OTHER_TITLE_CHARS = 300
MAX_BECAUSE_CHARS = 300
MAX_HEADING_CHARS = 200
_MOST_LABELS_OF_ANOTHER = 20

_BY_MAINTAINERS = frozenset({"rejected", "undone", "removed", "added", "comment_deleted"})
"""Corrections that only somebody with rights on the repository can make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """A Task, and what was done to the text on the way in.

    Attributes:
        task: What the agent gets.
        hidden: How many hidden parts of each kind were removed or made visible.
        cut: Something was too long and ends in a visible notice.
    """

    task: Task
    hidden: dict[str, int]
    cut: bool


class _Cleaner:
    """Cleans texts and keeps the count over all of them."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self.hidden: Counter[str] = Counter()
        self.cut = False
        self._redact = redact

    def clean(self, text: str, limit: int) -> str:
        if not text:
            return text
        done = inbound.clean(text, limit=limit)
        self.hidden.update(done.hidden)
        self.cut = self.cut or done.cut
        return self._redact(done.text)


def brief(
    *,
    task_id: str,
    look: Look,
    plan: AgentPlan,
    memory_summary: str,
    llm: LLMBackendInfo,
    llm_when: str,
    attempt: int,
    deadline: datetime,
    redact: Callable[[str], str],
    known: Known = Known(),
) -> Briefing:
    """Write one Task.

    Args:
        task_id: UUID of this attempt.
        look: What was found on the forge.
        plan: The agent's settings and policy here.
        memory_summary: Facts of earlier decisions on this issue.
        llm: Where the agent finds its model.
        llm_when: `always` or `unsure`, handed to the agent in its config.
        attempt: Counted from 1.
        deadline: When the answer is worth nothing any more, aware UTC.
        redact: Takes known secrets (and, where configured, personal data) out of a text.
        known: What is known beside the issue.

    Returns:
        The task and what was removed on the way in.
    """
    facts = look.facts
    cleaner = _Cleaner(redact)
    comments = tuple(said for said in look.comments or () if said.author.id != facts.bot.id and not said.internal)
    payload = TaskPayload(
        event=facts.event.value,
        forge=facts.forge.value,
        issue=_issue(facts, comments[-MAX_COMMENTS:], known.guidance.form, cleaner),
        labels=_labels(facts.repo_labels or (), plan, facts.labels_by_us),
        config={**_plain(plan.config), **_in_force(plan), "llm_when": llm_when},
    )
    context = TaskContext(
        memory_summary=memory_summary,
        similar=tuple(
            {**_similar(hit, facts.issue, cleaner), "versions": list(known.versions.get(hit.issue, ()))}
            for hit in known.similar
        ),
        label_priors=tuple(_prior(prior, cleaner) for prior in known.priors),
        corrections=tuple(_correction(one, cleaner) for one in known.corrected),
        instructions=_instructions(known.guidance.mission, plan, cleaner),
        docs=tuple(_passage(one, cleaner) for one in known.guidance.passages),
        llm_backend=llm,
        attempt=attempt,
        deadline=_time(deadline),
    )
    task = Task(task_id=UUID(task_id), type=plan.task_type, repo=facts.ref.repo.key, payload=payload, context=context)
    return Briefing(task=task, hidden=dict(cleaner.hidden), cut=cleaner.cut)


def _in_force(plan: AgentPlan) -> dict[str, Any]:
    """Return what the policy says where an agent's settings may be silent: so it asks for neither less nor more."""
    stale = {"stale_days": plan.policy.stale_days} if plan.policy.stale_label else {}
    return {"allow_close": plan.policy.allow_close, **stale}


def _issue(facts: Facts, comments: tuple[Comment, ...], form: FilledForm | None, cleaner: _Cleaner) -> TaskIssue:
    issue = facts.issue
    return TaskIssue(
        number=issue.ref.number,
        title=cleaner.clean(issue.title, MAX_TITLE_CHARS),
        body=cleaner.clean(issue.body, MAX_BODY_CHARS),
        author=issue.author.login,
        author_role=issue.role.value,
        state=issue.state,
        labels=issue.labels,
        created_at=_time(issue.created_at),
        updated_at=_time(issue.updated_at),
        url=issue.url,
        thumbs_up=issue.thumbs_up,
        thumbs_down=issue.thumbs_down,
        turn=facts.owed.turn.value if facts.owed else "",
        form=_form(form, cleaner) if form is not None else None,
        comments=tuple(
            TaskComment(
                author=said.author.login,
                author_role=said.role.value,
                body=cleaner.clean(said.body, MAX_COMMENT_CHARS),
                created_at=_time(said.created_at),
            )
            for said in comments
        ),
    )


def _labels(known: tuple[Label, ...], plan: AgentPlan, by_us: frozenset[str]) -> tuple[TaskLabel, ...]:
    policy = plan.policy
    return tuple(
        TaskLabel(
            name=label.name,
            description=_described(label.description),
            may_add=label.name in policy.labels_add,
            may_remove=label.name in policy.labels_remove or label.name in by_us,
        )
        for label in known[:MAX_LABELS]
    )


@lru_cache(maxsize=2_000)
def _described(description: str) -> str:
    """Clean what a label is for; remembered, for every task tells of every label."""
    return inbound.clean(description, limit=200).text


def _similar(hit: Hit, issue: Issue, cleaner: _Cleaner) -> dict[str, Any]:
    mine, number = issue.ref.number, hit.issue.number
    url = f"{issue.url.removesuffix(f'/{mine}')}/{number}" if issue.url.endswith(f"/{mine}") else ""
    return {
        "number": number,
        "title": cleaner.clean(hit.title, MAX_OTHER_TITLE_CHARS),
        "state": hit.state,
        "state_reason": hit.state_reason,
        "labels": list(hit.labels[:_MOST_LABELS_OF_ANOTHER]),
        "url": url,
    }


def _correction(one: Corrected, cleaner: _Cleaner) -> dict[str, Any]:
    """Say who it was by what only such a person can do: no logins."""
    fix = one.correction
    return {
        "number": fix.issue.number,
        "title": cleaner.clean(one.title, MAX_OTHER_TITLE_CHARS),
        "kind": fix.kind,
        "action_type": fix.action_type,
        # Of a removal that was not wanted no label is told: it would read as one that was not wanted.
        "label": fix.value if fix.action_type == "add_label" else "",
        "by_role": "maintainer" if fix.kind in _BY_MAINTAINERS else "anybody",
        "because": cleaner.clean(fix.because, MAX_BECAUSE_CHARS),
    }


def _instructions(says: str, plan: AgentPlan, cleaner: _Cleaner) -> str:
    told = plan.config.get("instructions")
    configured = cleaner.clean(told, mission.MAX_CHARS).strip() if isinstance(told, str) else ""
    room = mission.room(configured)
    return mission.joined(cleaner.clean(says, room).strip() if room and says else "", configured)


def _form(form: FilledForm, cleaner: _Cleaner) -> TaskForm:
    return TaskForm(
        name=cleaner.clean(form.name, MAX_HEADING_CHARS),
        required=tuple(cleaner.clean(heading, MAX_HEADING_CHARS) for heading in form.required),
        missing=tuple(cleaner.clean(heading, MAX_HEADING_CHARS) for heading in form.missing),
    )


def _passage(one: Passage, cleaner: _Cleaner) -> TaskPassage:
    return TaskPassage(
        path=one.path,
        line=one.line,
        heading=cleaner.clean(one.heading, MAX_HEADING_CHARS),
        text=cleaner.clean(one.text, passages.MAX_CHARS),
        url=one.url,
    )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return dict(config)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _prior(prior: Prior, cleaner: _Cleaner) -> dict[str, Any]:
    words = [cleaner.clean(word, 40) for word in prior.words]
    told = {"label": prior.label, "probability": prior.probability, "sure": prior.sure}
    return {**told, "threshold": prior.threshold, "words": words} if prior.sure else told
