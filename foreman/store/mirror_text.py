"""What of an issue goes into the mirror: its text without secrets and bounded, and nothing of a confidential one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NewType

from foreman.model import Issue

CleanIssue = NewType("CleanIssue", Issue)
"""An issue whose text may be stored: nothing else can be saved into the mirror."""

MAX_BODY_CHARS = 16_000
"""Longest body kept, characters; four times what most issues take, and every log beyond that says the same again."""

CUT = "\n[cut here]"
"""What stands at the end of a body that was longer."""

MAX_TITLE_CHARS = 500
"""GitHub takes 256, GitLab 255."""

_MARGIN = 2_000  # read beyond what is kept, so that a secret at the end is seen whole


def clean(issue: Issue, redact: Callable[[str], str]) -> CleanIssue:
    """Take secrets out of what is kept of an issue's text; to be done before the transaction, since it takes a while.

    Args:
        issue: As the forge shows it.
        redact: Takes secrets out of a text: known values, and what has the shape of a token.

    Returns:
        The same issue with the text that may be stored; a confidential one, or a pull request, without any.
    """
    if issue.confidential or issue.is_pull_request:
        return CleanIssue(replace(issue, title="", body=""))
    return CleanIssue(
        replace(
            issue,
            title=_without_secrets(issue.title, MAX_TITLE_CHARS, redact),
            body=_without_secrets(issue.body, MAX_BODY_CHARS, redact),
            milestone=redact(issue.milestone[:MAX_TITLE_CHARS]),
        )
    )


def bounded(text: str, chars: int) -> str:
    """Return a text that any reader can take and that is no longer than that; a cut is visible."""
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    return text if len(text) <= chars else text[: chars - len(CUT)] + CUT


def _without_secrets(text: str, chars: int, redact: Callable[[str], str]) -> str:
    looked_at = text[: chars + _MARGIN]
    shown = redact(looked_at)
    return bounded(shown if looked_at == text else shown.ljust(chars + 1), chars)
