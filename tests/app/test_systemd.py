"""What a service manager is told, over a real socket."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreman.app.systemd import ServiceManager
from tests.world import REPO, World, wait_until


class Listener:
    """The service manager's end: keeps every letter."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.letters: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        while letter := self._socket.recv(4096):
            self.letters.append(dict(line.split("=", 1) for line in letter.decode().splitlines()))

    def told(self, name: str) -> list[str]:
        return [letter[name] for letter in list(self.letters) if name in letter]

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.connect(self._socket.getsockname())
            end.send(b"")
        self._thread.join(60)
        self._socket.close()


def _places() -> list[str]:
    return ["path", "abstract"] if sys.platform == "linux" else ["path"]


@pytest.fixture(params=_places())
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    place = str(tmp_path / "n") if request.param == "path" else f"@foreman-{secrets.token_hex(8)}"
    listener = Listener(place)
    yield listener
    listener.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_the_daemon_tells_when_it_is_ready_reloads_goes_on_and_stops(world: World, listener: Listener) -> None:
    environment = {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "400000"}
    with world.running(**environment) as process:
        wait_until(lambda: listener.told("READY"), "it is ready")
        assert listener.letters[0] == {"STATUS": "starting"}
        assert listener.told("STATUS")[-1] == "watching 1 repository"
        wait_until(lambda: len(listener.told("WATCHDOG")) > 3, "it goes on")

        world.forge.add_repo("acme/other", labels=["bug"])
        world.config["repos"].append(world.repo("acme/other"))
        world.file  # noqa: B018 - written again
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(listener.told("READY")) == 2, "it has read the configuration again")
        assert listener.told("STATUS")[-1] == "watching 2 repositories"
        (began,) = [letter for letter in listener.letters if "RELOADING" in letter]
        assert began["MONOTONIC_USEC"].isdigit()

        (world.folder / "config.yaml").write_text("repos: 7\n")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(listener.told("READY")) == 3, "it has looked at the wrong one")
        assert listener.told("STATUS")[-1].endswith("the new configuration was refused, see the log")
        before = len(listener.told("WATCHDOG"))
        wait_until(lambda: len(listener.told("WATCHDOG")) > before, "it goes on with the old one")

        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert listener.told("STOPPING") == ["1"]
    assert set(listener.letters[-1]) == {"STOPPING", "STATUS"}


def test_a_slow_agent_does_not_keep_the_watchdog_from_hearing(world: World, tmp_path: Path) -> None:
    listener = Listener(str(tmp_path / "n"))
    answer = threading.Event()
    world.agent.answer = lambda task: [answer.wait(90), 500][1]
    try:
        world.forge.open_issue(REPO, title="It crashes", author="kim")
        with world.running(NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="400000"):
            wait_until(lambda: world.agent.tasks, "the agent is asked")
            before = len(listener.told("WATCHDOG"))
            wait_until(lambda: len(listener.told("WATCHDOG")) > before + 5, "it goes on while the agent thinks")
            answer.set()
    finally:
        answer.set()
        listener.close()


def test_a_watchdog_that_ends_it_gets_told_where_every_thread_was(world: World, tmp_path: Path) -> None:
    listener = Listener(str(tmp_path / "n"))
    try:
        with world.running(NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="60000000") as process:
            wait_until(lambda: listener.told("READY"), "it is ready")
            process.send_signal(signal.SIGABRT)
            assert process.wait(60) == -signal.SIGABRT
    finally:
        listener.close()

    assert world.log.count("File ") > 10
    assert "in serve" in world.log
    assert world.token not in world.log


def test_nothing_is_told_while_a_part_hangs_and_it_is_said_which(tmp_path: Path) -> None:
    listener = Listener(str(tmp_path / "n"))
    at = [0.0]
    manager = ServiceManager(listener.address, watchdog_seconds=40, monotonic=lambda: at[0])
    manager.ready("watching 1 repository")
    for second, hanging in enumerate(["", "", "chores has ended", "chores has ended", "", ""]):
        at[0] = second * 10.0
        manager.beat(hanging)
    manager.stopping()
    wait_until(lambda: listener.told("STOPPING"), "the last letter")
    listener.close()

    assert len(listener.told("WATCHDOG")) == 4
    assert listener.told("STATUS") == [
        "watching 1 repository",
        "chores has ended",
        "watching 1 repository",
        "stopping",
    ]


def test_a_watchdog_of_another_process_and_no_watchdog_are_not_served(listener: Listener) -> None:
    of = ServiceManager.from_environment
    socket_only = {"NOTIFY_SOCKET": listener.address}

    assert of({**socket_only, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": str(os.getpid())}).watches
    assert not of({**socket_only, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}).watches
    assert not of(socket_only).watches
    assert not of({"WATCHDOG_USEC": "1000"}).watches


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nowhere/at/all", "@nobody-listens-here"])
def test_where_nobody_listens_nothing_happens(address: str) -> None:
    manager = ServiceManager.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"})

    manager.ready("well")
    manager.beat("")
    manager.stopping()
