"""Who is connected to the gateway, and who gives way when all places are taken."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import OrderedDict

MAX_CONNECTIONS = 64
"""At once, over both servers."""


class Connections:
    """The open connections of both servers; safe for threads."""

    def __init__(self, *, most: int = MAX_CONNECTIONS) -> None:
        """Begin with none.

        Args:
            most: How many at once.
        """
        self._most = most
        self._changed = threading.Condition()
        self._unknown: OrderedDict[socket.socket, None] = OrderedDict()
        self._known: set[socket.socket] = set()

    def admit(self, connection: socket.socket) -> bool:
        """Take a new connection in, putting the oldest unknown one out when there is no room.

        Args:
            connection: Just accepted.

        Returns:
            False when every place is taken by a task at work.
        """
        with self._changed:
            if len(self._unknown) + len(self._known) >= self._most:
                if not self._unknown:
                    return False
                oldest, _ = self._unknown.popitem(last=False)
                _hang_up(oldest)
            self._unknown[connection] = None
            return True

    def recognise(self, connection: socket.socket) -> None:
        """Keep a connection that has shown a good token."""
        with self._changed:
            if connection in self._unknown:
                del self._unknown[connection]
                self._known.add(connection)

    def forget(self, connection: socket.socket) -> None:
        """Drop a connection that is closed."""
        with self._changed:
            self._unknown.pop(connection, None)
            self._known.discard(connection)
            self._changed.notify_all()

    def end(self, *, timeout_seconds: float) -> None:
        """Hang up on everybody and wait until their threads are through."""
        with self._changed:
            for connection in (*self._unknown, *self._known):
                _hang_up(connection)
            self._changed.wait_for(lambda: not self._unknown and not self._known, timeout_seconds)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
