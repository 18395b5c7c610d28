"""Plays recorded replies to a real adapter over HTTP, as they came: status, headers, body."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel

from foreman.errors import (
    ForgeAuthError,
    ForgeError,
    ForgeLocked,
    ForgeMoved,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeRejected,
    ForgeUnavailable,
)
from tests.contract.recordings import Recorded
from tests.forge.scripted import Answer, ScriptedServer

Row = Mapping[str, Any]
Pairs = Iterable[tuple[object, object]]
"""What our reading says, and what the reply says."""


class RefusalRow(BaseModel):
    """What is read of a refusal, by hand and in whatever shape it comes: one layer of a forge says `error` for it."""

    message: Any = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How one kind of reply is read.

    Attributes:
        kind: What it is: `issue`.
        method: HTTP's.
        path: A pattern for all of it.
        read: Asks the adapter and compares.
        row: The class that one row is read as; None where the reply is empty.
        listed: The adapter reads a list of what comes alone here.
    """

    kind: str
    method: str
    path: re.Pattern[str]
    read: Callable[[Any, Recorded, re.Match[str]], Pairs]
    row: type[BaseModel] | None
    listed: bool = False


@dataclass(slots=True)
class Tally:
    """What came of it.

    Attributes:
        read: Replies by kind that were read and say the same as the JSON.
        rows: Rows in them.
        refused: Errors by status and by what they became.
        old: Replies by kind that are so old that they lack what every reply has had since.
        quotas: Replies that told the quota, which was heard.
        other: Successful replies to questions that we never ask.
        problems: What went wrong, with an example.
    """

    read: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[int, str]] = field(default_factory=Counter)
    old: Counter[str] = field(default_factory=Counter)
    quotas: int = 0
    other: int = 0
    problems: dict[str, str] = field(default_factory=dict)


_SINCE = {"github": 2015, "gitlab": 2020}
"""Years from which on every reply has what is read: GitHub's `repository_url`, `references` of GitLab 12.6."""
_REFUSALS: dict[int, tuple[type[ForgeError], ...]] = {
    202: (ForgeUnavailable,),
    401: (ForgeAuthError,),
    403: (ForgeAuthError, ForgeLocked, ForgeRejected),
    404: (ForgeNotFound,),
    405: (ForgeMoved, ForgeRejected),
    410: (ForgeNotFound, ForgeRejected),
    429: (ForgeRateLimited,),
}


def expected_refusal(one: Recorded) -> tuple[type[ForgeError], ...]:
    """Return what a reply of no success may become, by its status and what it says of limits."""
    headers = dict(one.headers)
    limited = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers or "rate limit" in one.reply
    if one.status in (403, 429) and limited:
        return (ForgeRateLimited,)
    if one.status in _REFUSALS:
        return _REFUSALS[one.status]
    if 300 <= one.status < 400:
        return (ForgeUnavailable,) if one.status == 304 else (ForgeMoved,)
    return (ForgeRejected,) if one.status < 500 else (ForgeUnavailable,)


def replay(
    exchanges: Iterable[Recorded],
    readings: tuple[Reading, ...],
    connect: Callable[[str], Any],
    ask: Callable[[Any, Recorded], object],
    around: Callable[[Recorded], Iterator[Answer]] = lambda _: iter(()),
) -> Tally:
    """Let an adapter read recorded replies.

    Args:
        exchanges: Of one forge.
        readings: What we read, and how.
        connect: Makes an adapter for an address.
        ask: Sends any request, for replies that are refusals whatever was asked.
        around: What else the adapter asks for after the reply.

    Returns:
        The tally.
    """
    tally = Tally()
    server = ScriptedServer()
    try:
        for one in exchanges:
            forge = connect(server.url)
            try:
                _play(one, readings, server, forge, ask, around, tally)
            finally:
                forge.disconnect()
    finally:
        server.close()
    return tally


def _play(
    one: Recorded,
    readings: tuple[Reading, ...],
    server: ScriptedServer,
    forge: Any,
    ask: Callable[[Any, Recorded], object],
    around: Callable[[Recorded], Iterator[Answer]],
    tally: Tally,
) -> None:
    found = next(
        ((r, match) for r in readings if r.method == one.method and (match := r.path.fullmatch(one.path))), None
    )
    refusal = one.status >= 300
    if found is None and not refusal:
        tally.other += 1
        return
    reply = f"[{one.reply}]" if found and found[0].listed and not refusal else one.reply
    # The date of the recording would be the forge's clock; the server tells its own.
    headers = tuple((name, value) for name, value in one.headers if name != "date")
    server.will(Answer(one.status, reply.encode(), headers), *around(one), Answer(200, []))
    where = f"{one.source} {one.method} {one.path}"
    kind = found[0].kind if found else "anything"
    try:
        if found is None or refusal:
            ask(forge, one)
            problem = "was taken for a success"
        else:
            reading, match = found
            pairs = list(reading.read(forge, one, match))
            problem = "; ".join(f"{ours!r} is {theirs!r}" for ours, theirs in pairs if ours != theirs)
    except ForgeError as error:
        if refusal and type(error) in expected_refusal(one):
            tally.refused[one.status, type(error).__name__] += 1
            _count_quota(one, forge, where, tally)
            return
        problem = f"{type(error).__name__}: {error} {error.__cause__ or ''}"
    except (KeyError, TypeError, ValueError) as error:
        problem = f"no such reply was foreseen: {error!r}"
    if not problem:
        _count_quota(one, forge, where, tally)
        tally.read[kind, one.source] += 1
        tally.rows[kind] += len(one.data) if isinstance(one.data, list) else 1
    elif not refusal and is_old(one):
        tally.old[kind] += 1
    else:
        tally.problems.setdefault(f"{kind} {one.status}: {problem}"[:700], where)


def _count_quota(one: Recorded, forge: Any, where: str, tally: Tally) -> None:
    """Hold what the adapter knows of the quota against the headers; a redirect's are not looked at."""
    headers = dict(one.headers)
    prefix = {"github": "x-ratelimit-", "gitlab": "ratelimit-"}[one.forge]
    told = [headers.get(prefix + part, "") for part in ("limit", "remaining", "reset")]
    counted_apart = headers.get("x-ratelimit-resource", "core") != "core"
    if counted_apart or not all(part.isdigit() for part in told) or 300 <= one.status < 400:
        return
    quota = forge.quota
    heard = quota and [quota.limit, quota.remaining, int(quota.reset_at.timestamp())]
    if heard == [int(part) for part in told]:
        tally.quotas += 1
    else:
        tally.problems.setdefault(f"{one.status}: the quota {told} was heard as {heard}", where)


def rows_of(readings: tuple[Reading, ...], exchanges: Iterable[Recorded]) -> dict[type[BaseModel], list[Row]]:
    """Return the rows of all replies that we read, by what they are read as; no successful one that is too old."""
    found: dict[type[BaseModel], list[Row]] = {}
    for one in exchanges:
        reading = next((r for r in readings if r.method == one.method and r.path.fullmatch(one.path)), None)
        if reading and reading.row and 200 <= one.status < 300 and not is_old(one):
            several = one.data if isinstance(one.data, list) else [one.data]
            found.setdefault(reading.row, []).extend(row for row in several if isinstance(row, Mapping))
        elif one.status >= 400 and isinstance(one.data, Mapping):
            found.setdefault(RefusalRow, []).append({"message": one.data.get("message", one.data.get("error"))})
    return found


def is_old(one: Recorded) -> bool:
    """Tell whether a reply is from before the forge sent all that is read."""
    date = dict(one.headers).get("date", "")
    year = parsedate_to_datetime(date).year if date else one.year
    return 0 < year < _SINCE[one.forge]


def moment(text: str) -> datetime:
    """Read a time as a forge writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)
