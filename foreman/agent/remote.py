"""An agent that somebody else runs, at a URL. Foreman neither starts nor ends it and cannot know what it can reach."""

from __future__ import annotations

from urllib.parse import urlsplit

from foreman.agent import client
from foreman.agent.dialing import Address
from foreman.errors import AgentUnavailable

_HEALTH_SECONDS = 5.0


class UrlRuntime:
    """An `AgentRuntime` over a URL.

    Attributes:
        agent: Agent type.
        sealed: False.
        gateway_url: Where it finds the model gateway, if it runs on this machine.
    """

    def __init__(self, agent: str, *, url: str, gateway_url: str, token: str = "") -> None:
        """Take what is needed; connect to nothing.

        Args:
            agent: Agent type.
            url: Base URL: `http://127.0.0.1:9000`; `/task` and `/health` are put behind it.
            gateway_url: Where it finds the model gateway.
            token: Bearer token; empty for none.

        Raises:
            ValueError: The URL is not http(s) with a host.
        """
        self.agent = agent
        self.sealed = False
        self.gateway_url = gateway_url
        self._url = url
        self.address = address_of(url, token=token)

    def start(self) -> None:
        """Look whether it is there.

        Raises:
            AgentUnavailable: It does not answer its health check.
        """
        if not self.healthy():
            raise AgentUnavailable(f"{self.agent} does not answer GET {self._url.rstrip('/')}/health with 200")

    def ask(self, task: bytes, *, timeout_seconds: float) -> bytes:
        """Send one task and return the raw reply; see `AgentRuntime.ask`."""
        return client.ask(self.address, task, timeout_seconds=timeout_seconds)

    def healthy(self) -> bool:
        """Return whether it answers its health check now."""
        return client.is_healthy(self.address, timeout_seconds=_HEALTH_SECONDS)

    def stop(self, *, timeout_seconds: float) -> None:
        """Do nothing: it is not ours to end."""


def address_of(url: str, *, token: str = "") -> Address:
    """Read an agent's URL.

    Args:
        url: `http://host:port` or `https://…`, with or without a path.
        token: Bearer token; empty for none.

    Returns:
        The address.

    Raises:
        ValueError: It is something else, or holds a user or a query.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an agent's URL starts with http:// or https:// and names a host")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an agent's URL holds neither a user nor a query")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    return Address(host=parts.hostname, port=port, prefix=parts.path.rstrip("/"), token=token, tls=tls)
