"""Lists in pages: by offset, and by keyset where GitLab can (https://docs.gitlab.com/api/rest/#pagination)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from foreman.sandbox.gitlab_call import Call, Refused, unreadable
from foreman.sandbox.handling import Reply, turned

MAX_PER_PAGE = 100
COUNTED = 10_000
"""Of longer lists GitLab does not tell how long they are."""
_FIRST = 20


def _number(call: Call, name: str, default: int) -> int:
    text = call.request.query.get(name) or str(default)
    if not text.isdecimal() or not int(text):
        raise unreadable(name, why="does not have a valid value")
    return int(text)


def _address(call: Call, **changed: object) -> str:
    path = "/".join(quote(part, safe="") for part in call.request.parts)
    query = {**call.request.query, **call.request.lists, **changed}
    return f"{call.request.base}/{path}?{urlencode(query, doseq=True)}"


def paged(call: Call, rows: Sequence[Any], write: Callable[[Any], Any]) -> Reply:
    """Answer one page of rows by offset, with the addresses of its neighbours.

    Args:
        call: Whose `page` and `per_page` count.
        rows: All of them, in order.
        write: Makes JSON of one.

    Returns:
        The page.
    """
    size = min(_number(call, "per_page", _FIRST), MAX_PER_PAGE)
    page = _number(call, "page", 1)
    rows = turned(rows, call.request.turn, size)
    last = max(1, -(-len(rows) // size))
    following = str(page + 1) if page < last else ""
    links = [("prev", page - 1)] if 1 < page <= last + 1 else []
    links += [("next", page + 1)] if following else []
    links += [("first", 1)]
    headers = {"X-Next-Page": following, "X-Page": str(page), "X-Per-Page": str(size)}
    headers["X-Prev-Page"] = str(page - 1) if page > 1 else ""
    if len(rows) <= COUNTED:
        links += [("last", last)]
        headers |= {"X-Total": str(len(rows)), "X-Total-Pages": str(last)}
    headers["Link"] = ", ".join(f'<{_address(call, page=n, per_page=size)}>; rel="{rel}"' for rel, n in links)
    body = [write(row) for row in rows[(page - 1) * size : page * size]]
    return Reply(status=200, body=body, headers=tuple(headers.items()))


def keyset(
    call: Call, rows: Sequence[Any], write: Callable[[Any], Any], place: Callable[[Any], list[Any]], *, down: bool
) -> Reply:
    """Answer the page that comes after a place, with the address of the next one; no count, no way back.

    Args:
        call: Whose `cursor` and `per_page` count.
        rows: All of them, in order.
        write: Makes JSON of one.
        place: Where a row stands in the order.
        down: The order is descending.

    Returns:
        The page.
    """
    size = min(_number(call, "per_page", _FIRST), MAX_PER_PAGE)
    if text := call.request.query.get("cursor"):
        after = _decoded(text)
        rows = [row for row in rows if (place(row) < after if down else place(row) > after)]
    rows = turned(rows, call.request.turn, size)
    page = rows[:size]
    headers: tuple[tuple[str, str], ...] = ()
    if len(rows) > size:
        cursor = base64.urlsafe_b64encode(json.dumps(place(page[-1])).encode()).decode()
        headers = (("Link", f'<{_address(call, cursor=cursor, per_page=size)}>; rel="next"'),)
    return Reply(status=200, body=[write(row) for row in page], headers=headers)


def _decoded(cursor: str) -> list[Any]:
    try:
        after = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise Refused(400, "cursor is invalid", error=True) from None
    if not isinstance(after, list):
        raise Refused(400, "cursor is invalid", error=True)
    return after
