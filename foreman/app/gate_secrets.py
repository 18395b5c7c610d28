"""The gate's view of the known secrets, made anew when one is added or forgotten: tokens come and go while we run."""

from __future__ import annotations

import threading

from foreman.counting import SECRETS_CAUGHT, count
from foreman.gate.secret_scan import KnownSecrets as GateSecrets
from foreman.secrets import KnownSecrets


class LiveSecrets:
    """Gives the gate whatever is known now."""

    def __init__(self, known: KnownSecrets) -> None:
        """Keep the list that is filled elsewhere."""
        self._known = known
        self._lock = threading.Lock()
        self._items: tuple[tuple[str, str], ...] = ()
        self._view = GateSecrets()

    def __call__(self) -> GateSecrets:
        """Return the secrets of this moment."""
        items = self._known.items()
        with self._lock:
            if items is not self._items:
                self._items, self._view = items, GateSecrets(_named(items))
            return self._view

    def redact(self, text: str) -> str:
        """Return a text, that is to be kept, without what is known now and without what has the shape of a token."""
        clean = self().redact(text)
        count(SECRETS_CAUGHT, int(clean != text), where="stored")
        return clean


def _named(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Give each value a name of its own; a line of a key needs none beside the whole key."""
    named: dict[str, str] = {}
    for value, name in items:
        if any(value != other and value in other for other, _ in items):
            continue
        own, count = name, 1
        while own in named:
            count += 1
            own = f"{name} ({count})"
        named[own] = value
    return named
