"""Whether a forge takes our token and answers at all: told apart with one harmless request, and tried again in time.

A refused token (401) stops everything of the account at once, and so does a host that does not answer. Both are tried
again from time to time, so that neither needs a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from foreman.errors import ForgeError, ForgeRateLimited, ForgeUnavailable
from foreman.forge.base import ForgeReader
from foreman.log import get_logger
from foreman.model import Account, ForgeKind
from foreman.store import breakers
from foreman.store.breakers import BreakerState
from foreman.store.database import Database

log = get_logger(__name__)

RETRY_REFUSED = timedelta(minutes=5)
"""How often a refused token is tried again: the person may have mended it, and each try is one request."""

RETRY_AWAY = timedelta(minutes=1)
"""How often a host that does not answer is tried again, with one request."""

AWAY_AFTER = 3
"""Polls or tasks in a row without a usable answer that make us ask whether the whole host is away."""


class Access:
    """Of one account. Used by any thread.

    Attributes:
        scope: Name under which the account's health is kept.
        host_scope: Name under which the host's health is kept.
    """

    def __init__(
        self, *, db: Database, kind: ForgeKind, bot: Account, reader: ForgeReader, now: Callable[[], datetime]
    ) -> None:
        """Keep the ports.

        Args:
            db: Where it outlives a restart.
            kind: Which forge.
            bot: Who we are there.
            reader: The forge.
            now: Current time, aware UTC.
        """
        self.scope = f"account:{kind.value}"
        self.host_scope = f"forge:{kind.value}"
        self._name = kind.value
        self._db = db
        self._bot = bot
        self._reader = reader
        self._now = now
        self._silent = 0
        self._probing = threading.Lock()
        self._reading = threading.Lock()
        self._shut: bool | None = None

    @property
    def shut(self) -> bool:
        """Whether nothing is asked of the forge now: it refuses the token, or its host does not answer.

        Asked before every step and written only here: so it is read again only after it was, and by each `tend`.
        """
        shut = self._shut
        if shut is None:
            with self._reading:
                with self._db.read() as connection:
                    shut = breakers.any_open(connection, (self.scope, self.host_scope))
                self._shut = shut
        return shut

    def answered(self) -> None:
        """Note that the forge gave a usable answer."""
        self._silent = 0

    def proven(self) -> None:
        """Note that the forge has just answered and named us as the token's owner."""
        self._silent = 0
        for scope, words in ((self.scope, "account_accepted"), (self.host_scope, "host_answers_again")):
            if self._open(scope) is not None:
                with self._db.transaction() as connection:
                    breakers.record_success(connection, scope, now=self._now())
                self._look_again()
                log.info(words, forge=self._name)

    def doubted(self, reason: str = "") -> None:
        """Hear that a request was answered 401, and find out whether it is the token or only that one repository.

        Args:
            reason: What was answered, for the log.
        """
        log.debug("token_doubted", forge=self._name, reason=reason)
        if not self.shut:
            self._probe()

    def refused(self, reason: str) -> None:
        """Stop everything of this account: the forge does not take the token."""
        self._stop_for(RETRY_REFUSED, self.scope, reason)
        log.error("account_refused", forge=self._name, reason=reason, do="put a valid token where the old one is")

    def unreachable(self) -> None:
        """Count a request without a usable answer; after some in a row, find out whether it is the whole host."""
        self._silent += 1
        if self._silent >= AWAY_AFTER and not self.shut:
            self._probe()

    def tend(self) -> None:
        """Try a refused account, or a host that did not answer, again when it is time."""
        self._look_again()
        if not self.shut:
            return
        closed = [state for scope in (self.scope, self.host_scope) if (state := self._open(scope)) is not None]
        if closed and all(state.open_until is None or state.open_until <= self._now() for state in closed):
            self._probe()

    def _probe(self) -> None:
        """Ask who we are: that tells about the host and about the token."""
        if not self._probing.acquire(blocking=False):
            return
        try:
            who = self._reader.whoami()
        except ForgeUnavailable as error:
            if self._open(self.host_scope) is None:
                log.warning("host_away", forge=self._name, reason=str(error))
            self._stop_for(RETRY_AWAY, self.host_scope, str(error))
        except ForgeRateLimited:
            self._silent = 0  # it answers; the limit is everybody's own to keep
        except ForgeError as error:
            self.refused(str(error))
        else:
            if who.id == self._bot.id:
                self.proven()
            else:
                self.refused(f"the token belongs to {who.login} now, not to {self._bot.login}")
        finally:
            self._probing.release()

    def _stop_for(self, pause: timedelta, scope: str, reason: str) -> None:
        now = self._now()
        with self._db.transaction() as connection:
            breakers.open_until(connection, scope, until=now + pause, reason=reason, now=now)
        self._look_again()

    def _look_again(self) -> None:
        with self._reading:  # whoever reads at this moment may have read what was before
            self._shut = None

    def _open(self, scope: str) -> BreakerState | None:
        """Return a breaker unless it is closed."""
        with self._db.read() as connection:
            state = breakers.get(connection, scope)
        return state if state is not None and state.open else None
