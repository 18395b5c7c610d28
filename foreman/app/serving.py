"""`foreman run`: the daemon as a process. Signals, the health server, and an end that is bounded."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from foreman import heap
from foreman.app.systemd import ServiceManager
from foreman.app.vitals import Life, StoreVitals
from foreman.app.workshop import Workshop, workshop
from foreman.config.models import Config
from foreman.draining import Drained
from foreman.errors import StoreError
from foreman.log import get_logger
from foreman.secrets import KnownSecrets
from foreman.server import HealthServer
from foreman.settings import Settings

log = get_logger(__name__)

DONE = 0
FAILED = 1

_LOOK_SECONDS = 0.5
"""How often it is looked whether the configuration is to be read again and whether every part goes on."""


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
    manager = ServiceManager.from_environment()
    if manager.watches:
        faulthandler.enable()  # a watchdog ends us by SIGABRT: where every thread was goes to the log
    manager.say("starting")
    with (
        _signals(stop, reload=wanted.set),
        workshop(config, settings=settings, secrets=secrets, source=source, stop=stop) as shop,
        _health(config, shop),
    ):
        shop.daemon.start()
        log.info("daemon_ready", repos=len(shop.config.plans), pid=os.getpid())
        if not (shop.config.plans or shop.config.patterns):
            log.warning("nothing_to_look_after", do="name a repository under `repos`, then reload (SIGHUP)")
        manager.ready(_watching(shop))
        stop.wait(_LOOK_SECONDS)  # for what threads load beside this
        heap.loaded()
        while not stop.wait(_LOOK_SECONDS):
            if wanted.is_set():
                wanted.clear()
                manager.reloading()
                taken = _reload(shop, again=wanted)
                manager.ready(_watching(shop) + ("" if taken else "; the new configuration was refused, see the log"))
            manager.beat(shop.daemon.hanging())
        manager.stopping()
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
            agents=shop.agents.types,
            life=Life(
                stopping=lambda: shop.daemon.stopping,
                hanging=shop.daemon.hanging,
                trouble=lambda: shop.daemon.trouble,
            ),
            now=shop.now,
        ),
        token.resolve(shop.secrets) if token else "",
    )
    server.start()
    try:
        yield
    finally:
        server.stop()


def _watching(shop: Workshop) -> str:
    count = len(shop.config.plans)
    return f"watching {count} {'repository' if count == 1 else 'repositories'}"


def _reload(shop: Workshop, *, again: threading.Event) -> bool:
    try:
        return shop.config.reload()
    except StoreError as error:
        log.warning("reload_waits", reason=str(error))
        again.set()
        return False


@contextmanager
def _signals(stop: threading.Event, *, reload: Callable[[], None]) -> Iterator[None]:
    """Turn signals into events; a second SIGTERM or Ctrl-C ends the process at once.

    A thread obeys them, not a handler: that runs in the middle of whatever the main thread does, and what it would
    set may be locked there.
    """
    hears, tells = os.pipe()
    os.set_blocking(tells, False)

    def obey() -> None:
        while told := os.read(hears, 1):
            number = told[0]
            if number == signal.SIGHUP:
                reload()
            elif number in (signal.SIGTERM, signal.SIGINT):
                if stop.is_set():
                    os._exit(128 + number)
                stop.set()

    thread = threading.Thread(target=obey, name="signals", daemon=True)
    thread.start()
    fd_before = signal.set_wakeup_fd(tells, warn_on_full_buffer=False)
    before = {
        number: signal.signal(number, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(fd_before)
        os.close(tells)
        thread.join()
        os.close(hears)
