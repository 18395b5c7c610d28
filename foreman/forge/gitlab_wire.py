"""python-gitlab's requests on our wire: it takes a session from its user, so it gets this one.

Its own would follow redirects (a GET silently, through to another project), keep a token for ever, and read replies
of any size.
"""

from __future__ import annotations

import io
import json as notation
from collections.abc import Callable, Mapping
from typing import Any

import requests

from foreman.forge.http_exchange import UnusableReply
from foreman.forge.wire import OneOrigin, WireReply, sendable


class WireSession(requests.Session):
    """Sends over one kept connection and asks for the token at each request.

    Attributes:
        last: The last reply, whole. python-gitlab's errors leave out the headers, and with them how long to wait.
    """

    def __init__(self, wire: OneOrigin, token: Callable[[], str] | None) -> None:
        """Prepare; nothing is opened yet.

        Args:
            wire: What to send over.
            token: Asked at each request. As a Bearer go personal, project, group and OAuth tokens alike. None for
                what everybody may read.
        """
        super().__init__()
        self._wire = wire
        self._token = token
        self.last = WireReply(status=0, headers={}, text="")

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        **_: object,
    ) -> requests.Response:
        """Send as python-gitlab asks; what it says of time-outs, certificates and redirects the wire knows better.

        Args:
            method: HTTP method.
            url: Whole address.
            params: Parameters.
            headers: All but the token.
            json: To send as JSON; None for nothing.

        Returns:
            The reply, read whole.

        Raises:
            UnusableReply: The address is none of this forge's: a reply of earlier named another host.
        """
        if not url.startswith(f"{self._wire.origin}/"):
            raise UnusableReply("the request would have gone to another host")
        reply = self._wire.send(
            method.upper(),
            url.removeprefix(self._wire.origin),
            headers={**(headers or {}), **self._authorization()},
            body=None if json is None else notation.dumps(json).encode(),
            query=params,
        )
        self.last = reply
        return _response(reply)

    def _authorization(self) -> dict[str, str]:
        return {} if self._token is None else {"Authorization": f"Bearer {sendable(self._token())}"}


def _response(reply: WireReply) -> requests.Response:
    made = requests.Response()
    made.status_code = reply.status
    made.headers.update(reply.headers)
    made.raw = io.BytesIO(reply.text.encode())
    return made
