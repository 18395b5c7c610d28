"""What a service manager is told: that we are ready, reload, stop, and that the daemon's own parts go on.

The protocol is `sd_notify(3)`: lines in one datagram to the socket that `NOTIFY_SOCKET` names. Without that variable
nothing is sent. Podman and others who start services speak it, too.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping

from foreman.log import get_logger

log = get_logger(__name__)

_SEND_SECONDS = 1.0
_BEATS = 4
"""How often within the time that a watchdog gives: three may be late."""


class ServiceManager:
    """Tells systemd how we are; never raises, and does nothing where nobody listens."""

    def __init__(
        self,
        address: str,
        *,
        watchdog_seconds: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep what is needed; sends nothing.

        Args:
            address: Path of the socket, or `@name` for an abstract one; empty for nobody.
            watchdog_seconds: Within these it wants to hear that all goes on; 0 for never.
            monotonic: Seconds that never jump.
        """
        self._address = address
        self._every = watchdog_seconds / _BEATS
        self._monotonic = monotonic
        self._next = 0.0
        self._hanging = ""
        self._status = ""
        self._deaf = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> ServiceManager:
        """Read `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`."""
        environ = os.environ if environ is None else environ
        address = environ.get("NOTIFY_SOCKET", "")
        period, wanted = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
        watched = period.isdigit() and wanted in ("", str(os.getpid()))
        return cls(
            address if address[:1] in ("/", "@") else "",
            watchdog_seconds=int(period) / 1_000_000 if watched else 0.0,
        )

    @property
    def watches(self) -> bool:
        """Whether it ends us when we say nothing."""
        return bool(self._address) and self._every > 0

    def say(self, status: str) -> None:
        """Say in one line what we are at, for `systemctl status`."""
        self._send(f"STATUS={_line(status)}")

    def ready(self, status: str) -> None:
        """Say that we serve, at the start and after a reload.

        Args:
            status: What we are at.
        """
        self._status = _line(status)
        self._send("READY=1", f"STATUS={self._hanging or self._status}")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` ends that."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=reading the configuration")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1", "STATUS=stopping")

    def beat(self, hanging: str) -> None:
        """Tell the watchdog that all goes on, as often as it wants to hear it; and nothing while something hangs.

        Args:
            hanging: Which part does not go on; empty when all do.
        """
        if hanging and not self._hanging:
            log.error("daemon_hangs", part=hanging, restart=self.watches)
            self.say(hanging)
        elif self._hanging and not hanging:
            log.info("daemon_goes_on", before=self._hanging)
            self.say(self._status)
        self._hanging = hanging
        if hanging or not self.watches or self._monotonic() < self._next:
            return
        self._next = self._monotonic() + self._every
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        place = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as letter:
                letter.settimeout(_SEND_SECONDS)
                letter.connect(place)
                letter.sendall("\n".join(lines).encode())
        except OSError as error:
            if not self._deaf:  # told once, not with every beat
                log.warning("service_manager_deaf", reason=error.strerror or type(error).__name__)
            self._deaf = True
        else:
            self._deaf = False


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
