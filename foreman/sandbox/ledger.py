"""The sandbox's own record of what reached it over HTTP: the independent witness of the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One request.

    Attributes:
        seq: In the order of arrival, from 1.
        at: Arrival by the forge's clock, aware UTC.
        monotonic: Arrival in seconds of `time.monotonic`, for measuring gaps.
        method: In capitals.
        path: Decoded, without an API prefix.
        query: Last value of each parameter.
        headers: Names in lower case; `authorization` and `private-token` hold the login instead of the token.
        body: The JSON sent, or None.
        status: What was (or would have been) answered; 0 when nothing was.
        login: Who asked; empty for nobody.
        effect: What it changed, several joined by `; `, empty for nothing:
            `open acme/widget#7`, `comment acme/widget#1 id=5`, `edit-comment …`, `delete-comment …`,
            `label+ bug acme/widget#1`, `label- bug acme/widget#1`, `close acme/widget#1 not_planned`,
            `reopen acme/widget#1`, `edit acme/widget#1`, `assign login acme/widget#1`, `unassign login acme/widget#1`,
            `lock acme/widget#1`, `unlock acme/widget#1`, `create-label bug acme/widget`,
            `react eyes acme/widget#1 id=5`.
            GitLab closes without a reason, and has `make-confidential acme/widget#1`, `make-visible …`, `delete …` and
            `command subscribe …` for a quick action that changes what the sandbox does not have.
        fault: Name of the injected fault, `truncated` for a body shorter than announced, empty for none.
    """

    seq: int
    at: datetime
    monotonic: float
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    status: int
    login: str
    effect: str = ""
    fault: str = ""


class Ledger:
    """Entries by their number. Not locked: the forge's lock is."""

    def __init__(self) -> None:
        self._entries: dict[int, LedgerEntry] = {}
        self._last = 0

    def number(self) -> int:
        """Return the next entry's number."""
        self._last += 1
        return self._last

    def put(self, entry: LedgerEntry) -> None:
        """Record an entry, or its later knowledge under the same number."""
        self._entries[entry.seq] = entry

    def entries(self) -> tuple[LedgerEntry, ...]:
        """Return everything in the order of arrival."""
        return tuple(self._entries[seq] for seq in sorted(self._entries))

    def clear(self) -> None:
        """Forget the entries; numbers go on."""
        self._entries.clear()
