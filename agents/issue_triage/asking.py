"""Ask the model about one issue: one call, one repair, then a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agents.issue_triage.answers import Answer, add_labels, comment, may_add
from agents.issue_triage.prompts import triage as prompt
from agents.issue_triage.settings import Settings
from agents.issue_triage.wording import NEEDS_INFO
from foreman.agentkit import Model, ModelError, ModelUnavailable, extract_json
from foreman.protocol import Task

_GIVE_UP_AFTER = 3
"""Attempt of the task from which an unreachable model is a person's business."""

_MAX_TOKENS = 600
"""Longest answer, tokens: a comment of 80 words and the rest."""


class _NoUse(Exception):
    """The model's answer is not the object that was asked for; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    labels: tuple[str, ...]
    needs_info: bool
    comment: str
    confidence: float
    reason: str


def ask(task: Task, settings: Settings, model: Model) -> Answer:
    """Let the model decide.

    Args:
        task: About which issue.
        settings: The maintainer's settings.
        model: With a call to spare.

    Returns:
        The answer; `escalate` when the model was no use.

    Raises:
        ModelUnavailable: Nobody answers just now; the task is worth another try later.
    """
    labels = tuple(label for label in task.payload.labels if label.may_add)
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": prompt.system(settings, labels)},
        {"role": "user", "content": prompt.issue(task)},
    ]
    try:
        text = model.chat(messages, schema=prompt.schema(labels), max_tokens=_MAX_TOKENS)
        try:
            reply = _read(text)
        except _NoUse as problem:
            messages += [
                {"role": "assistant", "content": text[:2_000] or "(nothing)"},
                {"role": "user", "content": prompt.repair(str(problem))},
            ]
            reply = _read(model.chat(messages, schema=prompt.schema(labels), max_tokens=_MAX_TOKENS))
    except ModelUnavailable as error:
        if task.context.attempt < _GIVE_UP_AFTER or type(error) is not ModelUnavailable:
            raise
        return Answer("escalate", f"The model could not be reached: {error}.")
    except ModelError as error:
        return Answer("escalate", f"The model was no use: {error}.")
    except _NoUse as problem:
        return Answer("escalate", f"The model answered twice without a usable decision: {problem}.")
    return _decide(task, settings, reply, model.name)


def _decide(task: Task, settings: Settings, reply: _Reply, model: str) -> Answer:
    present = set(task.payload.issue.labels)
    wanted = [name for name in dict.fromkeys(reply.labels) if name not in present and may_add(task, name)][:3]
    asks = reply.needs_info
    said = ""
    if asks:
        said = reply.comment or NEEDS_INFO
        marker = settings.needs_info_label
        if marker and marker not in present and marker not in wanted and may_add(task, marker):
            wanted.append(marker)
    elif settings.respond:
        said = reply.comment
    why = f"{model}: {reply.reason or 'no reason given'}"
    if not wanted and not said:
        return Answer("skip", why, confidence=reply.confidence)
    actions = (*add_labels(tuple(wanted)), *((comment(said),) if said else ()))
    return Answer("label_and_respond", why, actions, reply.confidence)


def _read(text: str) -> _Reply:
    found = extract_json(text, keys=("labels",))
    if found is None:
        raise _NoUse("no JSON object with labels in it")
    labels = found["labels"]
    if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
        raise _NoUse("labels must be a list of names")
    said = found.get("comment")
    if said is not None and not isinstance(said, str):
        raise _NoUse("comment must be text")
    sure = found.get("confidence")
    number = float(sure) if isinstance(sure, int | float) and not isinstance(sure, bool) and abs(sure) < 1e6 else 0.5
    reason = found.get("reason")
    return _Reply(
        labels=tuple(labels[:20]),
        needs_info=found.get("needs_info") is True,
        comment=(said or "").strip()[: prompt.MAX_COMMENT_CHARS],
        confidence=min(1.0, max(0.0, number)) if math.isfinite(number) else 0.5,
        reason=" ".join(reason.split())[:600] if isinstance(reason, str) else "",
    )
