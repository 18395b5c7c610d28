"""Bad days on demand: which requests are hit, and what happens to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from foreman.sandbox.exchange import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What happens to a request that is hit. Made by the functions below.

    Attributes:
        name: Of the function that made it; stands in the ledger.
        serve: Whether the forge sees the request at all.
        late: Apply this many seconds later; None for at once.
        wait: Seconds before anything happens.
        silent: Close the connection instead of answering.
        status: Answer with this status instead; 0 to leave the answer alone.
        headers: For the answer in place of the forge's.
        body: Body of the answer in place of the forge's.
        bytes_per_second: Send the body this slowly; 0 for at once.
        cut: Close the connection after so many bytes of the body; None for never.
        stale: Reads do not see what was written in so many last seconds.
        turned: Lists start at another row with every hit.
    """

    name: str
    serve: bool = True
    late: float | None = None
    wait: float = 0.0
    silent: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    bytes_per_second: float = 0.0
    cut: int | None = None
    stale: float = 0.0
    turned: bool = False


def _encode(body: str | dict[str, Any] | list[Any]) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def reply(
    status: int, headers: Mapping[str, str] | None = None, body: str | dict[str, Any] | list[Any] = ""
) -> Action:
    """Answer this; the forge never sees the request."""
    return Action(name="reply", serve=False, status=status, headers=dict(headers or {}), body=_encode(body))


def drop_before() -> Action:
    """Close the connection without doing it."""
    return Action(name="drop_before", serve=False, silent=True)


def commit_then_drop() -> Action:
    """Do it, then close the connection without an answer."""
    return Action(name="commit_then_drop", silent=True)


def commit_late(seconds: float, status: int = 0) -> Action:
    """Close at once, or answer `status`; do it after so many seconds. `close()` of the forge gives it up."""
    return Action(name="commit_late", late=seconds, silent=not status, status=status, body=_gateway(status))


def commit_then_status(status: int = 500) -> Action:
    """Do it, then answer an error."""
    return Action(name="commit_then_status", status=status, body=_gateway(status))


def delay(seconds: float) -> Action:
    """Wait, then serve as usual."""
    return Action(name="delay", wait=seconds)


def drip(bytes_per_second: float) -> Action:
    """Serve, sending the body slowly."""
    return Action(name="drip", bytes_per_second=bytes_per_second)


def truncate(size: int) -> Action:
    """Serve, but close after so many bytes of the body, the whole length announced."""
    return Action(name="truncate", cut=size)


def not_json() -> Action:
    """Answer 200 with a page of HTML, as a captive portal does."""
    page = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please log in to the Wi-Fi.</body></html>"
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return Action(name="not_json", serve=False, status=200, headers=headers, body=page.encode())


def stale_list(seconds: float) -> Action:
    """Let lists and issue reads show nothing of what was written in the last so many seconds."""
    return Action(name="stale_list", stale=seconds)


def reorder_pages() -> Action:
    """Let lists start at another row with every hit, as when rows move while paging: some come twice, some never."""
    return Action(name="reorder_pages", turned=True)


def redirect(location: str, status: int = 301) -> Action:
    """Point elsewhere; a location beginning with `/` is on this forge."""
    body = {"message": "Moved Permanently", "url": location}
    return Action(name="redirect", serve=False, status=status, headers={"Location": location}, body=_encode(body))


def _gateway(status: int) -> bytes:
    return _encode({"message": "Server Error"}) if status == 500 else b"<html><body>Bad gateway</body></html>"


_WITHOUT_ARGUMENTS = (drop_before, commit_then_drop, commit_then_status, not_json, reorder_pages)
_ACTIONS = (reply, commit_late, delay, drip, truncate, stale_list, redirect, *_WITHOUT_ARGUMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Which requests are hit by what.

    Attributes:
        method: In capitals; None for any.
        path: Regular expression, searched in the path, and in the path with its query; without an API prefix.
        times: How many requests are hit; None for all.
        after: How many matching ones pass before the first is hit.
        action: What happens: `faults.reply(500)`; those that need no argument may be named without a call.
    """

    method: str | None = None
    path: str = ""
    times: int | None = 1
    after: int = 0
    action: Action | Callable[[], Action]

    def __post_init__(self) -> None:
        """Refuse what is no action, before a test waits for a fault that never comes.

        Raises:
            TypeError: `action` is not one of this module's.
        """
        action = self.action() if self.action in _WITHOUT_ARGUMENTS else self.action
        if not isinstance(action, Action):
            known = ", ".join(sorted(function.__name__ for function in _ACTIONS))
            what = getattr(action, "__name__", None) or repr(action)
            raise TypeError(f"Fault(action={what}) is no action; call one of foreman.sandbox.faults: {known}")
        object.__setattr__(self, "action", action)
        re.compile(self.path)


class Injected:
    """A fault at work: what was asked for, how many requests matched (`seen`), how many were hit (`hits`)."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.hits = 0
        self._pattern = re.compile(fault.path)
        self._removed = False

    def remove(self) -> None:
        """Hit nothing any more."""
        self._removed = True

    def strike(self, request: Request) -> Action | None:
        """Return what happens to this request; None when it passes."""
        if self._removed or self.fault.method not in (None, request.method):
            return None
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        if not (self._pattern.search(request.path) or (query and self._pattern.search(f"{request.path}?{query}"))):
            return None
        self.seen += 1
        if self.seen <= self.fault.after or (self.fault.times is not None and self.hits >= self.fault.times):
            return None
        self.hits += 1
        assert isinstance(self.fault.action, Action)  # noqa: S101  (settled by Fault)
        return self.fault.action
