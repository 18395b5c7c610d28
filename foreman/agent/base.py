"""The port to an agent: bytes in, bytes out, one deadline. What the bytes mean is decided elsewhere (`gate.reply`)."""

from __future__ import annotations

from typing import Protocol


class AgentRuntime(Protocol):
    """One agent type, however it is run."""

    @property
    def agent(self) -> str:
        """Agent type: `issue-triage`."""

    @property
    def sealed(self) -> bool:
        """Whether the agent can reach nothing but its gateway."""

    @property
    def gateway_url(self) -> str:
        """Base URL under which this agent finds the model gateway: `http+unix://…` or a loopback `http://`."""

    def start(self) -> None:
        """Make the agent ready; does nothing when it is.

        Raises:
            AgentUnavailable: It does not become healthy.
            ContainerError: The engine or the image is missing.
        """

    def ask(self, task: bytes, *, timeout_seconds: float) -> bytes:
        """Send one task and return the raw reply body, at most `protocol.MAX_REPLY_BYTES`.

        Args:
            task: JSON of a Task.
            timeout_seconds: For the whole exchange, start-up included.

        Returns:
            The body of a 200 reply, unread.

        Raises:
            AgentUnavailable: Not reachable, not healthy, not 200, or over the time.
            AgentReplyInvalid: Too large, encoded, redirected, or not JSON by its content type.
        """

    def healthy(self) -> bool:
        """Return whether it answers its health check now; False as well when it was not started."""

    def stop(self, *, timeout_seconds: float) -> None:
        """End it and everything it started; never raises, does nothing when it is not running."""
