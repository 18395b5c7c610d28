"""What would have changed a verdict: for every reason the smallest changes, out of the rule and its numbers. Pure.

Each of them takes away this one objection; the rules after it have not been asked then. `tests/gate/test_levers.py`
applies every change of the configuration to the cases of the corpus and judges them again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from foreman.gate.reasons import Reason
from foreman.secrets import REMOVED
from foreman.values import dataclass


class Kind(StrEnum):
    """What has to be changed."""

    APPROVE = "approve"
    """A person lets this one action pass."""
    ORDER = "order"
    """A person gives an order: a command, or a label on the issue."""
    CONFIG = "config"
    """A key of the configuration."""
    FACT = "fact"
    """Something on the forge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One change that takes an objection away.

    Attributes:
        kind: What is changed.
        key: `policy.max_actions`, `events`, `stale_days`; the order; the fact in a few words. Empty for an approval.
        op: `set`, `add` or `remove`: what is done with the key.
        value: To which value, or what is added or removed; None where the key says it all.
    """

    kind: Kind
    key: str = ""
    op: str = "set"
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What is known of something that was refused or held.

    Attributes:
        reason: Why, as the log has it.
        detail: The rule's own words.
        action_type: Of the action; empty where no agent was asked.
        payload: Of the action.
        confidence: Of the decision.
        repo: Key of the repository.
    """

    reason: str
    detail: str = ""
    action_type: str = ""
    payload: Mapping[str, Any]
    confidence: float | None = None
    repo: str = ""


_Find = Callable[[Refused], Sequence[Lever]]

_APPROVE = Lever(kind=Kind.APPROVE)
_REQUEST = Lever(kind=Kind.ORDER, key="label", op="add", value="foreman:triage")


def levers(refused: Refused) -> tuple[Lever, ...]:
    """Say what would have changed a verdict.

    Args:
        refused: What was refused or held.

    Returns:
        The smallest change first; nothing where nothing does.
    """
    find = _LEVERS.get(refused.reason)
    return () if find is None else tuple(find(refused))


def _always(*found: Lever) -> _Find:
    return lambda _: found


def _fact(what: str) -> Lever:
    return Lever(kind=Kind.FACT, key=what)


def _config(key: str, value: Any, op: str = "set") -> Lever:
    return Lever(kind=Kind.CONFIG, key=key, op=op, value=value)


def _number(refused: Refused) -> int | None:
    """Return the number that the rule counted; it is the first in its detail."""
    found = re.match(r"\d+", refused.detail)
    return int(found[0]) if found else None


def _counted(key: str, *before: Lever, more: int = 0) -> _Find:
    """Raise a bound to what was counted, or to one more."""

    def find(refused: Refused) -> list[Lever]:
        count = _number(refused)
        return [*before] if count is None else [*before, _config(key, count + more)]

    return find


def _of_label(key: str, op: str) -> _Find:
    """Put the label that the rule named on a list, or take it off."""

    def find(refused: Refused) -> list[Lever]:
        listable = refused.detail and REMOVED not in refused.detail
        return [_config(key, refused.detail, op)] if listable else []

    return find


def _exempt(refused: Refused) -> list[Lever]:
    kept_by_something_else = re.fullmatch(r"it has a milestone|somebody is assigned|\d+ thumbs up", refused.detail)
    if kept_by_something_else or not refused.detail:
        return [_fact(f"not so: {refused.detail}")] if refused.detail else []
    return [_fact(f"label {refused.detail} taken off"), _config("policy.exempt_labels", refused.detail, "remove")]


def _confidence(refused: Refused) -> list[Lever]:
    return [_APPROVE, _config("policy.min_confidence", refused.confidence or 0)]


def _wanted(refused: Refused) -> list[Lever]:
    return [_REQUEST, _config("events", refused.detail, "add")] if refused.detail else [_REQUEST]


def _stepped_down(refused: Refused) -> list[Lever]:
    command = f"foreman resume {refused.repo} --action {refused.action_type}"
    return [_APPROVE, Lever(kind=Kind.ORDER, key=command)]


def _too_long(refused: Refused) -> list[Lever]:
    count = _number(refused)
    return [_config("policy.max_comment_chars", count)] if count and "characters" in refused.detail else []


def _missing(refused: Refused) -> list[Lever]:
    return [_fact(f"a label {refused.detail} in the repository")]


def _put_back(refused: Refused) -> list[Lever]:
    return [_fact(f"label {refused.detail} put on by hand")]


def _mode(*modes: str) -> _Find:
    def find(refused: Refused) -> list[Lever]:
        return [_config(f"policy.modes.{refused.action_type}", mode) for mode in modes]

    return find


def _approve_mode(refused: Refused) -> list[Lever]:
    return [_APPROVE, *_mode("auto")(refused)]


_UNKNOWN = _always(_APPROVE, _fact("the forge answers"))

_LEVERS: dict[str, _Find] = {
    Reason.HOLD_LABEL: _always(_fact("no label foreman:hold, and no order to hold")),
    Reason.PULL_REQUEST: _always(_config("events", "pull_request.opened", "add")),
    Reason.CONFIDENTIAL: _always(_config("policy.act_on_confidential", True)),
    Reason.LOCKED: _always(_fact("the conversation unlocked")),
    Reason.ISSUE_CLOSED: _always(_fact("the issue open")),
    Reason.EVENT_NOT_WANTED: _wanted,
    Reason.ACTOR_UNKNOWN: _always(_REQUEST),
    Reason.ACTOR_IS_BOT: _always(_REQUEST, _config("policy.skip_bots", False)),
    Reason.ACTOR_IS_INSIDER: _always(_REQUEST, _config("policy.act_on_maintainers", True)),
    Reason.AUTHOR_UNKNOWN: _always(_REQUEST),
    Reason.AUTHOR_IS_BOT: _always(_REQUEST, _config("policy.skip_bots", False)),
    Reason.AUTHOR_IS_INSIDER: _always(_REQUEST, _config("policy.act_on_maintainers", True)),
    Reason.NEVER_STALE: _exempt,
    Reason.NOT_REPORTERS_TURN: _always(_fact("a question to the reporter, by a person of the project")),
    Reason.NOT_STALE_YET: _always(_fact("more days without an answer")),
    Reason.RUNS_PER_ISSUE: _counted("policy.max_runs_per_issue_per_day", _REQUEST, more=1),
    Reason.RUNS_PER_PERSON: _counted("policy.max_runs_per_person_per_day", _REQUEST, more=1),
    Reason.SECURITY_REPORT: _always(_REQUEST),
    Reason.TOO_MANY_ACTIONS: _counted("policy.max_actions"),
    Reason.TOO_MANY_LABELS: _counted("policy.max_labels"),
    Reason.LOW_CONFIDENCE: _confidence,
    Reason.STEPPED_DOWN: _stepped_down,
    Reason.BREAKER_OPEN: _always(_APPROVE, _fact("no more writes in an hour than usual")),
    Reason.HOURLY_CAP: _counted("policy.max_actions_per_hour", _APPROVE, more=1),
    Reason.LABELS_UNKNOWN: _UNKNOWN,
    Reason.LABEL_MISSING: _missing,
    Reason.LABEL_NOT_LISTED: _of_label("policy.labels.add", "add"),
    Reason.LABEL_NOT_REMOVABLE: _of_label("policy.labels.remove", "add"),
    Reason.HISTORY_UNKNOWN: _UNKNOWN,
    Reason.PERSON_REMOVED_LABEL: _put_back,
    Reason.PERSON_ADDED_LABEL: _of_label("policy.labels.remove", "add"),
    Reason.COMMENTS_OFF: _always(_config("policy.max_comments_per_issue_per_day", 1)),
    Reason.COMMENTS_UNKNOWN: _UNKNOWN,
    Reason.COMMENT_CAP: _counted("policy.max_comments_per_issue_per_day", _APPROVE, more=1),
    Reason.CLOSE_OFF: _always(_config("policy.allow_close", True)),
    Reason.EXEMPT_LABEL: _exempt,
    Reason.REOPEN_OFF: _always(_config("policy.allow_reopen", True)),
    Reason.ASSIGNEE_NOT_LISTED: _of_label("policy.assignees", "add"),
    Reason.TEXT_TOO_LONG: _too_long,
    Reason.MODE_APPROVE: _approve_mode,
    Reason.MODE_SHADOW: _mode("approve", "auto"),
}
"""By reason; what is not in it, nobody can change: the agent itself would have to ask for something else."""


def in_words(lever: Lever, *, approve: str = "") -> str:
    """Return a change as one line.

    Args:
        lever: The change.
        approve: The command that lets the action pass; empty where it does not wait any more.

    Returns:
        Text for a person; backquotes around what is typed.
    """
    match lever.kind:
        case Kind.APPROVE:
            return f"`{approve}`" if approve else "a person's approval"
        case Kind.ORDER if lever.key == "label":
            return f"the label `{lever.value}`, which asks for it by hand"
        case Kind.ORDER:
            return f"`{lever.key}`"
        case Kind.FACT:
            return lever.key
        case Kind.CONFIG if lever.op == "set":
            return f"`{lever.key}: {_yaml(lever.value)}`"
        case Kind.CONFIG:
            return f"`{lever.key}` {'with' if lever.op == 'add' else 'without'} `{_yaml(lever.value)}`"


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
