"""Everything a daemon or a command works with, put together from one configuration and taken apart again.

The only place that picks adapters. Nothing is started before `with`, and what was started is stopped after it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from foreman.account import Account
from foreman.app import accounts as accounts_of
from foreman.app import forges
from foreman.app.account_parts import account_for
from foreman.app.agents import AgentOffice
from foreman.app.connection import Connection
from foreman.app.current import CurrentConfig
from foreman.app.found import in_use
from foreman.app.gate_secrets import LiveSecrets
from foreman.app.newcomers import Newcomers
from foreman.app.otlp import traces
from foreman.app.thinking import thinking
from foreman.app.visibility import Visibility
from foreman.config.load import secrets_of
from foreman.config.models import Config
from foreman.daemon import Daemon
from foreman.deliberation import Deliberator
from foreman.errors import ForgeUnavailable
from foreman.log import Cleaner
from foreman.model import ForgeKind, RepoRef
from foreman.pipeline import Pipeline
from foreman.places import Places
from foreman.precedents import Precedents
from foreman.priors import Retraining
from foreman.recall import Recall
from foreman.secrets import KnownSecrets
from foreman.settings import Settings
from foreman.store import controls
from foreman.store.database import Database
from foreman.store.lease import DaemonLease
from foreman.store.tidying import Tidying
from foreman.values import dataclass


def utc_now() -> datetime:
    """Return the current time, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What works together.

    Attributes:
        config: The configuration now; changes with a reload.
        db: The store.
        connections: One per forge.
        accounts: One per forge.
        deliberators: One per forge.
        pipeline: Works through the inbox.
        agents: The agents.
        daemon: Not started.
        secrets: What must not leave.
        marker_secret: Key of the tags on our comments.
        stop: Set to end everything.
        now: Current time, aware UTC.
    """

    config: CurrentConfig
    db: Database
    connections: dict[ForgeKind, Connection]
    accounts: dict[ForgeKind, Account]
    deliberators: dict[ForgeKind, Deliberator]
    pipeline: Pipeline
    agents: AgentOffice
    daemon: Daemon
    secrets: KnownSecrets
    marker_secret: str
    stop: threading.Event
    now: Callable[[], datetime]


@contextmanager
def workshop(
    config: Config,
    *,
    settings: Settings,
    secrets: KnownSecrets,
    source: Path | None = None,
    now: Callable[[], datetime] = utc_now,
    stop: threading.Event | None = None,
    claim: bool = True,
    forge: ForgeKind | None = None,
) -> Iterator[Workshop]:
    """Put everything together under the daemon's lease; starts the gateway, and agents when they are first asked.

    Args:
        config: As loaded.
        settings: Of the environment.
        secrets: Filled with every secret that is used.
        source: Where the configuration was read, for a reload.
        now: Current time, aware UTC.
        stop: Set to end everything.
        claim: Take the daemon's lease; without it nothing but model calls is written, nor sent.
        forge: Connect to this one alone; None for every one that is used.

    Yields:
        The parts.

    Raises:
        ConfigError: A secret is missing, or the token is not the configured account's.
        StoreError: The database cannot be used, or another daemon uses it.
        ForgeError: A forge cannot be reached.
    """
    stop = stop or threading.Event()
    for reference in secrets_of(config):  # before anything is judged, also those that are used later or elsewhere
        reference.make_known(secrets)
    with ExitStack() as stack:
        if claim:
            stack.enter_context(traces(settings.otlp_endpoint, Cleaner(secrets).text))
        db = Database.open(config.storage.path)
        stack.callback(db.close)
        if claim:
            lease = DaemonLease.acquire(db, config.storage.path, holder=f"pid {os.getpid()}")
            stack.callback(lease.release)
            db.guard_with(lease.check)
        current = CurrentConfig(config, source=source, db=db, now=now)
        if claim:
            current.widen()

        late: dict[ForgeKind, str] = {}

        def connect(of: Config, kinds: Sequence[ForgeKind]) -> dict[ForgeKind, Connection]:
            found, troubled = accounts_of.connect_all(
                of,
                kinds,
                db=db,
                connect=lambda kind, known: forges.connect(
                    of, kind, secrets=secrets, now=now, stop=stop, plans=lambda: current.reached, known=known
                ),
                stack=stack,
                claim=claim,
            )
            late.update(troubled)
            return found if claim else {kind: _harmless(one) for kind, one in found.items()}

        connections = connect(config, forges.kinds(config) if forge is None else (forge,))
        parts = stack.enter_context(thinking(config, db=db, settings=settings, secrets=secrets, now=now, alone=claim))
        thinker, office = parts.thinker, parts.agents
        at_work = in_use(config)
        with db.read() as reading:
            marker_secret = controls.marker_secret(reading)
        precedents = Precedents(db)
        redact = LiveSecrets(secrets).redact
        deliberators: dict[ForgeKind, Deliberator] = {}
        accounts: dict[ForgeKind, Account] = {}

        def employ(connection: Connection) -> Account:
            connections[connection.kind] = connection
            deliberators[connection.kind] = Deliberator(
                recall=Recall(
                    db=db, reader=connection.reader, bot=connection.bot, marker_secret=marker_secret, now=now
                ),
                precedents=precedents,
                thinker=thinker,
            )
            account = accounts[connection.kind] = account_for(
                connection,
                current=current,
                db=db,
                redact=redact,
                marker_secret=marker_secret,
                settle_seconds=config.polling.settle_seconds,
                now=now,
                stop=stop,
            )
            if claim and connection.kind in late:
                account.refused(late[connection.kind])
            elif claim:
                account.proven()  # by `connect`, a moment ago
            return account

        for connection in tuple(connections.values()):
            employ(connection)
        places = Places(config.workers, {name: agent.max_concurrency for name, agent in at_work.items()})
        pipeline = Pipeline(
            db=db,
            plan_of=current.plan_of,
            deliberator_of=lambda repo: _deliberator(deliberators, repo),
            max_retries=office.max_retries,
            places=places,
            now=now,
            model=config.llm.model or "",
            stopping=stop.is_set,
        )
        daemon = Daemon(
            db=db,
            accounts=tuple(accounts.values()),
            pipeline=pipeline,
            agents=office,
            workers=max(config.workers, len(at_work)),
            now=now,
            stop=stop,
            task_seconds=max((agent.timeout_seconds for agent in at_work.values()), default=0.0),
            learn=Retraining(
                db=db,
                plans=lambda: current.plans,
                private=Visibility(connections, now=now).private,
                now=now,
                stop=stop,
            ).tend,
            tidy=Tidying(db, keep_days=config.storage.keep_days, now=now).tend,
        )
        current.welcome = Newcomers(
            connections=connections,
            agents=office.types,
            secrets=secrets,
            connect=connect,
            employ=lambda connection: daemon.join(employ(connection)),
            hire=parts.hire,
            places=places,
            daemon=daemon,
        ).welcome
        yield Workshop(
            config=current,
            db=db,
            connections=connections,
            accounts=accounts,
            deliberators=deliberators,
            pipeline=pipeline,
            agents=office,
            daemon=daemon,
            secrets=secrets,
            marker_secret=marker_secret,
            stop=stop,
            now=now,
        )


def _harmless(connection: Connection) -> Connection:
    """Return it without a way to write: whatever is asked for by mistake, nothing leaves."""
    from foreman.forge.dry_run import DryRunWriter

    return replace(connection, writer=DryRunWriter())


def _deliberator(deliberators: dict[ForgeKind, Deliberator], repo: RepoRef) -> Deliberator:
    if repo.forge not in deliberators:
        message = f"there is no account on {repo.forge} yet: it is connected at the next start"
        raise ForgeUnavailable(message, repo=repo.key, sent=False)
    return deliberators[repo.forge]
