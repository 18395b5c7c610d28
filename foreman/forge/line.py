"""One account's way to a forge: requests one after the other, writes spaced, limits kept, errors in Foreman's words.

Nothing is asked twice here. A forge's own client says how a request goes out and what a refusal means.
"""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar, Required, TypedDict

import requests
import requests.utils

from foreman.errors import ForgeRateLimited, ForgeUnavailable
from foreman.forge.asking import Asked, QueryValue, Reply, is_given
from foreman.forge.http_exchange import UnusableReply
from foreman.forge.meter import LONGEST_WAIT, Meter, exhausted_until
from foreman.forge.trouble import Circumstances
from foreman.forge.turns import Turns
from foreman.forge.wire import OneOrigin, WireReply


def utc_now() -> datetime:
    """Return the time of day, aware UTC."""
    return datetime.now(UTC)


class LineOptions(TypedDict, total=False):
    """How an account's line goes; every adapter takes these by name.

    Attributes:
        write_interval_seconds: From the end of one write to the start of the next; GitHub asks for at least 1.
        timeout_seconds: For connecting, for the reply's head, and for its body; 20 where it is left out.
        clock: Time of day, aware UTC; rate limits are reckoned with it.
        monotonic: Clock for the write interval, in seconds.
        wait: Called with seconds between writes. When it returns True (a stop event's `wait`), the write is not sent
            and `ForgeUnavailable` with `sent` False is raised.
    """

    write_interval_seconds: Required[float]
    timeout_seconds: float
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    wait: Callable[[float], object]


class Line(ABC):
    """Requests to one API with one account, from any thread.

    Attributes:
        forge: Under which name its requests are counted.
    """

    forge: ClassVar[str] = ""

    def __init__(
        self,
        *,
        url: str,
        limit_headers: str,
        write_interval_seconds: float,
        timeout_seconds: float = 20,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            url: Where the API is.
            limit_headers: What the names of the forge's rate limit headers begin with, as for `Meter`.
            write_interval_seconds: As for `LineOptions`.
            timeout_seconds: As for `LineOptions`.
            clock: As for `LineOptions`.
            monotonic: As for `LineOptions`.
            wait: As for `LineOptions`.
        """
        self.clock = clock
        self.timeout_seconds = timeout_seconds
        self.meter = Meter(limit_headers)
        self._monotonic = monotonic
        self._wait = wait
        self._write_interval = write_interval_seconds
        self._last_write: float | None = None
        self._limited_until: datetime | None = None
        self._strikes = 0
        self._closed = False
        self._writing = threading.RLock()
        self._holder: int | None = None
        self._sending = Turns(monotonic)
        self._wire = OneOrigin(
            url=url, timeout_seconds=timeout_seconds, hear=self._hear, monotonic=monotonic, forge=self.forge
        )

    @abstractmethod
    def _ask(self, asked: Asked) -> WireReply:
        """Send over `_wire` by the forge's library.

        Args:
            asked: The request.

        Returns:
            A reply of 2xx or 304; anything else is raised in the library's words.
        """

    @abstractmethod
    def _translated(self, about: Circumstances) -> AbstractContextManager[None]:
        """Turn what the library raises inside the block into `ForgeError`s."""

    def close(self) -> None:
        """Break off what is under way and send nothing any more."""
        self._closed = True
        self._wire.close()

    def get(
        self, operation: str, repo: str, path: str, *, query: Mapping[str, QueryValue] | None = None, etag: str = ""
    ) -> Reply:
        """Read.

        Args:
            operation: What for, in a word or two.
            repo: Repository key; empty where none is concerned.
            path: From the API's root, quoted.
            query: Parameters.
            etag: Ask only for what differs from this.

        Returns:
            The reply; its status is 304 only when `etag` was given.

        Raises:
            ForgeError: Anything else.
        """
        tag = {"If-None-Match": etag} if is_given(etag) else {}
        return self._exchange(operation, repo, Asked(verb="GET", path=path, query=dict(query or {}), headers=tag))

    def write(
        self, verb: str, operation: str, repo: str, path: str, body: Mapping[str, object] | None = None
    ) -> Reply:
        """Write once, at least the write interval after the write before.

        Args:
            verb: POST, PUT, PATCH or DELETE.
            operation: What for, in a word or two.
            repo: Repository key.
            path: From the API's root, quoted.
            body: To send as JSON.

        Returns:
            The reply.

        Raises:
            ForgeError: Anything but a success.
        """
        with self.turn(repo, operation=operation):
            try:
                return self._exchange(operation, repo, Asked(verb=verb, path=path, body=body))
            finally:
                self._last_write = self._monotonic()

    @contextmanager
    def turn(self, repo: str, *, operation: str = "write") -> Iterator[None]:
        """Wait until a write may leave, and keep every other thread's requests back for the block.

        What is asked in the block goes out at once: what was looked up at its beginning still holds then.

        Args:
            repo: Repository key.
            operation: What for, in a word or two.

        Yields:
            Nothing.

        Raises:
            ForgeUnavailable: Everything ends meanwhile.
        """
        with self._writing:
            while (pause := self._pause()) > 0:
                if self._wait(pause) is True:
                    raise ForgeUnavailable("stopping", repo=repo, operation=operation, sent=False)
            if self._is_mine:
                yield
                return
            with self._sending.turn(repo):
                self._holder = threading.get_ident()
                try:
                    yield
                finally:
                    self._holder = None

    @property
    def _is_mine(self) -> bool:
        """Whether this thread is in a turn that it took for a block."""
        return self._holder == threading.get_ident()

    def _pause(self) -> float:
        """Return the seconds until the next write may start."""
        if self._last_write is None:
            return 0.0
        return self._last_write + self._write_interval - self._monotonic()

    def _hear(self, headers: Mapping[str, str]) -> None:
        self.meter.hear(headers, now=self.clock())

    def _exchange(self, operation: str, repo: str, asked: Asked) -> Reply:
        with nullcontext() if self._is_mine else self._sending.turn(repo):
            about = Circumstances(
                operation=operation, repo=repo, now=self.clock(), skew=self.meter.skew, strikes=self._strikes
            )
            if self._closed:
                raise ForgeUnavailable("disconnected", repo=repo, operation=operation, sent=False)
            self._refuse_while_limited(about)
            try:
                with self._translated(about):
                    reply = self._read(self._ask(asked))
                    if reply.status == requests.codes.not_modified and "If-None-Match" not in asked.headers:
                        raise UnusableReply("nothing new, though nothing was known", status=reply.status)
            except ForgeRateLimited as error:
                self._strikes += 1
                self._limited_until = error.retry_at
                raise
            self._strikes = 0
            return reply

    def _read(self, reply: WireReply) -> Reply:
        until = exhausted_until(reply.headers, self.meter.prefix)
        now = self.clock()
        if until is not None and until - self.meter.skew > now:
            self._limited_until = min(until - self.meter.skew, now + LONGEST_WAIT)
        link = reply.headers.get("link", "")
        links = requests.utils.parse_header_links(link) if link else ()
        return Reply(
            status=reply.status,
            etag=reply.headers.get("etag", ""),
            has_next=any(link.get("rel") == "next" for link in links) or bool(reply.headers.get("x-next-page")),
            data=_parsed(reply.text, reply.status),
        )

    def _refuse_while_limited(self, about: Circumstances) -> None:
        """Keep every thread of this account from asking while the forge has told one of them to wait."""
        until = self._limited_until
        if until is not None and about.now < until:
            raise ForgeRateLimited(
                "waiting out the rate limit", retry_at=until, repo=about.repo, operation=about.operation
            )
        self._limited_until = None


def _parsed(text: str, status: int) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise UnusableReply("the reply is not JSON", status=status) from error
