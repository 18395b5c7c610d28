"""Decision -> one verdict per action. Pure: what may happen, never doing it.

First where Foreman keeps away altogether (`admission.STANDING`), then the rules of `rules.ACTION_RULES`, then, for a
comment, its text. The target of every action is the issue of the facts; a Decision has no way to name another.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, assert_never
from urllib.parse import urlsplit

from foreman.config.effective import Policy
from foreman.gate.admission import STANDING, AdmissionRule, Candidate, Objection
from foreman.gate.facts import Facts
from foreman.gate.rules import ACTION_RULES
from foreman.gate.secret_scan import NO_SECRETS, KnownSecrets
from foreman.gate.situation import ActionRule, Situation
from foreman.gate.text import CleanText, outgoing
from foreman.gate.text_context import TextContext
from foreman.model import ActionState, Allow, Deny, EventKind, Hold, Mode, Verdict
from foreman.protocol import Action, AddComment, Decision
from foreman.values import dataclass

MAX_KEPT = 2_000
"""Characters kept of a comment that was refused, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One action with its verdict.

    Attributes:
        action: As the agent asked for it.
        verdict: Allow, Deny or Hold with a reason from `reasons`.
        mode: What the configuration says for this type of action.
        payload: The final action, JSON-ready; a comment's body is the judged text, or of a refused one the redacted
            beginning, for the log alone.
    """

    action: Action
    verdict: Verdict
    mode: Mode
    payload: dict[str, Any]


def judge(
    decision: Decision,
    facts: Facts,
    policy: Policy,
    *,
    events: Collection[EventKind] = (),
    secrets: KnownSecrets = NO_SECRETS,
    standing: tuple[AdmissionRule, ...] = STANDING,
    rules: tuple[ActionRule, ...] = ACTION_RULES,
) -> tuple[Judged, ...]:
    """Judge every action of a Decision.

    Args:
        decision: A well-formed Decision for the task whose issue the facts are about.
        facts: What is known now.
        policy: What holds for the repository and the agent.
        events: What the agent is to get.
        secrets: Values that must not leave.
        standing: The table of rules about the issue; only the mutation test passes another one.
        rules: The table of rules about actions; likewise.

    Returns:
        As many as there are actions, in their order.
    """
    at = Candidate(facts=facts, policy=policy, events=events)
    apart = next((objection for rule in standing if (objection := rule.objection(at))), None)
    judged: list[Judged] = []
    allowed = 0
    for position, action in enumerate(decision.actions):
        situation = Situation(
            action=action,
            earlier=decision.actions[:position],
            allowed_before=allowed,
            decision=decision,
            facts=facts,
            policy=policy,
        )
        objection = apart or next((found for rule in rules if (found := rule.objection(situation))), None)
        verdict, payload = _with_payload(action, objection, facts, policy, secrets)
        allowed += isinstance(verdict, Allow)
        judged.append(Judged(action=action, verdict=verdict, mode=policy.mode_of(action.type), payload=payload))
    return tuple(judged)


def _with_payload(
    action: Action, objection: Objection, facts: Facts, policy: Policy, secrets: KnownSecrets
) -> tuple[Verdict, dict[str, Any]]:
    if isinstance(objection, Deny):
        objection = Deny(objection.reason, secrets.redact(objection.detail))
    if not isinstance(action, AddComment):
        payload = action.model_dump(mode="json")
        if isinstance(objection, Deny):  # what is allowed or held names only what the maintainer listed
            payload = {
                key: secrets.redact(value) if isinstance(value, str) else value for key, value in payload.items()
            }
        return objection or Allow(), payload
    text = outgoing(action.body, text_context(facts, policy, secrets=secrets))
    if isinstance(text, CleanText):
        return objection or Allow(), {"type": action.type, "body": text.text}
    kept = {"type": action.type, "body": secrets.redact(action.body)[:MAX_KEPT]}
    return (objection if isinstance(objection, Deny) else Deny(text.reason, text.detail)), kept


def text_context(facts: Facts, policy: Policy, *, secrets: KnownSecrets = NO_SECRETS) -> TextContext:
    """Return what `text.outgoing` must know to judge a comment on this issue.

    Args:
        facts: What is known.
        policy: What holds.
        secrets: Values that must not leave.

    Returns:
        The context; nobody may be mentioned.
    """
    return TextContext(
        forge=facts.forge,
        repo=facts.ref.repo,
        number=facts.ref.number,
        links=policy.links,
        home=_home(facts),
        said=facts.said_by_project,
        max_chars=policy.max_comment_chars,
        secrets=secrets,
    )


def _home(facts: Facts) -> str | None:
    """Return the repository's page, on whichever host and below whichever path the forge says the issue's own page is.

    Never another forge's: the same path may be a stranger's there.
    """
    if not facts.issue.url:
        return None
    parts = urlsplit(facts.issue.url)
    place = re.fullmatch(
        rf"((?:/[\w.-]+)*/{re.escape(facts.ref.repo.path)}/)(?:-/)?\w+/\d+", parts.path, re.IGNORECASE
    )
    if parts.scheme != "https" or parts.netloc != parts.hostname or place is None:
        return ""
    return f"https://{parts.netloc}{place[1]}"


def final_state(verdict: Verdict, mode: Mode, *, paused: bool) -> ActionState:
    """Return the state an action is logged with.

    Args:
        verdict: The gate's.
        mode: What holds for the action's type.
        paused: A person paused the repository or everything.

    Returns:
        `denied` stays denied; in shadow nothing ever waits to be sent; what is held, must be approved, or meets a
        pause waits; the rest is planned.
    """
    match verdict:
        case Deny():
            return ActionState.DENIED
        case Hold():
            return ActionState.SHADOW if mode is Mode.SHADOW else ActionState.HELD
        case Allow():
            if mode is Mode.SHADOW:
                return ActionState.SHADOW
            return ActionState.HELD if mode is Mode.APPROVE or paused else ActionState.PLANNED
        case _:
            assert_never(verdict)
