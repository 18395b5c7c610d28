"""From bytes to a request, and from a request to its line in the ledger."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from foreman.sandbox.exchange import Front, Request
from foreman.sandbox.ledger import LedgerEntry
from foreman.sandbox.server import Received


def read(received: Received, front: Front, site: str) -> Request:
    """Decode a request.

    Args:
        received: As it came.
        front: Knows the API's prefix.
        site: Scheme, host and port.

    Returns:
        What the front understands.
    """
    parts = urlsplit(received.target)
    prefix, path = front.split(unquote(parts.path))
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    body, bad = _json(received.body)
    return Request(
        method=received.method,
        path=path,
        query=dict(pairs),
        lists={name: tuple(value for key, value in pairs if key == name) for name, _ in pairs if name.endswith("[]")},
        headers=received.headers,
        body=body,
        bad_body=bad,
        base=f"{site}{prefix}",
        parts=tuple(unquote(part) for part in parts.path[len(prefix) :].split("/")[1:]),
    )


def _json(body: bytes) -> tuple[Any, bool]:
    if not body:
        return None, False
    try:
        return json.loads(body), False
    except ValueError:
        return None, True


def enter(request: Request, seq: int, login: str, *, at: datetime, monotonic: float) -> LedgerEntry:
    """Begin the ledger's line of a request; the token does not go into it.

    Args:
        request: The request.
        seq: Number of the line.
        login: Who asks; empty for nobody.
        at: Arrival by the forge's clock.
        monotonic: Arrival for measuring.

    Returns:
        The line, with no status yet.
    """
    hidden = {name: login for name in ("authorization", "private-token") if name in request.headers}
    return LedgerEntry(
        seq=seq,
        at=at,
        monotonic=monotonic,
        method=request.method,
        path=request.path,
        query=request.query,
        headers={**request.headers, **hidden},
        body=request.body,
        status=0,
        login=login,
    )
