"""The sandbox forge as its users hold it: a server, people's hands, a ledger and bad days on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, Self

from foreman.sandbox import storage
from foreman.sandbox.exchange import Answer, Request, Write
from foreman.sandbox.faults import Action, Fault, Injected
from foreman.sandbox.github import GitHubFront
from foreman.sandbox.gitlab import GitLabFront
from foreman.sandbox.hands import Hands
from foreman.sandbox.ledger import Ledger, LedgerEntry
from foreman.sandbox.quota import Quota
from foreman.sandbox.reading import enter, read
from foreman.sandbox.server import Delivery, LoopbackServer, Received
from foreman.sandbox.world import World

_NOTHING = Action(name="")
_FRONTS: dict[str, tuple[type[GitHubFront | GitLabFront], timedelta]] = {
    "github": (GitHubFront, timedelta(hours=1)),
    "gitlab": (GitLabFront, timedelta(minutes=1)),
}
"""By kind: who answers, and for how long requests are counted."""


def _real_clock() -> datetime:
    return datetime.now(UTC)


class SandboxForge(Hands):
    """A forge on loopback that speaks GitHub's dialect or GitLab's.

    Args:
        clock: Time of day, aware UTC; the real one when None. Faults that wait use real seconds.
        state_file: Where the state is kept as JSON; loaded when it exists. None keeps nothing.
        kind: `github` or `gitlab`.

    Raises:
        ValueError: The file holds something else, or another kind's state.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] | None = None,
        state_file: Path | None = None,
        *,
        kind: Literal["github", "gitlab"] = "github",
    ) -> None:
        front, window = _FRONTS[kind]
        world = storage.load(state_file, kind) if state_file else World(kind=kind)
        super().__init__(world, threading.RLock(), clock or _real_clock)
        self._state_file = state_file
        self._quota = Quota(window)
        self._front = front(world, self._quota, self._clock)
        self._ledger = Ledger()
        self._faults: list[Injected] = []
        self._before_write: list[Callable[[LedgerEntry], None]] = []
        self._on_exchange: list[Callable[[LedgerEntry, bytes], None]] = []
        self._server: LoopbackServer | None = None
        self._late: set[threading.Thread] = set()

    def start(self, port: int = 0) -> None:
        """Serve on 127.0.0.1; port 0 is any free one."""
        if self._server is not None:
            raise RuntimeError("the sandbox is running already")
        self._server = LoopbackServer(port, self._handle)
        self._server.start()

    @property
    def url(self) -> str:
        """Address to give as the API's: of GitHub's with or without `/api/v3`, of GitLab's without `/api/v4`."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running; call start() or use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self, repo: str = "", number: int = 0, by: str = "", reason: str = "completed") -> None:
        """Shut the server down; or, with a repository and a number, close an issue."""
        if repo:
            self.close_issue(repo, number, by=by, reason=reason)
            return
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        for thread in tuple(self._late):
            thread.join(5.0)

    def __enter__(self) -> Self:
        """Start, unless it is running."""
        if self._server is None:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Shut down."""
        self.close()

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Every request that was read whole or in part, in the order of arrival."""
        with self._lock:
            return self._ledger.entries()

    def writes(self) -> tuple[LedgerEntry, ...]:
        """Return the requests that changed something."""
        return tuple(entry for entry in self.ledger if entry.effect)

    def clear_ledger(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._ledger.clear()

    def before_write(self, callback: Callable[[LedgerEntry], None]) -> None:
        """Call this inside each request that would change something, before it does. No lock is held meanwhile."""
        self._before_write.append(callback)

    def on_exchange(self, callback: Callable[[LedgerEntry, bytes], None]) -> None:
        """Call this with each entry and the body answered, before it is sent. Must not call the forge over HTTP."""
        self._on_exchange.append(callback)

    def inject(self, fault: Fault) -> Injected:
        """Let a fault hit requests from now on; earlier ones go first. The handle counts and removes it."""
        injected = Injected(fault)
        with self._lock:
            self._faults.append(injected)
        return injected

    def clear_faults(self) -> None:
        """Hit nothing any more."""
        with self._lock:
            self._faults.clear()

    def rate_limit(self, remaining: int, reset_at: datetime, *, told: bool = True) -> None:
        """Leave every login so many requests until then; after that there are plenty again.

        Args:
            remaining: Requests left.
            reset_at: Until when, aware UTC.
            told: GitLab says so in headers; otherwise a 429 comes without a Retry-After, as from many of them.
        """
        with self._lock:
            self._quota.force(remaining, reset_at, told=told)

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until everything that `commit_late` put off is done."""
        deadline = time.monotonic() + timeout
        for thread in tuple(self._late):
            thread.join(max(0.0, deadline - time.monotonic()))

    def changed(self) -> None:
        """Keep the state, where a file was named. Called under the lock."""
        if self._state_file is not None:
            storage.save(self._world, self._state_file)

    def _handle(self, received: Received) -> Delivery:
        """Serve one request: fault, front, ledger, callbacks."""
        with self._lock:
            request, entry = self._read(received)
            struck = next(((hit, at) for at in self._faults if (hit := at.strike(request))), None)
        action, injected = struck or (_NOTHING, None)
        entry = replace(entry, fault=action.name)
        if received.truncated:
            self._record(replace(entry, fault="truncated"), b"")
            return Delivery(status=0)
        if action.wait and self._server_stops(action.wait):
            return Delivery(status=0)
        if action.stale:
            request = replace(request, as_of=self._clock() - timedelta(seconds=action.stale))
        if action.turned and injected is not None:
            request = replace(request, turn=injected.hits)
        answer = Answer(status=action.status, headers=action.headers, body=action.body)
        if action.serve and action.late is None:
            served, entry = self._serve(request, entry)
            answer = served if not action.status else answer
        status = 0 if action.silent else answer.status
        entry = replace(entry, status=status)
        self._record(entry, answer.body)
        if action.late is not None:
            self._put_off(request, entry, action.late)
        date = format_datetime(entry.at.astimezone(UTC), usegmt=True)
        headers = {"Date": date, "Content-Type": "application/json; charset=utf-8", **answer.headers}
        if headers.get("Location", "").startswith("/"):
            headers["Location"] = request.base + headers["Location"]
        return Delivery(
            status=status,
            headers=headers,
            body=answer.body,
            bytes_per_second=action.bytes_per_second,
            cut=action.cut,
        )

    def _read(self, received: Received) -> tuple[Request, LedgerEntry]:
        request = read(received, self._front, self.url if self._server else "")
        login = self._front.login(received.headers)
        entry = enter(request, self._ledger.number(), login, at=self._clock(), monotonic=time.monotonic())
        return request, entry

    def _serve(self, request: Request, entry: LedgerEntry, *, late: bool = False) -> tuple[Answer, LedgerEntry]:
        """Let the front answer; a write is asked about first and judged again after that, since time has passed."""
        if self._before_write:
            with self._lock:
                planned = self._front.answer(request)
            if not isinstance(planned, Write):
                return planned, replace(entry, status=planned.status)
            if planned.effect:
                for callback in self._before_write:
                    callback(replace(entry, effect=planned.effect))
        with self._lock:
            result = self._front.answer(request)
            if not isinstance(result, Write):
                return result, replace(entry, status=result.status)
            answer, effect = result.apply()
            entry = replace(entry, status=entry.status if late else answer.status, effect=effect)
            self._ledger.put(entry)
            if effect:
                self.changed()
            return answer, entry

    def _put_off(self, request: Request, entry: LedgerEntry, seconds: float) -> None:
        """Do it later, unless the server stops meanwhile."""

        def work() -> None:
            try:
                if not self._server_stops(seconds):
                    self._serve(request, entry, late=True)
            finally:
                self._late.discard(threading.current_thread())

        thread = threading.Thread(target=work, name="sandbox-late", daemon=True)
        self._late.add(thread)
        thread.start()

    def _server_stops(self, seconds: float) -> bool:
        server = self._server
        return server is None or server.stopping.wait(seconds)

    def _record(self, entry: LedgerEntry, body: bytes) -> None:
        with self._lock:
            self._ledger.put(entry)
        for callback in self._on_exchange:
            callback(entry, body)
