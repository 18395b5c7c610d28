"""Where a person's orders are carried out: by the daemon when one runs, else here, under its lease.

Approving, refusing and taking back need the database and a forge, and no model and no agent: work that waits in the
inbox keeps waiting.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from foreman.app import forges
from foreman.app.connection import Connection
from foreman.app.current import BY_PEOPLE, CurrentConfig
from foreman.app.demo_forge import sandboxed
from foreman.app.otlp import traces
from foreman.app.workshop import utc_now
from foreman.config.models import Config
from foreman.errors import ForemanError, StoreError
from foreman.executor import Executor
from foreman.log import Cleaner
from foreman.model import ActionState, ForgeKind
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import actions, controls
from foreman.store.actions import StoredAction
from foreman.store.database import Database
from foreman.store.lease import DaemonLease

WAIT = timedelta(minutes=10)
"""How long a command waits for a running daemon; what was ordered stays ordered after that."""

SOON = timedelta(seconds=90)
"""What waits for longer than this is not waited for: longer than a lost reply takes to settle."""

_OPEN = frozenset({ActionState.PLANNED, ActionState.SENT})


class Desk:
    """One order's workplace."""

    def __init__(
        self,
        config: Config,
        *,
        db: Database,
        secrets: KnownSecrets,
        source: Path | None,
        stack: ExitStack,
    ) -> None:
        """Keep the parts; connects to nothing, and leaves the writing to the daemon until `take_lease`.

        Args:
            config: As loaded.
            db: The store.
            secrets: Filled with every secret that is used.
            source: Where the configuration was read.
            stack: Takes what must be closed.
        """
        self.config = config
        self.db = db
        self.daemon = True
        self._secrets = secrets
        self._source = source
        self._stack = stack
        self._stop = threading.Event()
        self._reached: Config | None = None
        self._connections: dict[ForgeKind, Connection] = {}

    def connection(self, kind: ForgeKind) -> Connection:
        """Return the account on a forge, connected when it is first asked for.

        Args:
            kind: Which forge.

        Returns:
            The account.

        Raises:
            ConfigError: The token is missing, wrong, or somebody else's.
            ForgeError: The forge cannot be reached.
        """
        if kind not in self._connections:
            if self._reached is None:
                self._reached = self._stack.enter_context(sandboxed(self.config))
            found = forges.connect(self._reached, kind, secrets=self._secrets, now=utc_now, stop=self._stop)
            self._stack.callback(found.disconnect)
            self._connections[kind] = found
        return self._connections[kind]

    def carry_out(self, action_ids: Sequence[int]) -> tuple[StoredAction, ...]:
        """Have planned actions done: by the daemon, or here.

        Args:
            action_ids: Planned in the store already.

        Returns:
            What became of them; one that has to wait is still open.

        Raises:
            ForgeError: The forge does not take the token; what was ordered stays ordered.
            ForemanError: The daemon did not get to it in time.
        """
        if self.daemon:
            self._wait(action_ids)
            # It may have been another command, which ended with its own work.
            if any(self._is_worth_waiting_for(action) for action in self.look(action_ids)):
                self.take_lease()
        if not self.daemon:
            self._do(action_ids)
        return self.look(action_ids)

    def take_lease(self) -> None:
        """Work under the daemon's lease from here on.

        Raises:
            StoreError: Somebody else has it.
            ConfigError: Traces are wanted, and what sends them is not installed.
        """
        path = self.config.storage.path
        self._stack.enter_context(traces(Settings.read().otlp_endpoint, Cleaner(self._secrets).text))
        lease = DaemonLease.acquire(self.db, path, holder=f"pid {os.getpid()}")
        self._stack.callback(lease.release)
        self.db.guard_with(lease.check)
        self.daemon = False

    def look(self, action_ids: Sequence[int]) -> tuple[StoredAction, ...]:
        """Return how actions stand."""
        with self.db.read() as connection:
            return tuple(actions.get(connection, action_id) for action_id in action_ids)

    def _do(self, action_ids: Sequence[int]) -> None:
        issues = dict.fromkeys(action.issue for action in self.look(action_ids))
        current = CurrentConfig(self.config, source=self._source, db=self.db, now=utc_now)
        with self.db.read() as connection:
            secret = controls.marker_secret(connection)
        for issue in issues:
            account = self.connection(issue.repo.forge)
            executor = Executor(
                db=self.db,
                writer=account.writer,
                reader=account.reader,
                bot=account.bot,
                marker_secret=secret,
                now=utc_now,
                settle_seconds=self.config.polling.settle_seconds,
                stop=self._stop,
                recheck=current.recheck,
                by_people=BY_PEOPLE,
            )
            while executor.step(only=issue):
                continue

    def _wait(self, action_ids: Sequence[int]) -> None:
        deadline = time.monotonic() + WAIT.total_seconds()
        while any(self._is_worth_waiting_for(action) for action in self.look(action_ids)):
            if time.monotonic() > deadline:
                raise ForemanError("the daemon did not get to it in ten minutes; it stays ordered (`foreman status`)")
            if DaemonLease.holder(self.config.storage.path) is None:
                return
            self._stop.wait(0.2)

    def _is_worth_waiting_for(self, action: StoredAction) -> bool:
        if action.state not in _OPEN:
            return False
        if action.not_before is not None and action.not_before > utc_now() + SOON:
            return False
        with self.db.read() as connection:
            return not controls.paused(connection, action.issue.repo)


@contextmanager
def desk(config: Config, *, secrets: KnownSecrets, source: Path | None = None) -> Iterator[Desk]:
    """Open the database, under the daemon's lease unless a daemon has it.

    Args:
        config: As loaded.
        secrets: Filled with every secret that is used.
        source: Where the configuration was read.

    Yields:
        The desk.

    Raises:
        StoreError: There is no database yet, or it cannot be used.
        ConfigError: Traces are wanted, and what sends them is not installed.
    """
    path = config.storage.path
    if not path.exists():
        raise StoreError(f"there is no database at {path} yet: `foreman run` or `foreman triage` makes it")
    with ExitStack() as stack:
        db = Database.open(path)
        stack.callback(db.close)
        made = Desk(config, db=db, secrets=secrets, source=source, stack=stack)
        if DaemonLease.holder(path) is None:
            made.take_lease()
        yield made
