"""The text of the dashboard issue. Pure; all that comes from outside stands in code, where a forge acts on nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from foreman.model import RepoRef
from foreman.printable import printable
from foreman.store.actions import StoredAction
from foreman.values import dataclass

TITLE = "Foreman: dashboard"

MAX_CHARS = 50_000
"""Longest list, characters; GitHub takes 65,536. What does not fit is not shown, so it cannot be approved here."""

MOST_HIDDEN = 50
"""So many entries of confidential issues are named; nothing can be ordered for them here."""

SHORT = 8
"""Digits of a hash that are shown, more where two begin alike."""

_RUNS = re.compile(r"`+")
_MARKED = re.compile(r"<!-- foreman:v1 dashboard tag=[0-9a-f]{32} -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One action to be listed.

    Attributes:
        action: The held action.
        title: The issue's, as it was decided upon; empty when not known.
        confidential: Its issue is, or was then: of what waits there nothing is shown but that it does.
    """

    action: StoredAction
    title: str = ""
    confidential: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A rendered dashboard.

    Attributes:
        body: The issue's text.
        listed: Payload hashes of the actions shown whole.
    """

    body: str
    listed: tuple[str, ...]


def marker(secret: str, repo: RepoRef) -> str:
    """Return the hidden first line by which our dashboard in a repository is found again.

    Args:
        secret: The installation's marker secret.
        repo: Where the dashboard is.

    Returns:
        The line, without a line end.
    """
    tag = hmac.new(secret.encode(), f"dashboard|{repo.key}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"<!-- foreman:v1 dashboard tag={tag} -->"


def is_dashboard(body: str) -> bool:
    """Return whether a text begins as a dashboard does, with whatever secret: that is lost with a database."""
    return _MARKED.fullmatch(body.partition("\n")[0].rstrip("\r")) is not None


def is_marked(body: str, *, secret: str, repo: RepoRef) -> bool:
    """Return whether a text begins with our mark for this repository; who wrote it is for the caller."""
    return hmac.compare_digest(body.partition("\n")[0].rstrip("\r").encode(), marker(secret, repo).encode())


def digest_of(body: str) -> str:
    """Return what tells whether a text is the one we wrote; line ends and outer space aside."""
    return hashlib.sha256(body.replace("\r\n", "\n").strip().encode()).hexdigest()


def render(
    waiting: Sequence[Waiting],
    *,
    unseen: int,
    lately: Iterable[str],
    bot: str,
    secret: str,
    repo: RepoRef,
    news: str = "",
) -> Page:
    """Write the dashboard.

    Args:
        waiting: What may be shown, oldest first.
        unseen: How many more wait that may not be shown here.
        lately: What was settled here last, as `lately_line` wrote it.
        bot: Our login.
        secret: The installation's marker secret.
        repo: Where the dashboard is.
        news: Markdown of what happened lately; comes last, and takes its room from the list.

    Returns:
        The text, and what of it can be ordered.
    """
    hidden = [item.action for item in waiting if item.confidential]
    waiting = [item for item in waiting if not item.confidential]
    short = _short({item.action.payload_hash for item in waiting})
    parts: list[str] = []
    listed: list[str] = []
    room = MAX_CHARS - len(news)
    for item in waiting:
        part = _entry(item, short[item.action.payload_hash])
        room -= len(part) + 2
        if room < 0:
            break
        parts.append(part)
        listed.append(item.action.payload_hash)
    more = len(waiting) - len(listed)
    if more:
        parts.append(f"{more} more did not fit; they come up as these are settled, and `foreman pending` shows them.")
    parts += [_hidden(action) for action in hidden[:MOST_HIDDEN]]
    if unseen:
        parts.append(
            f"{unseen} more wait in private repositories, while this one is public; `foreman pending` shows them."
        )
    if not parts:
        parts = ["Nothing waits."]
    settled = list(lately)
    if settled:
        parts += ["---", "Settled here last:", "\n".join(f"* {line}" for line in settled)]
    parts += ["---", news] if news else []
    return Page(body="\n\n".join([marker(secret, repo), _head(bot), *parts]), listed=tuple(listed))


def lately_line(digest: str, what: str, who: str) -> str:
    """Return one line about an order for the list of what was settled last."""
    return f"{_code(digest[:SHORT])} {what}, ordered by {_code(who)}"


def _head(bot: str) -> str:
    return (
        "Each entry below is something Foreman would do and waits for a person. "
        "Answer with a comment, one order a line:\n\n"
        f"    @{bot} approve HASH\n    @{bot} reject HASH because …\n\n"
        "It counts when you may write to the repository the entry is for. An edited comment does not count."
    )


def _entry(item: Waiting, short: str) -> str:
    action = item.action
    why = printable(f"{action.reason}: {action.detail}" if action.detail else action.reason)
    more = _code(f"foreman explain {action.log_id}")
    head = f"**{_code(short)}** {_code(action.type)} on {_code(str(action.issue))}, see {more}"
    lines = [f"issue: {printable(item.title)}"] if item.title else []
    lines += [f"waits because of {why}", ""] if why else [""]
    return f"{head}\n\n{_fenced(chr(10).join([*lines, *_payload(action.payload)]))}"


def _hidden(action: StoredAction) -> str:
    where = f"{_code(action.type)} on {_code(str(action.issue))}, which is confidential"
    return f"{where}: {_code('foreman pending')} shows it, {_code(f'foreman approve {action.id}')} lets it pass"


def _payload(payload: Mapping[str, Any]) -> list[str]:
    """Return everything that an approval covers; the text of a comment last, as it will be posted.

    It is set in, as no forge takes a line for an order that begins with a space, even where it sees no block of code.
    """
    lines = [f"{printable(key)}: {printable(str(payload[key]))}" for key in sorted(payload) if key != "body"]
    if "body" in payload:
        lines += ["text:", *(f"  {line}" for line in printable(str(payload["body"]), keep_lines=True).split("\n"))]
    return lines


def _fenced(text: str) -> str:
    """Put a text into a code block that nothing in it can end."""
    fence = "`" * max(3, 1 + max((len(run) for run in _RUNS.findall(text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _code(text: str) -> str:
    """Put a word into a code span that nothing in it can end."""
    return f"`{printable(text).replace('`', chr(39))[:200]}`"


def _short(hashes: set[str]) -> dict[str, str]:
    """Return the shortest beginnings that tell the hashes apart."""
    length = SHORT
    while len({digest[:length] for digest in hashes}) < len(hashes):
        length += 4
    return {digest: digest[:length] for digest in hashes}
