"""Whose turn is it on an issue? From what people did alone: bots and we never count. Pure.

Only this lets an issue go stale: the reporter owes an answer that somebody of the project asked for. Wherever that is
not certain, it is somebody else's turn, and nobody is reminded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from foreman.forge.base import Change, ChangeKind
from foreman.model import INSIDERS, Account, Comment, Issue, Role
from foreman.patterns import late
from foreman.values import dataclass

UPSTREAM_LABELS = frozenset(
    {"upstream", "blocked", "external", "blocked upstream", "waiting for upstream", "upstream bug", "third party"}
)
"""Labels that say that somebody else must move first; `-`, `_`, `:` and `/` count as spaces."""

NEEDS_INFO_LABELS = frozenset(
    {"needs info", "need info", "needs more info", "more info needed", "needs information", "waiting for reporter",
     "waiting for author", "awaiting response", "waiting for response", "waiting for feedback", "needs reproduction",
     "needs repro", "needs author feedback", "question to reporter"}
)  # fmt: skip
"""Labels that say that the reporter must answer, beside the one that is configured."""

_QUOTED = late(r"^\s*>.*$", re.MULTILINE)
_CODE = late(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
_CALLED = late(r"(?<![\w/.@])@([\w][\w.-]{0,250}[\w]|\w)")
_ASKS = late(
    r"[?？؟]|\b(?:please|pls|kindly)\s+(?:\w+\s+){0,2}?(?:provide|add|attach|share|post|paste|send|upload|try|test|check"
    r"|confirm|tell|describe|explain|update|run|include|give)\b|\blet (?:me|us) know\b"
    r"|\bneed (?:some |a bit )?more (?:info|information|details)\b|\bbitte\b|\bpor favor\b"
    r"|\bs'il (?:te|vous) pla[iî]t\b",
    re.IGNORECASE,
)


class Turn(StrEnum):
    """Who owes the next step."""

    REPORTER = "reporter"
    MAINTAINER = "maintainer"
    UPSTREAM = "upstream"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Whose turn it is, and since when.

    Attributes:
        turn: Whose.
        since: When a person last made it so; None where nobody in particular did.
    """

    turn: Turn
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Deed:
    """Something a person did that moves the turn: it asks the reporter, or it does not."""

    at: datetime
    order: int
    asks: bool


def turn(
    issue: Issue,
    comments: Sequence[Comment] | None,
    history: Sequence[Change] | None,
    bot: Account,
    *,
    needs_info: Collection[str] = (),
    edited_at: datetime | None = None,
) -> Owed | None:
    """Tell whose turn it is.

    Args:
        issue: As it is now.
        comments: All of them; None when they could not be read.
        history: All of it; None when it could not be read.
        bot: Our own account.
        needs_info: Labels that ask the reporter, beside the usual ones.
        edited_at: When title or text were last changed, as far as is known: no history tells of the text.

    Returns:
        Whose, None where that cannot be told.
    """
    if issue.state != "open" or issue.locked or issue.author.id == 0:
        return Owed(turn=Turn.NOBODY)
    if comments is None or history is None or issue.role is Role.UNKNOWN:
        return None
    by_people = [change for change in history if change.actor is None or _is_person(change.actor, bot)]
    if any(_plain(name) in UPSTREAM_LABELS for name in _put_on(issue, by_people)):
        return Owed(turn=Turn.UPSTREAM)
    if issue.role in INSIDERS or issue.assignees:
        return Owed(turn=Turn.MAINTAINER)
    asking = NEEDS_INFO_LABELS | {_plain(name) for name in needs_info}
    edits = [_Deed(edited_at, 1, False)] if edited_at is not None else []
    deeds = sorted(
        [*edits, *_said(issue, comments, bot), *_did(issue, by_people, asking)],
        key=lambda deed: (deed.at, deed.order),
    )
    if not deeds or not deeds[-1].asks:
        return Owed(turn=Turn.MAINTAINER, since=deeds[-1].at if deeds else issue.created_at)
    return Owed(turn=Turn.REPORTER, since=deeds[-1].at)


def asks(text: str, *, of: str = "") -> bool:
    """Tell whether a comment asks for something; code, quotes and addresses do not count.

    Args:
        text: The comment.
        of: Login of who is asked; a comment that calls others and not them asks those others.

    Returns:
        Whether it does.
    """
    words = _QUOTED.sub(" ", _CODE.sub(" ", text[:20_000]))
    called = {login.casefold() for login in _CALLED.findall(words)}
    if of and called and of.casefold() not in called:
        return False
    return _ASKS.search(words) is not None


def _said(issue: Issue, comments: Sequence[Comment], bot: Account) -> Iterable[_Deed]:
    """Whoever has no role in the project cannot ask for it, whatever they say they are."""
    for said in comments:
        if not _is_person(said.author, bot) or said.role is Role.BOT:
            continue
        official = said.role in INSIDERS and said.author.id != issue.author.id
        yield _Deed(said.created_at, 1, official and asks(said.body, of=issue.author.login))


def _did(issue: Issue, by_people: Sequence[Change], asking: Collection[str]) -> Iterable[_Deed]:
    """A label that asks counts while it is on, and only where the forge says that a person put it there."""
    last = {change.label: change for change in by_people if change.label}
    for change in by_people:
        match change.kind:
            case ChangeKind.REOPENED | ChangeKind.RENAMED | ChangeKind.ASSIGNED | ChangeKind.TRANSFERRED:
                yield _Deed(change.at, 0, False)
            case ChangeKind.LABELED if _plain(change.label) in asking:
                stands = change.label in issue.labels and last[change.label] is change
                other = change.actor is not None and change.actor.id != issue.author.id
                if stands and other:
                    # A label put on along with a comment asks, in whichever order the two came.
                    yield _Deed(change.at, 2, True)
            case ChangeKind.UNLABELED if _plain(change.label) in asking:
                yield _Deed(change.at, 2, False)
            case _:
                continue


def _put_on(issue: Issue, by_people: Sequence[Change]) -> frozenset[str]:
    put = {change.label for change in by_people if change.kind is ChangeKind.LABELED}
    return frozenset(issue.labels) & put


def _is_person(account: Account, bot: Account) -> bool:
    return account.id != bot.id and not account.is_bot


def _plain(label: str) -> str:
    return " ".join(re.split(r"[\s:/_-]+", label.casefold())).strip()
