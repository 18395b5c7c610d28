"""Ask the model about one issue: one call, one repair, then a person."""

from __future__ import annotations

from typing import Any

from agents.issue_triage.answers import Answer
from agents.issue_triage.choosing import Prior
from agents.issue_triage.prompts import triage as prompt
from agents.issue_triage.reply import NoUse, Reply, read_reply
from agents.issue_triage.settings import Settings
from foreman.agentkit import Model, ModelError, ModelUnavailable
from foreman.protocol import Task

_GIVE_UP_AFTER = 3
"""Attempt of the task from which an unreachable model is a person's business."""

_MAX_TOKENS = 700
"""Longest answer, tokens: a comment of 80 words, three reasons and the rest."""


def ask(task: Task, settings: Settings, model: Model, *, learned: tuple[Prior, ...], language: str) -> Reply | Answer:
    """Let the model look at an issue.

    Args:
        task: About which issue.
        settings: The maintainer's settings.
        model: With a call to spare.
        learned: What the maintainers' own labels speak for.
        language: To write in, by its English name.

    Returns:
        What it said; an `escalate` when it was no use.

    Raises:
        ModelUnavailable: Nobody answers just now; the task is worth another try later.
    """
    labels = tuple(label for label in task.payload.labels if label.may_add and label.name not in settings.chores)
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": prompt.system(settings, labels)},
        {"role": "user", "content": prompt.issue(task, learned=learned, language=language)},
    ]
    try:
        text = model.chat(messages, schema=prompt.schema(labels), max_tokens=_MAX_TOKENS)
        try:
            return read_reply(text)
        except NoUse as problem:
            messages += [
                {"role": "assistant", "content": text[:2_000] or "(nothing)"},
                {"role": "user", "content": prompt.repair(str(problem))},
            ]
            return read_reply(model.chat(messages, schema=prompt.schema(labels), max_tokens=_MAX_TOKENS))
    except ModelUnavailable as error:
        if task.context.attempt < _GIVE_UP_AFTER or type(error) is not ModelUnavailable:
            raise
        return Answer("escalate", f"The model could not be reached: {error}.")
    except ModelError as error:
        return Answer("escalate", f"The model was no use: {error}.")
    except NoUse as problem:
        return Answer("escalate", f"The model answered twice without a usable decision: {problem}.")
