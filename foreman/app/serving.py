"""`foreman run`: the daemon as a process. Signals, the health server, and an end that is bounded."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from foreman.app.agents import in_use
from foreman.app.vitals import StoreVitals
from foreman.app.workshop import Workshop, workshop
from foreman.config.models import Config
from foreman.draining import Drained
from foreman.log import get_logger
from foreman.secrets import KnownSecrets
from foreman.server import HealthServer
from foreman.settings import Settings

log = get_logger(__name__)

DONE = 0
FAILED = 1


def once(config: Config, *, settings: Settings, secrets: KnownSecrets, source: Path | None) -> Drained:
    """Poll every repository once and work everything off.

    Args:
        config: As loaded.
        settings: Of the environment.
        secrets: Filled with every secret that is used.
        source: Where the configuration was read.

    Returns:
        What was done.
    """
    stop = threading.Event()
    with (
        _signals(stop, reload=lambda: None),
        workshop(config, settings=settings, secrets=secrets, source=source, stop=stop) as shop,
    ):
        shop.agents.tell_unsealed()
        return shop.daemon.once()


def serve(config: Config, *, settings: Settings, secrets: KnownSecrets, source: Path | None) -> int:
    """Run until SIGTERM or Ctrl-C.

    Args:
        config: As loaded.
        settings: Of the environment.
        secrets: Filled with every secret that is used.
        source: Where the configuration was read; SIGHUP reads it again.

    Returns:
        The exit code: 0, or 1 when another daemon took the database over.
    """
    stop = threading.Event()
    wanted = threading.Event()
    with (
        _signals(stop, reload=wanted.set),
        workshop(config, settings=settings, secrets=secrets, source=source, stop=stop) as shop,
        _health(config, shop),
    ):
        shop.daemon.start()
        log.info("daemon_ready", repos=len(shop.config.plans), pid=os.getpid())
        while not stop.wait(0.2):
            if wanted.is_set():
                wanted.clear()
                shop.config.reload()
        clean = shop.daemon.stop()
        lost = shop.daemon.lost
    if not clean:
        # A thread hangs in somebody else's library. What it was at is `sent` or claimed: settled at the next start.
        sys.stderr.flush()
        os._exit(FAILED if lost else DONE)
    return FAILED if lost else DONE


@contextmanager
def _health(config: Config, shop: Workshop) -> Iterator[None]:
    """Serve health and metrics, where that is switched on; the port is taken before anything else starts."""
    if not config.server.enabled:
        yield
        return
    token = config.server.operator_token
    server = HealthServer(
        config.server.host,
        config.server.port,
        StoreVitals(
            db=shop.db,
            plans=lambda: shop.config.plans,
            agents=tuple(in_use(config)),
            stopping=lambda: shop.daemon.stopping,
            now=shop.now,
        ),
        token.resolve(shop.secrets) if token else "",
    )
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def _signals(stop: threading.Event, *, reload: Callable[[], None]) -> Iterator[None]:
    """Turn signals into events; a second SIGTERM or Ctrl-C ends the process at once."""

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    def again(_number: int, _frame: FrameType | None) -> None:
        reload()

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, ask),
        signal.SIGINT: signal.signal(signal.SIGINT, ask),
        signal.SIGHUP: signal.signal(signal.SIGHUP, again),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
