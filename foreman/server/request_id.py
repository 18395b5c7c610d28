"""Every answer carries `X-Request-ID`, and so does every log line that is written while it is made."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any
from uuid import uuid4

from structlog.contextvars import bound_contextvars, clear_contextvars

from foreman.log import get_logger

log = get_logger(__name__)

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def request_id(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the id a request brought, or a new one where it brought none that can safely be repeated.

    Args:
        headers: Of the request, names in small letters.

    Returns:
        At most 100 letters, digits, dots, colons, hyphens and underscores.
    """
    brought = [value for name, value in headers if name == HEADER.lower().encode()]
    text = brought[0].decode("latin-1") if len(brought) == 1 else ""
    return text if _SANE.fullmatch(text) else uuid4().hex


class RequestIds:
    """Wraps a whole application, so that its errors and refusals carry the id too."""

    def __init__(self, app: Any) -> None:
        """Keep what is wrapped.

        Args:
            app: An ASGI application.
        """
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = request_id(scope["headers"])
        status = 0
        started = time.monotonic()

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (HEADER.lower().encode(), own.encode())]}
            await send(message)

        clear_contextvars()
        with bound_contextvars(request_id=own):
            try:
                await self._app(scope, receive, sending)
            except asyncio.CancelledError:
                # The server stops and does not wait: say so instead of a traceback.
                if not status:
                    await sending({"type": "http.response.start", "status": 503, "headers": []})
                    await sending({"type": "http.response.body", "body": b""})
            finally:
                log.debug(
                    "request_answered",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    duration_s=round(time.monotonic() - started, 4),
                )
