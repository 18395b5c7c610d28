"""Issues that are touched while somebody reads them, served as a forge serves its list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.forge.scripted import Answer, ScriptedServer


class Moving:
    """A list of issues ordered by their last change.

    Args:
        count: How many.
        one_moment: All of them were last changed at once.
        row: Makes JSON of a number and a time.
        since: Name of the parameter that leaves out older ones.
        form: How times are written, cut to whole seconds.
    """

    def __init__(
        self, count: int, *, one_moment: bool, row: Callable[[int, str], dict[str, Any]], since: str, form: str
    ) -> None:
        self.start = datetime(2026, 1, 1, tzinfo=UTC)
        self._row, self._since, self._form = row, since, form
        self.at = {
            number: self.start + (timedelta(0) if one_moment else timedelta(seconds=number))
            for number in range(1, count + 1)
        }

    def touch(self, number: int) -> None:
        """Move an issue to the end."""
        self.at[number] = max(self.at.values()) + timedelta(seconds=1)

    def page(self, path: str, size: int = 100) -> Answer:
        """Answer a request as the list is now."""
        query = {key: value[0] for key, value in parse_qs(urlsplit(path).query).items()}
        since = datetime.fromisoformat(query[self._since])
        rows = sorted((at, number) for number, at in self.at.items() if at >= since)
        first = (int(query["page"]) - 1) * size
        body = [self._row(number, at.strftime(self._form)) for at, number in rows[first : first + size]]
        more = (("Link", '<http://x.invalid/?page=9>; rel="next"'),) if len(rows) > first + size else ()
        return Answer(200, body, more)


class Late:
    """Answers with the page as it is when it is asked for."""

    def __init__(self, moving: Moving, server: ScriptedServer) -> None:
        self._moving, self._server = moving, server

    def __call__(self, connection: Any) -> None:
        answer = self._moving.page(self._server.asked[-1].path)
        payload = answer.payload()
        lines = [f"{name}: {value}" for name, value in (*answer.headers, ("Content-Length", str(len(payload))))]
        connection.sendall("\r\n".join(["HTTP/1.1 200 OK", "Connection: close", *lines, "", ""]).encode() + payload)
