"""What passes between the HTTP server, the fault injector and a front that speaks a forge's dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        method: In capitals.
        path: Decoded, without the API prefix.
        query: Last value of each parameter.
        headers: Names in lower case.
        body: The JSON sent; None when there was none, or none that could be read.
        bad_body: A body was sent that is no JSON.
        base: Scheme, host, port and API prefix, for the addresses in the answer.
        lists: All values of each parameter whose name ends with `[]`.
        parts: The path between its slashes, each decoded, so that one may hold a slash itself.
        as_of: Show reads as they were at this time; None for now.
        turn: Start lists at another row (see `faults.reorder_pages`); 0 for the right order.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    bad_body: bool
    base: str
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    as_of: datetime | None = None
    turn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer.

    Attributes:
        status: HTTP status.
        headers: Beyond what the server adds.
        body: Bytes as sent.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A request that would change something, not done yet.

    Attributes:
        effect: What it would change, as far as known before; see `ledger.LedgerEntry`.
        apply: Does it; returns the answer and the exact effect.
    """

    effect: str
    apply: Callable[[], tuple[Answer, str]]


class Front(Protocol):
    """A forge's dialect over the sandbox's state. Called under the lock."""

    def login(self, headers: Mapping[str, str]) -> str:
        """Return whose credentials these are; empty for none or wrong ones."""

    def answer(self, request: Request) -> Answer | Write:
        """Answer a read or a refused write at once; hand back an allowed write undone."""

    def split(self, target: str) -> tuple[str, str]:
        """Split an address's path into the API prefix and the rest."""
