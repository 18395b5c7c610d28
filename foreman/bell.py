"""Wakes those who wait for work. Whoever looks, finds nothing and then waits misses no ring in between."""

from __future__ import annotations

import threading


class Bell:
    """Shared by all threads that wait."""

    def __init__(self) -> None:
        """Begin silent."""
        self._changed = threading.Condition()
        self._rung = 0

    @property
    def rung(self) -> int:
        """How often it was rung; to be read before a look and handed to `wait` after it."""
        return self._rung

    def ring(self, most: int | None = None) -> None:
        """Wake those who wait; whoever looks at this moment looks once more, too.

        Args:
            most: How many, where there is only so much to do; None for everybody.
        """
        with self._changed:
            self._rung += 1
            if most is None:
                self._changed.notify_all()
            else:
                self._changed.notify(most)

    def wait(self, heard: int, seconds: float) -> None:
        """Wait until it is rung again, or has been already.

        Args:
            heard: What `rung` was before the look that found nothing.
            seconds: At most so long.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._rung != heard, seconds)
