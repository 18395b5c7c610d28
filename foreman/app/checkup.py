"""What `foreman check` finds: one line with what there is, why it matters, and what mends it."""

from __future__ import annotations

from typing import Literal

from foreman.config.models import Identity
from foreman.errors import Problem
from foreman.model import ForgeKind
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        result: `ok`, `warn` (works, but a person should know) or `fail`.
        what: What was looked at, in a word.
        text: What was found.
        why: Why it matters; empty when it is in place.
        remedy: What to do, with the command, the key or the address that does it; empty when nothing.
    """

    result: Literal["ok", "warn", "fail"]
    what: str
    text: str
    why: str = ""
    remedy: str = ""


def fine(what: str, text: str) -> Finding:
    """Return that something is in place."""
    return Finding(result="ok", what=what, text=text)


def warn(what: str, text: str, why: str, remedy: str) -> Finding:
    """Return that something works, but a person should know about it."""
    return Finding(result="warn", what=what, text=text, why=why, remedy=remedy)


def fail(what: str, text: str, why: str, remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(result="fail", what=what, text=text, why=why, remedy=remedy)


def told(what: str, problem: Problem, why: str, *, page: str = "") -> Finding:
    """Return what is wrong with a key of the configuration; its message has a colon before what to do about it.

    Args:
        what: What was looked at, in a word.
        problem: As it was found.
        why: Why it matters.
        page: Where tokens and the like are made.

    Returns:
        The finding.
    """
    wrong, _, mends = problem.message.partition(": ")
    remedy = (mends or f"correct `{problem.path}`") + (f"; made on {page}" if page else "")
    return fail(what, f"{problem.path}: {wrong}", why, remedy)


def tokens_page(kind: ForgeKind, site: str) -> str:
    """Return where a person makes tokens."""
    return f"{site}/-/user_settings/personal_access_tokens" if kind is ForgeKind.GITLAB else f"{site}/settings/tokens"


def site_of(identity: Identity, kind: ForgeKind) -> str:
    """Return where the pages of a forge are, for the addresses that remedies name.

    Args:
        identity: Of the configuration.
        kind: Which forge.

    Returns:
        The beginning of an address, without a slash at the end.
    """
    if kind is ForgeKind.GITLAB:
        return str(identity.gitlab_url).rstrip("/")
    return (
        str(identity.github_api_url).rstrip("/").removesuffix("/api/v3").replace("://api.github.com", "://github.com")
    )
